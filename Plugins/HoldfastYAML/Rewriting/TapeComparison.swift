/// Whether nodes of two tapes hold the same value, however they are written.
///
/// Mappings are compared in any order; an integer and a float are different, as they are when read.
struct TapeComparison {
    let left: Tape
    let right: Tape
    private var stack = StackGuard()
    /// How many nodes have been compared, some of them more than once.
    private(set) var work = 0

    init(_ left: Tape, _ right: Tape) {
        self.left = left
        self.right = right
    }

    /// Compares two nodes; false also where the stack has no room to find out.
    mutating func isSame(_ leftNode: Int, _ rightNode: Int) -> Bool {
        work += 1
        let (leftNode, rightNode) = (left.resolve(leftNode), right.resolve(rightNode))
        let (first, second) = (left.nodes[leftNode], right.nodes[rightNode])
        guard first.kind == second.kind, stack.hasRoom() else { return false }
        switch first.kind {
        case .alias: return false
        case .scalar: return isSameScalar(first, second)
        case .sequence:
            guard first.payload == second.payload else { return false }
            var (leftIndex, rightIndex) = (leftNode + 1, rightNode + 1)
            while leftIndex < Int(first.extent) {
                guard isSame(leftIndex, rightIndex) else { return false }
                leftIndex = left.next(after: leftIndex)
                rightIndex = right.next(after: rightIndex)
            }
            return true
        case .mapping:
            guard first.payload == second.payload, let others = right.values(of: rightNode) else { return false }
            var index = leftNode + 1
            while index < Int(first.extent) {
                let value = left.next(after: index)
                let key = left.nodes[left.resolve(index)]
                guard key.kind == .scalar, let other = others[left.string(key)], isSame(value, other.value) else {
                    return false
                }
                index = left.next(after: value)
            }
            return true
        }
    }

    private func isSameScalar(_ first: TapeNode, _ second: TapeNode) -> Bool {
        let kind = left.resolution(first)
        guard kind == right.resolution(second), (first.tag == .binary) == (second.tag == .binary) else { return false }
        return left.withContent(first) { text in
            if right.content(second, equals: text) { return true }
            return right.withContent(second) { other in
                switch kind {
                case .null, .true, .false: true
                case .string: false
                case .integer:
                    // Numbers beyond 128 bits must be written alike.
                    NumberText.integer(text, schema: left.schema, as: Int128.self).map {
                        $0 == NumberText.integer(other, schema: right.schema, as: Int128.self)
                    } ?? false
                case .float:
                    // Decimals may hold more than a double does: only a spelling of special values may differ.
                    NumberText.double(text, kind: .float, schema: left.schema).map {
                        !$0.isFinite
                            && $0.bitPattern
                                == NumberText.double(other, kind: .float, schema: right.schema)?.bitPattern
                    } ?? false
                }
            }
        }
    }
}

extension Tape {
    /// The entries of a mapping by key; nil where a key is not a scalar, or two are equal as strings.
    func values(of mapping: Int) -> [String: (key: Int, value: Int)]? {
        var values: [String: (key: Int, value: Int)] = [:]
        var index = mapping + 1
        while index < Int(nodes[mapping].extent) {
            let value = next(after: index)
            let key = nodes[resolve(index)]
            guard key.kind == .scalar, values.updateValue((index, value), forKey: string(key)) == nil else {
                return nil
            }
            index = next(after: value)
        }
        return values
    }
}
