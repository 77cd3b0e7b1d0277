#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Whether nodes of two tapes hold the same value, however they are written.
///
/// Mappings are compared in any order; an integer and a float are different, as they are when read.
struct TapeComparison {
    /// What else counts as the same.
    struct Tolerance: OptionSet {
        let rawValue: Int

        /// What most types read alike, though not all: `30` and `30.0`, `2024-05-01` and `2024-05-01T00:00:00Z`, UUIDs in lower
        /// case, and a null for what is not there.
        static let notations = Tolerance(rawValue: 1)
        /// An alias or a merge key, and what it stands for.
        static let references = Tolerance(rawValue: 2)
    }

    let left: Tape
    let right: Tape
    let tolerance: Tolerance
    private var stack = StackGuard()
    /// How many nodes have been compared, some of them more than once.
    private(set) var work = 0
    /// What is known of collections that have been compared: on the way down to a difference each is asked for again.
    private var known: [Pair: Bool] = [:]

    private struct Pair: Hashable {
        let left: Int
        let right: Int
    }
    /// Whether something was taken for the same only because another notation is tolerated.
    private(set) var toleratedNotation = false
    /// Whether there were aliases or merge keys.
    private(set) var metReferences = false

    init(_ left: Tape, _ right: Tape, tolerating tolerance: Tolerance = .references) {
        self.left = left
        self.right = right
        self.tolerance = tolerance
    }

    /// Compares two nodes; false also where the stack has no room to find out.
    mutating func isSame(_ leftNode: Int, _ rightNode: Int) -> Bool {
        work += 1
        if left.nodes[leftNode].kind == .alias, !tolerateReference() { return false }
        let (leftNode, rightNode) = (left.resolve(leftNode), right.resolve(rightNode))
        let (first, second) = (left.nodes[leftNode], right.nodes[rightNode])
        guard first.kind == second.kind, stack.hasRoom() else { return false }
        switch first.kind {
        case .alias: return false
        case .scalar: return isSameScalar(first, second)
        case .sequence, .mapping:
            let pair = Pair(left: leftNode, right: rightNode)
            if let isSame = known[pair] { return isSame }
            let isSame =
                first.kind == .sequence
                ? isSameSequence(leftNode, rightNode) : isSameMapping(leftNode, rightNode)
            known[pair] = isSame
            return isSame
        }
    }

    private mutating func isSameSequence(_ leftSequence: Int, _ rightSequence: Int) -> Bool {
        guard left.nodes[leftSequence].payload == right.nodes[rightSequence].payload else { return false }
        var (leftItem, rightItem) = (leftSequence + 1, rightSequence + 1)
        while leftItem < Int(left.nodes[leftSequence].extent) {
            guard isSame(leftItem, rightItem) else { return false }
            leftItem = left.next(after: leftItem)
            rightItem = right.next(after: rightItem)
        }
        return true
    }

    private mutating func isSameMapping(_ leftMapping: Int, _ rightMapping: Int) -> Bool {
        if left.nodes[leftMapping].has(TapeNode.hasMergeKey) {
            guard tolerateReference() else { return false }
        } else if let isSame = isSameInOrder(leftMapping, rightMapping) {
            return isSame
        }
        return isSameInAnyOrder(leftMapping, rightMapping)
    }

    /// Compares mappings whose keys are in the same order, as most are; nil where they are not.
    private mutating func isSameInOrder(_ leftMapping: Int, _ rightMapping: Int) -> Bool? {
        guard left.nodes[leftMapping].payload == right.nodes[rightMapping].payload else { return nil }
        var (leftKey, rightKey) = (leftMapping + 1, rightMapping + 1)
        while leftKey < Int(left.nodes[leftMapping].extent) {
            let (first, second) = (left.nodes[left.resolve(leftKey)], right.nodes[right.resolve(rightKey)])
            guard first.kind == .scalar, second.kind == .scalar,
                left.withContent(first, { right.content(second, equals: $0) })
            else { return nil }
            let (leftValue, rightValue) = (left.next(after: leftKey), right.next(after: rightKey))
            guard isSame(leftValue, rightValue) else { return false }
            (leftKey, rightKey) = (left.next(after: leftValue), right.next(after: rightValue))
        }
        return true
    }

    private mutating func isSameInAnyOrder(_ leftMapping: Int, _ rightMapping: Int) -> Bool {
        guard let entries = MappingEntries(of: leftMapping, in: left)?.all,
            let others = MappingEntries(of: rightMapping, in: right)?.own
        else { return false }
        work += entries.count + others.count
        guard entries.count == others.count || tolerance.contains(.notations) else { return false }
        var found = 0
        for (name, entry) in entries {
            if let other = others[name] {
                guard isSame(entry.value, other.value) else { return false }
                found += 1
            } else {
                guard toleratesAbsence(of: entry.value) else { return false }
            }
        }
        return found == others.count
    }

    /// Whether a null may stand on the left for what is not there on the right: so optionals are read.
    mutating func toleratesAbsence(of leftNode: Int) -> Bool {
        let node = left.nodes[left.resolve(leftNode)]
        guard tolerance.contains(.notations), node.kind == .scalar, left.resolution(node) == .null else { return false }
        toleratedNotation = true
        return true
    }

    private mutating func tolerateReference() -> Bool {
        metReferences = true
        return tolerance.contains(.references)
    }

    private mutating func isSameScalar(_ first: TapeNode, _ second: TapeNode) -> Bool {
        let kinds = (left.resolution(first), right.resolution(second))
        let isEqual = left.withContent(first) { text in
            if kinds.0 == kinds.1, (first.tag == .binary) == (second.tag == .binary) {
                if right.content(second, equals: text) { return true }
                if right.withContent(second, { isSameText(text, $0, kinds.0) }) { return true }
            }
            return false
        }
        if isEqual { return true }
        guard tolerance.contains(.notations), isSameInAnotherNotation(first, second, kinds) else { return false }
        toleratedNotation = true
        return true
    }

    /// Whether two scalars of one kind are the same for every type.
    private func isSameText(
        _ text: UnsafeBufferPointer<UInt8>, _ other: UnsafeBufferPointer<UInt8>, _ kind: ScalarKind
    ) -> Bool {
        switch kind {
        case .null, .true, .false: true
        case .string: false
        case .integer:
            // Numbers beyond 128 bits must be written alike.
            NumberText.integer(text, schema: left.schema, as: Int128.self).map {
                $0 == NumberText.integer(other, schema: right.schema, as: Int128.self)
            } ?? false
        case .float:
            // Decimals may hold more than a double does: the digits count, unless it is a special value.
            if let decimal = ExactDecimal(text) {
                decimal == ExactDecimal(other)
            } else {
                NumberText.double(text, kind: .float, schema: left.schema).map {
                    !$0.isFinite
                        && $0.bitPattern == NumberText.double(other, kind: .float, schema: right.schema)?.bitPattern
                } ?? false
            }
        }
    }

    /// Whether two scalars are the same for the types that write such scalars.
    private func isSameInAnotherNotation(
        _ first: TapeNode, _ second: TapeNode, _ kinds: (ScalarKind, ScalarKind)
    ) -> Bool {
        left.withContent(first) { text in
            right.withContent(second) { other in
                switch kinds {
                case (.integer, .integer), (.integer, .float), (.float, .integer), (.float, .float):
                    return NumberText.double(text, kind: kinds.0, schema: left.schema).map {
                        $0.bitPattern == NumberText.double(other, kind: kinds.1, schema: right.schema)?.bitPattern
                    } ?? false
                case (.string, .string):
                    if let time = Timestamp.secondsSince2001(text) { return time == Timestamp.secondsSince2001(other) }
                    if text.count == 36, other.count == 36, let id = Self.uuid(text) { return id == Self.uuid(other) }
                    // Base64 in lines, or without its tag.
                    return (first.tag == .binary || second.tag == .binary)
                        && text.filter { !Self.isSpace($0) } == other.filter { !Self.isSpace($0) }
                default: return false
                }
            }
        }
    }

    static func uuid(_ text: UnsafeBufferPointer<UInt8>) -> UUID? {
        UUID(uuidString: String(decoding: text, as: UTF8.self))
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x09 }
}
