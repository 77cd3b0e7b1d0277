import FoundationEssentials
import Holdfast

/// A sequence, read from its first element to its last.
struct UnkeyedTapeContainer: UnkeyedDecodingContainer {
    private let decoder: TapeDecoder
    private var position: Int32
    private var index: Int32 = 0
    private let length: Int32

    init(_ decoder: TapeDecoder) {
        self.decoder = decoder
        position = Int32(truncatingIfNeeded: decoder.node + 1)
        length = Int32(truncatingIfNeeded: Int(decoder.tape.nodes[decoder.node].payload))
    }

    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { Int(length) }
    var currentIndex: Int { Int(index) }
    var isAtEnd: Bool { index >= length }

    /// Reads the next element, and steps on only where that succeeds.
    @inline(__always)
    private mutating func next<Value>(_ type: Any.Type, _ read: (TapeDecoder, Int, Int) throws -> Value) throws -> Value
    {
        guard !isAtEnd else {
            let path = decoder.path(key: -1, index: Int(index))
            let error = decoder.error("expected another element, but the sequence has \(length)", -1, path)
            throw decoder.state.mismatch(type, error, path: path, isNull: true)
        }
        let value = try read(decoder, decoder.tape.resolve(Int(position)), Int(index))
        position = Int32(truncatingIfNeeded: decoder.tape.next(after: Int(position)))
        index += 1
        return value
    }

    private mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
        try next(type) { try $0.unboxInteger(type, $1, key: -1, index: $2) }
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd else { return try next(Any?.self) { _, _, _ in true } }
        guard decoder.isNull(decoder.tape.resolve(Int(position))) else { return false }
        return try next(Any?.self) { _, _, _ in true }
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool {
        try next(type) { try $0.unboxBool($1, key: -1, index: $2) }
    }

    mutating func decode(_ type: String.Type) throws -> String {
        try next(type) { try $0.unboxString($1, key: -1, index: $2) }
    }

    mutating func decode(_ type: Double.Type) throws -> Double {
        try next(type) { try $0.unboxDouble($1, key: -1, index: $2) }
    }

    mutating func decode(_ type: Float.Type) throws -> Float {
        try next(type) { try $0.unboxFloat($1, key: -1, index: $2) }
    }

    mutating func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    mutating func decode(_ type: Int128.Type) throws -> Int128 { try integer(type) }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
    mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try integer(type) }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try next(type) { try $0.unbox(type, node: $1, key: -1, index: $2) }
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try next(type) { try $0.child($1, key: -1, index: $2).container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next([Any].self) { try $0.child($1, key: -1, index: $2).unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder {
        try next((any Decoder).self) { $0.child($1, key: -1, index: $2) }
    }
}
