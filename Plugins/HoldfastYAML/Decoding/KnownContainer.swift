import Holdfast

/// Collections that are decoded straight from the tape, without a container for each.
///
/// For dictionaries with strings as keys this also says that their keys are data, which no key strategy may change.
protocol KnownContainer {
    static func decode(_ decoder: TapeDecoder) throws -> Self
}

extension Dictionary: KnownContainer where Key == String, Value: Decodable {
    static func decode(_ decoder: TapeDecoder) throws -> [String: Value] {
        try decoder.unboxDictionary(Value.self)
    }
}

extension Array: KnownContainer where Element: Decodable {
    static func decode(_ decoder: TapeDecoder) throws -> [Element] {
        try decoder.unboxArray(Element.self)
    }
}

extension DecodingState {
    /// The collection that a type is, or nil.
    ///
    /// To ask a type for a conformance takes longer than to decode a number, so the answers are kept.
    func knownContainer(_ type: Any.Type) -> (any KnownContainer.Type)? {
        let identity = ObjectIdentifier(type)
        for known in knownTypes where known.identity == identity { return known.container }
        let container = type as? any KnownContainer.Type
        if knownTypes.count < 16 { knownTypes.append((identity, container)) }
        return container
    }
}

extension TapeDecoder {
    func unboxDictionary<Value: Decodable>(_ type: Value.Type) throws -> [String: Value] {
        guard node >= 0, tape.nodes[node].kind == .mapping else {
            throw mismatch([String: Value].self, "a mapping", node)
        }
        // The bit casts are between equal types, as the comparison before each says.
        if type == String.self {
            return unsafeBitCast(
                try entries { try unboxString($0, key: $1, index: -1) }, to: [String: Value].self)
        }
        if type == Int.self {
            return unsafeBitCast(
                try entries { try unboxInteger(Int.self, $0, key: $1, index: -1) }, to: [String: Value].self)
        }
        return try entries { try unbox(type, node: $0, key: $1, index: -1) }
    }

    @inline(__always)
    private func entries<Value>(_ read: (Int, Int) throws -> Value) throws -> [String: Value] {
        let header = tape.nodes[node]
        var result = [String: Value](minimumCapacity: Int(header.payload) / 2)
        guard !header.has(TapeNode.hasComplexKey), !header.has(TapeNode.hasMergeKey) else {
            for entry in try KeyIndex.entries(of: node, in: self) {
                let key = tape.string(tape.nodes[tape.resolve(entry.key)])
                if result.updateValue(try read(tape.resolve(entry.value), entry.key), forKey: key) != nil {
                    throw sameString(key, entry.key)
                }
            }
            return result
        }
        var index = node + 1
        while index < Int(header.extent) {
            let value = tape.next(after: index)
            let key = tape.string(tape.nodes[tape.resolve(index)])
            if result.updateValue(try read(tape.resolve(value), index), forKey: key) != nil {
                throw sameString(key, index)
            }
            index = tape.next(after: value)
        }
        return result
    }

    /// Two keys of a mapping that are different text, but the same string to Swift: one would be lost.
    private func sameString(_ text: String, _ key: Int) -> DecodingError {
        corrupted(
            "the key \(text.debugDescription) stands there in two Unicode forms, of which a dictionary holds one", key,
            key: -2, index: -1)
    }

    func unboxArray<Element: Decodable>(_ type: Element.Type) throws -> [Element] {
        guard node >= 0, tape.nodes[node].kind == .sequence else { throw mismatch([Element].self, "a sequence", node) }
        // The bit casts are between equal types, as the comparison before each says.
        if type == Double.self {
            return unsafeBitCast(try elements { try unboxDouble($0, key: -1, index: $1) }, to: [Element].self)
        }
        if type == Int.self {
            return unsafeBitCast(
                try elements { try unboxInteger(Int.self, $0, key: -1, index: $1) }, to: [Element].self)
        }
        if type == String.self {
            return unsafeBitCast(try elements { try unboxString($0, key: -1, index: $1) }, to: [Element].self)
        }
        return try elements { try unbox(type, node: $0, key: -1, index: $1) }
    }

    @inline(__always)
    private func elements<Element>(_ read: (Int, Int) throws -> Element) throws -> [Element] {
        var result: [Element] = []
        result.reserveCapacity(Int(tape.nodes[node].payload))
        var index = node + 1
        while index < Int(tape.nodes[node].extent) {
            result.append(try read(tape.resolve(index), result.count))
            index = tape.next(after: index)
        }
        return result
    }
}
