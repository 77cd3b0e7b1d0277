import Holdfast

extension TapeDecoder {
    /// Makes a dynamic value of a node, straight from the tape.
    func unboxValue(_ node: Int) throws -> YAMLValue {
        guard node >= 0 else { return .null }
        let found = tape.nodes[node]
        switch found.kind {
        case .alias: return try unboxValue(tape.resolve(node))
        case .scalar: return try unboxScalar(node, key: -2, index: -1)
        case .sequence:
            var elements: [YAMLValue] = []
            elements.reserveCapacity(Int(found.payload))
            var index = node + 1
            while index < tape.next(after: node) {
                elements.append(try descend(index, key: -1, index: elements.count))
                index = tape.next(after: index)
            }
            return .array(elements)
        case .mapping:
            var entries: [YAMLValue.Entry] = []
            for entry in try KeyIndex.entries(of: node, in: self) {
                let key = tape.string(tape.nodes[tape.resolve(entry.key)])
                entries.append(YAMLValue.Entry(key, try descend(entry.value, key: entry.key, index: -1)))
            }
            return .mapping(entries)
        }
    }

    private func descend(_ child: Int, key: Int, index: Int) throws -> YAMLValue {
        let node = tape.resolve(child)
        guard tape.nodes[node].kind != .scalar else { return try unboxScalar(node, key: key, index: index) }
        let decoder = self.child(child, key: key, index: index)
        guard state.stack.hasRoom() else {
            throw corrupted("nested deeper than this thread's stack allows", node, key: key, index: index)
        }
        return try decoder.unboxValue(node)
    }

    private func unboxScalar(_ node: Int, key: Int, index: Int) throws -> YAMLValue {
        let scalar = tape.nodes[node]
        switch tape.resolution(scalar) {
        case .null: return .null
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .string: return .string(tape.string(scalar))
        case .float: return .double(try unboxDouble(node, key: key, index: index))
        case .integer:
            let integer = tape.withContent(scalar) { NumberText.integer($0, schema: tape.schema, as: Int.self) }
            if let integer { return .int(integer) }
            let large = tape.withContent(scalar) { NumberText.integer($0, schema: tape.schema, as: UInt64.self) }
            if let large { return .uint(large) }
            return .double(try unboxDouble(node, key: key, index: index))
        }
    }
}
