import FoundationEssentials
import Holdfast

/// Decodes the value at one item of a document; also the container of a single value.
struct CBORDecoder: Decoder, SingleValueDecodingContainer {
    let document: CBORDocument
    let item: Int
    let codingPath: [any CodingKey]
    let sendableUserInfo: [CodingUserInfoKey: any Sendable]

    var userInfo: [CodingUserInfoKey: Any] { sendableUserInfo }

    init(
        document: CBORDocument, item: Int, codingPath: [any CodingKey], userInfo: [CodingUserInfoKey: any Sendable]
    ) {
        self.document = document
        self.item = document.content(of: item)
        self.codingPath = codingPath
        sendableUserInfo = userInfo
    }

    func child(_ item: Int, _ key: any CodingKey) -> CBORDecoder {
        CBORDecoder(document: document, item: item, codingPath: codingPath + [key], userInfo: sendableUserInfo)
    }

    // MARK: - Containers

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .map(let count) = document.items[item].kind else { throw mismatch("a map") }
        return KeyedDecodingContainer(CBORKeyedContainer<Key>(decoder: self, count: count))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let count) = document.items[item].kind else { throw mismatch("an array") }
        return CBORUnkeyedContainer(decoder: self, count: count)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    // MARK: - Values

    /// Decodes any type, those first that Codable knows as something else than CBOR does.
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let special: Any? =
            switch type {
            case is Data.Type: try data()
            case is Date.Type: try date()
            case is URL.Type: try url()
            default: nil
            }
        if let special, let value = special as? Value { return value }
        return try Value(from: self)
    }

    func decodeNil() -> Bool {
        if case .null = document.items[item].kind { true } else { false }
    }

    func decode(_ type: Bool.Type) throws -> Bool { try bool() }
    func decode(_ type: String.Type) throws -> String { try string() }
    func decode(_ type: Double.Type) throws -> Double { try double() }
    func decode(_ type: Float.Type) throws -> Float { try float() }
    func decode(_ type: Int.Type) throws -> Int { try integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
    func decode(_ type: Int128.Type) throws -> Int128 { try integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }
    func decode(_ type: UInt128.Type) throws -> UInt128 { try integer() }

    func integer<Integer: FixedWidthInteger>() throws -> Integer {
        let number: Integer? =
            switch document.items[item].kind {
            case .unsigned(let number): Integer(exactly: number)
            case .negative(let number): Integer(exactly: -1 - Int128(number))
            default: throw mismatch("an integer")
            }
        guard let number else { throw fault("an integer that \(Integer.self) can't hold") }
        return number
    }

    func bool() throws -> Bool {
        guard case .bool(let bool) = document.items[item].kind else { throw mismatch("a Boolean") }
        return bool
    }

    func string() throws -> String {
        guard case .text(let range, let isJoined) = document.items[item].kind else { throw mismatch("text") }
        return document.text(range, isJoined: isJoined)
    }

    func double() throws -> Double { try floatingPoint() }

    func float() throws -> Float { try floatingPoint() }

    private func floatingPoint<Number: BinaryFloatingPoint>() throws -> Number {
        let number: Number? =
            switch document.items[item].kind {
            case .number(let number): number.isNaN ? Number.nan : Number(exactly: number)
            case .unsigned(let number): Number(exactly: number)
            case .negative(let number): Number(exactly: -1 - Int128(number))
            default: throw mismatch("a number")
            }
        guard let number else { throw fault("a number that \(Number.self) can't hold without rounding it") }
        return number
    }

    private func data() throws -> Data {
        guard case .bytes(let range, let isJoined) = document.items[item].kind else { throw mismatch("a byte string") }
        return document.bytes(range, isJoined: isJoined)
    }

    private func url() throws -> URL {
        guard let url = URL(string: try string()) else { throw fault("text that is no URL") }
        return url
    }

    /// A number of seconds since 1970 after tag 1 (RFC 8949, section 3.4.2), since 2001 without a tag.
    private func date() throws -> Date {
        guard item > 0, case .tag(let tag) = document.items[item - 1].kind else {
            return Date(timeIntervalSinceReferenceDate: try double())
        }
        guard tag == 1 else { throw fault("a date with tag \(tag); expected tag 1") }
        return Date(timeIntervalSince1970: try double())
    }

    // MARK: - Errors

    func fault(_ reason: String) -> CodecError {
        CBORDocument.fault(reason, at: document.items[item].offset, codingPath: codingPath)
    }

    func mismatch(_ expected: String) -> CodecError {
        let found =
            switch document.items[item].kind {
            case .unsigned, .negative: "an integer"
            case .bytes: "a byte string"
            case .text: "text"
            case .array: "an array"
            case .map: "a map"
            case .tag: "a tag"
            case .number: "a floating-point number"
            case .bool: "a Boolean"
            case .null: "null"
            }
        return fault("expected \(expected), found \(found)")
    }
}

private struct CBORKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let decoder: CBORDecoder
    private var names: [String] = []
    private var values: [String: Int] = [:]

    var codingPath: [any CodingKey] { decoder.codingPath }
    var allKeys: [Key] { names.compactMap(Key.init(stringValue:)) }

    init(decoder: CBORDecoder, count: Int) {
        self.decoder = decoder
        var item = decoder.item + 1
        for _ in 0..<count {
            let value = decoder.document.items[item].end
            if let name = decoder.document.key(item) {
                names.append(name)
                values[name] = value
            }
            item = decoder.document.items[value].end
        }
    }

    private func child(_ key: any CodingKey) throws -> CBORDecoder {
        guard let item = values[key.stringValue] else {
            throw decoder.fault("the key \(key.stringValue.debugDescription) is missing")
        }
        return decoder.child(item, key)
    }

    func contains(_ key: Key) -> Bool { values[key.stringValue] != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try child(key).decodeNil() }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try child(key).decode(type) }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try child(key).bool() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try child(key).string() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try child(key).double() }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try child(key).float() }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try child(key).integer() }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try child(key).integer() }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try child(key).integer() }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try child(key).integer() }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try child(key).integer() }
    func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try child(key).integer() }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try child(key).integer() }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try child(key).integer() }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try child(key).integer() }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try child(key).integer() }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try child(key).integer() }
    func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try child(key).integer() }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try child(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try child(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try child(PathKey(stringValue: "super")) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try child(key) }
}

private struct CBORUnkeyedContainer: UnkeyedDecodingContainer {
    private let decoder: CBORDecoder
    private var item: Int
    let count: Int?
    private(set) var currentIndex = 0

    var codingPath: [any CodingKey] { decoder.codingPath }
    var isAtEnd: Bool { currentIndex == count }

    init(decoder: CBORDecoder, count: Int) {
        self.decoder = decoder
        self.count = count
        item = decoder.item + 1
    }

    /// Reads the next element, and moves on only where that succeeds.
    private mutating func next<Value>(_ read: (CBORDecoder) throws -> Value) throws -> Value {
        guard !isAtEnd else { throw decoder.fault("the array ends after \(currentIndex) elements") }
        let value = try read(decoder.child(item, PathKey(index: currentIndex)))
        item = decoder.document.items[item].end
        currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd else { throw decoder.fault("the array ends after \(currentIndex) elements") }
        guard decoder.child(item, PathKey(index: currentIndex)).decodeNil() else { return false }
        return try next { _ in true }
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next { try $0.decode(type) } }
    mutating func decode(_ type: Bool.Type) throws -> Bool { try next { try $0.bool() } }
    mutating func decode(_ type: String.Type) throws -> String { try next { try $0.string() } }
    mutating func decode(_ type: Double.Type) throws -> Double { try next { try $0.double() } }
    mutating func decode(_ type: Float.Type) throws -> Float { try next { try $0.float() } }
    mutating func decode(_ type: Int.Type) throws -> Int { try next { try $0.integer() } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next { try $0.integer() } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next { try $0.integer() } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next { try $0.integer() } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next { try $0.integer() } }
    mutating func decode(_ type: Int128.Type) throws -> Int128 { try next { try $0.integer() } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next { try $0.integer() } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next { try $0.integer() } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next { try $0.integer() } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next { try $0.integer() } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next { try $0.integer() } }
    mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try next { try $0.integer() } }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try next { try $0.container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next { try $0.unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder { try next { $0 } }
}
