import FoundationEssentials
import Holdfast

/// A mapping, as the values that its keys lead to.
///
/// Values ask for keys mostly in the order in which they stand in the text: the entry after the last one found is looked
/// at first. Otherwise few entries are scanned, many are looked up in an index.
struct KeyedTapeContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let decoder: TapeDecoder
    private var tape: Tape { decoder.tape }

    init(_ decoder: TapeDecoder) throws {
        self.decoder = decoder
        let node = decoder.tape.nodes[decoder.node]
        let isMerged = decoder.tape.mergeKeys && node.has(TapeNode.hasMergeKey)
        if decoder.keyIndex == nil, isMerged || node.has(TapeNode.hasComplexKey) || !decoder.state.usesDefaultKeys {
            decoder.keyIndex = try KeyIndex(decoder)
        }
    }

    var codingPath: [any CodingKey] { decoder.codingPath }

    var allKeys: [Key] {
        if let index = decoder.keyIndex { return index.keys.compactMap { Key(stringValue: $0) } }
        var keys: [Key] = []
        var index = decoder.node + 1
        let end = tape.next(after: decoder.node)
        while index < end {
            if let key = Key(stringValue: tape.string(tape.nodes[tape.resolve(index)])) { keys.append(key) }
            index = tape.next(after: tape.next(after: index))
        }
        return keys
    }

    @inline(__always)
    private func find(_ key: Key) -> TapeDecoder.FoundEntry? {
        var name = key.stringValue
        return name.withUTF8 { decoder.find($0) }
    }

    private func require(_ key: Key) throws -> TapeDecoder.FoundEntry {
        if let entry = find(key) { return entry }
        let path = decoder.codingPath
        let error = decoder.error("the key \(key.stringValue.debugDescription) is missing in this mapping", -1, path)
        throw DecodingError.keyNotFound(key, decoder.state.context(error, path))
    }

    /// An entry that is there and is not null.
    @inline(__always)
    private func present(_ key: Key) -> TapeDecoder.FoundEntry? {
        guard let entry = find(key), !decoder.isNull(entry.value) else { return nil }
        return entry
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { decoder.isNull(try require(key).value) }

    private func string(_ entry: TapeDecoder.FoundEntry) throws -> String {
        try decoder.unboxString(entry.value, key: entry.key, index: -1)
    }

    private func bool(_ entry: TapeDecoder.FoundEntry) throws -> Bool {
        try decoder.unboxBool(entry.value, key: entry.key, index: -1)
    }

    private func double(_ entry: TapeDecoder.FoundEntry) throws -> Double {
        try decoder.unboxDouble(entry.value, key: entry.key, index: -1)
    }

    private func float(_ entry: TapeDecoder.FoundEntry) throws -> Float {
        try decoder.unboxFloat(entry.value, key: entry.key, index: -1)
    }

    // Inlined, so that what it calls is compiled for the one type.
    @inline(__always)
    private func integer<Integer: FixedWidthInteger>(_ entry: TapeDecoder.FoundEntry) throws -> Integer {
        try decoder.unboxInteger(Integer.self, entry.value, key: entry.key, index: -1)
    }

    private func value<Value: Decodable>(_ entry: TapeDecoder.FoundEntry) throws -> Value {
        try decoder.unbox(Value.self, node: entry.value, key: entry.key, index: -1)
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try bool(require(key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try string(require(key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try double(require(key)) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try float(require(key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try integer(require(key)) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try integer(require(key)) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try integer(require(key)) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try integer(require(key)) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try integer(require(key)) }
    func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try integer(require(key)) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try integer(require(key)) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try integer(require(key)) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try integer(require(key)) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try integer(require(key)) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try integer(require(key)) }
    func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try integer(require(key)) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try value(require(key)) }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        if let entry = present(key) { try bool(entry) } else { nil }
    }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        if let entry = present(key) { try string(entry) } else { nil }
    }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        if let entry = present(key) { try double(entry) } else { nil }
    }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? {
        if let entry = present(key) { try float(entry) } else { nil }
    }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
        if let entry = present(key) { try integer(entry) } else { nil }
    }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
        if let entry = present(key) { try integer(entry) } else { nil }
    }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? {
        if let entry = present(key) { try integer(entry) } else { nil }
    }
    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard let entry = present(key) else { return nil }
        return try decoder.unbox(type, node: entry.value, key: entry.key, index: -1)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        let entry = try require(key)
        return try decoder.child(entry.value, key: entry.key, index: -1).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        let entry = try require(key)
        return try decoder.child(entry.value, key: entry.key, index: -1).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { superDecoder("super") }

    func superDecoder(forKey key: Key) throws -> any Decoder { superDecoder(key.stringValue) }

    private func superDecoder(_ key: String) -> any Decoder {
        var name = key
        guard let entry = name.withUTF8({ decoder.find($0) }) else { return decoder.child(missing: key) }
        return decoder.child(entry.value, key: entry.key, index: -1)
    }
}
