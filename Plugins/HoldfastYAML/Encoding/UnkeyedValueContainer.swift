import FoundationEssentials

/// A sequence as values see it.
struct UnkeyedValueContainer: UnkeyedEncodingContainer {
    private let encoder: ValueEncoder

    init(_ encoder: ValueEncoder) { self.encoder = encoder }

    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.count }

    private func integer(_ value: Int64) throws {
        try encoder.encodeEntry(nil) { encoder.buffer.append(decimal: value) }
    }
    private func integer(_ value: UInt64) throws {
        try encoder.encodeEntry(nil) { encoder.buffer.append(decimal: value) }
    }

    func encodeNil() throws { try encoder.encodeEntry(nil) { encoder.buffer.append(literal: "null") } }

    func encode(_ value: Bool) throws {
        try encoder.encodeEntry(nil) { encoder.buffer.append(literal: value ? "true" : "false") }
    }

    func encode(_ value: String) throws { try encoder.encodeString(value, name: nil) }
    func encode(_ value: Double) throws { try encoder.encodeEntry(nil) { try encoder.appendFloat(value) } }
    func encode(_ value: Float) throws { try encoder.encodeEntry(nil) { try encoder.appendFloat(value) } }
    func encode(_ value: Int) throws { try integer(Int64(value)) }
    func encode(_ value: Int8) throws { try integer(Int64(value)) }
    func encode(_ value: Int16) throws { try integer(Int64(value)) }
    func encode(_ value: Int32) throws { try integer(Int64(value)) }
    func encode(_ value: Int64) throws { try integer(value) }
    func encode(_ value: Int128) throws { try encoder.encodeEntry(nil) { encoder.buffer.append(String(value)) } }
    func encode(_ value: UInt) throws { try integer(UInt64(value)) }
    func encode(_ value: UInt8) throws { try integer(UInt64(value)) }
    func encode(_ value: UInt16) throws { try integer(UInt64(value)) }
    func encode(_ value: UInt32) throws { try integer(UInt64(value)) }
    func encode(_ value: UInt64) throws { try integer(value) }
    func encode(_ value: UInt128) throws { try encoder.encodeEntry(nil) { encoder.buffer.append(String(value)) } }
    func encode<Value: Encodable>(_ value: Value) throws { try encoder.encodeEntry(value, name: nil, key: nil) }

    func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        encoder.openChunk(name: nil, key: nil, as: .mapping).container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        encoder.openChunk(name: nil, key: nil, as: .sequence).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { encoder.openChunk(name: nil, key: nil, as: .none) }
}
