import FoundationEssentials

/// A mapping as values see it.
struct KeyedValueContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    private let encoder: ValueEncoder

    init(_ encoder: ValueEncoder) { self.encoder = encoder }

    var codingPath: [any CodingKey] { encoder.codingPath }

    private func name(_ key: some CodingKey) -> String {
        guard !encoder.state.usesDefaultKeys else { return key.stringValue }
        switch encoder.state.options.keyEncodingStrategy {
        case .useDefaultKeys: return key.stringValue
        case .convertToSnakeCase: return KeyCase.toSnake(key.stringValue)
        case .custom(let convert): return convert(encoder.codingPath + [key]).stringValue
        }
    }

    private func integer(_ value: Int64, _ key: Key) throws {
        try encoder.encodeEntry(name(key)) { encoder.buffer.append(decimal: value) }
    }

    private func integer(_ value: UInt64, _ key: Key) throws {
        try encoder.encodeEntry(name(key)) { encoder.buffer.append(decimal: value) }
    }

    func encodeNil(forKey key: Key) throws {
        try encoder.encodeEntry(name(key)) { encoder.buffer.append(literal: "null") }
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        try encoder.encodeEntry(name(key)) { encoder.buffer.append(literal: value ? "true" : "false") }
    }

    func encode(_ value: String, forKey key: Key) throws { try encoder.encodeString(value, name: name(key)) }

    func encode(_ value: Double, forKey key: Key) throws {
        try encoder.encodeEntry(name(key)) { try encoder.appendFloat(value) }
    }

    func encode(_ value: Float, forKey key: Key) throws {
        try encoder.encodeEntry(name(key)) { try encoder.appendFloat(value) }
    }

    func encode(_ value: Int, forKey key: Key) throws { try integer(Int64(value), key) }
    func encode(_ value: Int8, forKey key: Key) throws { try integer(Int64(value), key) }
    func encode(_ value: Int16, forKey key: Key) throws { try integer(Int64(value), key) }
    func encode(_ value: Int32, forKey key: Key) throws { try integer(Int64(value), key) }
    func encode(_ value: Int64, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt, forKey key: Key) throws { try integer(UInt64(value), key) }
    func encode(_ value: UInt8, forKey key: Key) throws { try integer(UInt64(value), key) }
    func encode(_ value: UInt16, forKey key: Key) throws { try integer(UInt64(value), key) }
    func encode(_ value: UInt32, forKey key: Key) throws { try integer(UInt64(value), key) }
    func encode(_ value: UInt64, forKey key: Key) throws { try integer(value, key) }

    func encode(_ value: Int128, forKey key: Key) throws {
        try encoder.encodeEntry(name(key)) { encoder.buffer.append(String(value)) }
    }

    func encode(_ value: UInt128, forKey key: Key) throws {
        try encoder.encodeEntry(name(key)) { encoder.buffer.append(String(value)) }
    }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try encoder.encodeEntry(value, name: name(key), key: key.stringValue)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        encoder.openChunk(name: name(key), key: key.stringValue, as: .mapping).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder.openChunk(name: name(key), key: key.stringValue, as: .sequence).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { superEncoder(PathKey("super")) }

    func superEncoder(forKey key: Key) -> any Encoder { superEncoder(key) }

    private func superEncoder(_ key: some CodingKey) -> any Encoder {
        encoder.openChunk(name: name(key), key: key.stringValue, as: .none)
    }
}
