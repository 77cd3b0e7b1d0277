import FoundationEssentials
import Holdfast

/// A value on its way into a file.
///
/// A class, because Codable lets a type fill several containers by turns; the bytes are written when all are complete,
/// since a map's keys are sorted and its length comes first.
final class Node {
    enum Content {
        case null
        case bool(Bool)
        case unsigned(UInt64)
        /// The integer -1 - n.
        case negative(UInt64)
        case number(Double)
        case text(String)
        case bytes(Data)
        /// Seconds since 1970, with tag 1.
        case date(Double)
        case array([Node])
        case map([String: Node])
    }

    var content = Content.null
}

extension Node.Content {
    static func integer(_ value: some FixedWidthInteger, at path: [any CodingKey]) throws -> Self {
        if let number = UInt64(exactly: value) { return .unsigned(number) }
        if let number = Int128(exactly: value), number < 0, let rest = UInt64(exactly: -1 - number) {
            return .negative(rest)
        }
        throw CodecError("\(value) is out of the range of CBOR's integers", codingPath: path)
    }
}

/// What the encoders of one call share.
final class EncodingState {
    let maximumDepth: Int
    let userInfo: [CodingUserInfoKey: any Sendable]
    private var depth = 0
    /// Kept, because making a container can't throw, and a value's code may swallow errors.
    private(set) var excess: CodecError?

    init(maximumDepth: Int, userInfo: [CodingUserInfoKey: any Sendable]) {
        self.maximumDepth = maximumDepth
        self.userInfo = userInfo
    }

    /// Encodes a value, those types first that Codable knows as something else than CBOR does.
    func encode<Value: Encodable>(_ value: Value, into node: Node, at path: [any CodingKey]) throws {
        switch value {
        case let data as Data: node.content = .bytes(data)
        case let url as URL: node.content = .text(url.absoluteString)
        case let date as Date:
            let seconds = date.timeIntervalSince1970
            let isExact =
                Date(timeIntervalSince1970: seconds).timeIntervalSinceReferenceDate.bitPattern
                == date.timeIntervalSinceReferenceDate.bitPattern
            node.content = isExact ? .date(seconds) : .number(date.timeIntervalSinceReferenceDate)
        default:
            // Levels that add no container take stack too.
            guard depth <= maximumDepth else { throw exceed(at: path) }
            depth += 1
            defer { depth -= 1 }
            try value.encode(to: CBOREncoder(state: self, node: node, codingPath: path))
        }
    }

    @discardableResult
    private func exceed(at path: [any CodingKey]) -> CodecError {
        let error = CodecError("nested more than \(maximumDepth) deep, which is the limit", codingPath: path)
        if excess == nil { excess = error }
        return error
    }

    /// Notes a container that is opened within as many others as its path has keys.
    func open(at path: [any CodingKey]) {
        if path.count >= maximumDepth { exceed(at: path) }
    }
}

/// Encodes into one node; also the container of a single value.
struct CBOREncoder: Encoder, SingleValueEncodingContainer {
    let state: EncodingState
    let node: Node
    let codingPath: [any CodingKey]

    var userInfo: [CodingUserInfoKey: Any] { state.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        state.open(at: codingPath)
        // A type may ask for its container again.
        if case .map = node.content {} else { node.content = .map([:]) }
        return KeyedEncodingContainer(CBORKeyedEncodingContainer<Key>(state: state, node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        state.open(at: codingPath)
        if case .array = node.content {} else { node.content = .array([]) }
        return CBORUnkeyedEncodingContainer(state: state, node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func encodeNil() { node.content = .null }
    func encode<Value: Encodable>(_ value: Value) throws { try state.encode(value, into: node, at: codingPath) }
    func encode(_ value: Bool) throws { node.content = .bool(value) }
    func encode(_ value: String) throws { node.content = .text(value) }
    func encode(_ value: Double) throws { node.content = .number(value) }
    func encode(_ value: Float) throws { node.content = .number(Double(value)) }
    func encode(_ value: Int) throws { node.content = try .integer(value, at: codingPath) }
    func encode(_ value: Int8) throws { node.content = try .integer(value, at: codingPath) }
    func encode(_ value: Int16) throws { node.content = try .integer(value, at: codingPath) }
    func encode(_ value: Int32) throws { node.content = try .integer(value, at: codingPath) }
    func encode(_ value: Int64) throws { node.content = try .integer(value, at: codingPath) }
    func encode(_ value: Int128) throws { node.content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt) throws { node.content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt8) throws { node.content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt16) throws { node.content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt32) throws { node.content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt64) throws { node.content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt128) throws { node.content = try .integer(value, at: codingPath) }
}

private struct CBORKeyedEncodingContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let state: EncodingState
    let node: Node
    let codingPath: [any CodingKey]

    private func add(_ key: any CodingKey) -> Node {
        let child = Node()
        guard case .map(var members) = node.content else { return child }
        // Lets go of the members, so that they are changed in place.
        node.content = .null
        members[key.stringValue] = child
        node.content = .map(members)
        return child
    }

    private func encoder(_ key: any CodingKey) -> CBOREncoder {
        CBOREncoder(state: state, node: add(key), codingPath: codingPath + [key])
    }

    func encodeNil(forKey key: Key) { add(key).content = .null }
    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try state.encode(value, into: add(key), at: codingPath + [key])
    }
    func encode(_ value: Bool, forKey key: Key) throws { add(key).content = .bool(value) }
    func encode(_ value: String, forKey key: Key) throws { add(key).content = .text(value) }
    func encode(_ value: Double, forKey key: Key) throws { add(key).content = .number(value) }
    func encode(_ value: Float, forKey key: Key) throws { add(key).content = .number(Double(value)) }
    func encode(_ value: Int, forKey key: Key) throws { add(key).content = try .integer(value, at: codingPath + [key]) }
    func encode(_ value: Int8, forKey key: Key) throws {
        add(key).content = try .integer(value, at: codingPath + [key])
    }
    func encode(_ value: Int16, forKey key: Key) throws {
        add(key).content = try .integer(value, at: codingPath + [key])
    }
    func encode(_ value: Int32, forKey key: Key) throws {
        add(key).content = try .integer(value, at: codingPath + [key])
    }
    func encode(_ value: Int64, forKey key: Key) throws {
        add(key).content = try .integer(value, at: codingPath + [key])
    }
    func encode(_ value: Int128, forKey key: Key) throws {
        add(key).content = try .integer(value, at: codingPath + [key])
    }
    func encode(_ value: UInt, forKey key: Key) throws {
        add(key).content = try .integer(value, at: codingPath + [key])
    }
    func encode(_ value: UInt8, forKey key: Key) throws {
        add(key).content = try .integer(value, at: codingPath + [key])
    }
    func encode(_ value: UInt16, forKey key: Key) throws {
        add(key).content = try .integer(value, at: codingPath + [key])
    }
    func encode(_ value: UInt32, forKey key: Key) throws {
        add(key).content = try .integer(value, at: codingPath + [key])
    }
    func encode(_ value: UInt64, forKey key: Key) throws {
        add(key).content = try .integer(value, at: codingPath + [key])
    }
    func encode(_ value: UInt128, forKey key: Key) throws {
        add(key).content = try .integer(value, at: codingPath + [key])
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        encoder(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder(PathKey(stringValue: "super")) }
    func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }
}

private struct CBORUnkeyedEncodingContainer: UnkeyedEncodingContainer {
    let state: EncodingState
    let node: Node
    let codingPath: [any CodingKey]

    var count: Int {
        if case .array(let elements) = node.content { elements.count } else { 0 }
    }

    private func add() -> Node {
        let child = Node()
        guard case .array(var elements) = node.content else { return child }
        node.content = .null
        elements.append(child)
        node.content = .array(elements)
        return child
    }

    private func encoder() -> CBOREncoder {
        let path = codingPath + [PathKey(index: count)]
        return CBOREncoder(state: state, node: add(), codingPath: path)
    }

    func encodeNil() { add().content = .null }
    func encode<Value: Encodable>(_ value: Value) throws {
        let path = codingPath + [PathKey(index: count)]
        try state.encode(value, into: add(), at: path)
    }
    func encode(_ value: Bool) throws { add().content = .bool(value) }
    func encode(_ value: String) throws { add().content = .text(value) }
    func encode(_ value: Double) throws { add().content = .number(value) }
    func encode(_ value: Float) throws { add().content = .number(Double(value)) }
    func encode(_ value: Int) throws { add().content = try .integer(value, at: codingPath) }
    func encode(_ value: Int8) throws { add().content = try .integer(value, at: codingPath) }
    func encode(_ value: Int16) throws { add().content = try .integer(value, at: codingPath) }
    func encode(_ value: Int32) throws { add().content = try .integer(value, at: codingPath) }
    func encode(_ value: Int64) throws { add().content = try .integer(value, at: codingPath) }
    func encode(_ value: Int128) throws { add().content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt) throws { add().content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt8) throws { add().content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt16) throws { add().content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt32) throws { add().content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt64) throws { add().content = try .integer(value, at: codingPath) }
    func encode(_ value: UInt128) throws { add().content = try .integer(value, at: codingPath) }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> {
        encoder().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder() }
}
