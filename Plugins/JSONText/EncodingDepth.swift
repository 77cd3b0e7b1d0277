internal import FoundationEssentials
internal import Holdfast

/// Bounds how deep a value nests, before Foundation's encoder recurses into it.
///
/// Foundation's encoder has no limit of its own: where a value nests so deep that the stack is used up (some thousand
/// levels, or a few hundred on a small thread), and where a class holds itself, it ends the process. A `catch` can't
/// help then, so the value is walked first: it is encoded by an encoder that writes nothing and counts the levels.
/// Every level counts, also one that adds no container to the text, since every level takes stack.
///
/// Errors of the value's own code end the walk quietly: Foundation's encoder meets them at the same place, no deeper,
/// and tells the place better.
final class EncodingDepth {
    private let limit: Int
    private var depth = 0
    fileprivate var path: [any CodingKey] = []
    /// The path at which the limit was passed; kept, because the value's code may swallow the error.
    private var excess: [any CodingKey]?
    fileprivate let userInfo: [CodingUserInfoKey: any Sendable]

    /// Whether data is written as an array of numbers.
    private let opensData: Bool

    private init(limit: Int, opensData: Bool, userInfo: [CodingUserInfoKey: any Sendable]) {
        self.limit = limit
        self.opensData = opensData
        self.userInfo = userInfo
    }

    private struct Excess: Error {}

    /// Throws where a value nests deeper than the limit.
    static func check(
        _ value: some Encodable, limit: Int, opensData: Bool, userInfo: [CodingUserInfoKey: any Sendable]
    ) throws(CodecError) {
        let state = EncodingDepth(limit: limit, opensData: opensData, userInfo: userInfo)
        do {
            // The value itself is no level: a scalar has depth 0, a flat array depth 1.
            state.depth = -1
            try state.walk(value, extra: [])
        } catch {
            // Either `excess` says it, or Foundation's encoder will.
        }
        guard let excess = state.excess else { return }
        throw CodecError("nested more than \(limit) deep, which is the limit", codingPath: excess)
    }

    /// Walks a nested value.
    fileprivate func walk<Value: Encodable>(_ value: Value, extra: [any CodingKey]) throws {
        if isLeaf(Value.self, within: path.count) { return }
        guard depth < limit else {
            if excess == nil { excess = path }
            throw Excess()
        }
        depth += 1
        defer { depth -= 1 }
        try value.encode(to: DepthEncoder(state: self, base: path.count, extra: extra))
    }

    fileprivate func walk(_ value: some Encodable, base: Int, extra: [any CodingKey], key: some CodingKey) throws {
        if isLeaf(type(of: value), within: base + extra.count + 1) { return }
        let count = path.count
        if !extra.isEmpty { path.append(contentsOf: extra) }
        path.append(key)
        defer { path.removeLast(path.count - count) }
        try walk(value, extra: [])
    }

    /// Whether Foundation writes a type without calling its `encode(to:)`, or the type is known to end here, with an array or
    /// object of its own or without.
    private func isLeaf(_ type: any Any.Type, within count: Int) -> Bool {
        if type == Date.self || type == UUID.self || type == URL.self || type == Decimal.self { return true }
        let opens =
            type == [String].self || type == [Int].self || type == [Double].self || type == [String: String].self
        guard opens || type == Data.self else { return false }
        if opens || opensData { open(within: count) }
        return true
    }

    /// Notes that an array or object is opened within a number of others.
    fileprivate func open(within count: Int) {
        if count >= limit, excess == nil { excess = path }
    }

    fileprivate func path(base: Int, extra: [any CodingKey]) -> [any CodingKey] {
        Array(path.prefix(base)) + extra
    }
}

/// An encoder that writes nothing.
private struct DepthEncoder: Encoder {
    let state: EncodingDepth
    let base: Int
    let extra: [any CodingKey]

    var codingPath: [any CodingKey] { state.path(base: base, extra: extra) }
    var userInfo: [CodingUserInfoKey: Any] { state.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        state.open(within: base + extra.count)
        return KeyedEncodingContainer(DepthKeyedContainer<Key>(state: state, base: base, extra: extra))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        state.open(within: base + extra.count)
        return DepthUnkeyedContainer(state: state, base: base, extra: extra)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        DepthSingleContainer(state: state, base: base, extra: extra)
    }
}

private struct DepthKeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let state: EncodingDepth
    let base: Int
    let extra: [any CodingKey]

    var codingPath: [any CodingKey] { state.path(base: base, extra: extra) }

    func encodeNil(forKey key: Key) {}
    func encode(_ value: Bool, forKey key: Key) {}
    func encode(_ value: String, forKey key: Key) {}
    func encode(_ value: Double, forKey key: Key) {}
    func encode(_ value: Float, forKey key: Key) {}
    func encode(_ value: Int, forKey key: Key) {}
    func encode(_ value: Int8, forKey key: Key) {}
    func encode(_ value: Int16, forKey key: Key) {}
    func encode(_ value: Int32, forKey key: Key) {}
    func encode(_ value: Int64, forKey key: Key) {}
    func encode(_ value: Int128, forKey key: Key) {}
    func encode(_ value: UInt, forKey key: Key) {}
    func encode(_ value: UInt8, forKey key: Key) {}
    func encode(_ value: UInt16, forKey key: Key) {}
    func encode(_ value: UInt32, forKey key: Key) {}
    func encode(_ value: UInt64, forKey key: Key) {}
    func encode(_ value: UInt128, forKey key: Key) {}

    // The standard library's own versions of these ask for an `encode` each.
    func encodeIfPresent(_ value: Bool?, forKey key: Key) {}
    func encodeIfPresent(_ value: String?, forKey key: Key) {}
    func encodeIfPresent(_ value: Double?, forKey key: Key) {}
    func encodeIfPresent(_ value: Float?, forKey key: Key) {}
    func encodeIfPresent(_ value: Int?, forKey key: Key) {}
    func encodeIfPresent(_ value: Int8?, forKey key: Key) {}
    func encodeIfPresent(_ value: Int16?, forKey key: Key) {}
    func encodeIfPresent(_ value: Int32?, forKey key: Key) {}
    func encodeIfPresent(_ value: Int64?, forKey key: Key) {}
    func encodeIfPresent(_ value: Int128?, forKey key: Key) {}
    func encodeIfPresent(_ value: UInt?, forKey key: Key) {}
    func encodeIfPresent(_ value: UInt8?, forKey key: Key) {}
    func encodeIfPresent(_ value: UInt16?, forKey key: Key) {}
    func encodeIfPresent(_ value: UInt32?, forKey key: Key) {}
    func encodeIfPresent(_ value: UInt64?, forKey key: Key) {}
    func encodeIfPresent(_ value: UInt128?, forKey key: Key) {}

    func encode(_ value: some Encodable, forKey key: Key) throws {
        try state.walk(value, base: base, extra: extra, key: key)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        state.open(within: base + extra.count + 1)
        return KeyedEncodingContainer(DepthKeyedContainer<NestedKey>(state: state, base: base, extra: extra + [key]))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        state.open(within: base + extra.count + 1)
        return DepthUnkeyedContainer(state: state, base: base, extra: extra + [key])
    }

    func superEncoder() -> any Encoder {
        DepthEncoder(state: state, base: base, extra: extra + [JSONPathKey("super")])
    }

    func superEncoder(forKey key: Key) -> any Encoder {
        DepthEncoder(state: state, base: base, extra: extra + [key])
    }
}

private struct DepthUnkeyedContainer: UnkeyedEncodingContainer {
    let state: EncodingDepth
    let base: Int
    let extra: [any CodingKey]
    var count = 0

    var codingPath: [any CodingKey] { state.path(base: base, extra: extra) }

    private mutating func next() -> IndexKey {
        count += 1
        return IndexKey(index: count - 1)
    }

    mutating func encodeNil() { count += 1 }
    mutating func encode(_ value: Bool) { count += 1 }
    mutating func encode(_ value: String) { count += 1 }
    mutating func encode(_ value: Double) { count += 1 }
    mutating func encode(_ value: Float) { count += 1 }
    mutating func encode(_ value: Int) { count += 1 }
    mutating func encode(_ value: Int8) { count += 1 }
    mutating func encode(_ value: Int16) { count += 1 }
    mutating func encode(_ value: Int32) { count += 1 }
    mutating func encode(_ value: Int64) { count += 1 }
    mutating func encode(_ value: Int128) { count += 1 }
    mutating func encode(_ value: UInt) { count += 1 }
    mutating func encode(_ value: UInt8) { count += 1 }
    mutating func encode(_ value: UInt16) { count += 1 }
    mutating func encode(_ value: UInt32) { count += 1 }
    mutating func encode(_ value: UInt64) { count += 1 }
    mutating func encode(_ value: UInt128) { count += 1 }

    mutating func encode(_ value: some Encodable) throws {
        try state.walk(value, base: base, extra: extra, key: next())
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> {
        state.open(within: base + extra.count + 1)
        return KeyedEncodingContainer(
            DepthKeyedContainer<NestedKey>(state: state, base: base, extra: extra + [next()]))
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        state.open(within: base + extra.count + 1)
        return DepthUnkeyedContainer(state: state, base: base, extra: extra + [next()])
    }

    mutating func superEncoder() -> any Encoder {
        DepthEncoder(state: state, base: base, extra: extra + [next()])
    }
}

/// An index that fits into an existential without memory of its own, and spells itself out only when asked.
private struct IndexKey: CodingKey {
    let index: Int

    init(index: Int) {
        self.index = index
    }

    var intValue: Int? { index }
    var stringValue: String { String(index) }

    init?(intValue: Int) {
        self.init(index: intValue)
    }

    init?(stringValue: String) {
        guard let index = Int(stringValue) else { return nil }
        self.init(index: index)
    }
}

private struct DepthSingleContainer: SingleValueEncodingContainer {
    let state: EncodingDepth
    let base: Int
    let extra: [any CodingKey]

    var codingPath: [any CodingKey] { state.path(base: base, extra: extra) }

    func encodeNil() {}
    func encode(_ value: Bool) {}
    func encode(_ value: String) {}
    func encode(_ value: Double) {}
    func encode(_ value: Float) {}
    func encode(_ value: Int) {}
    func encode(_ value: Int8) {}
    func encode(_ value: Int16) {}
    func encode(_ value: Int32) {}
    func encode(_ value: Int64) {}
    func encode(_ value: Int128) {}
    func encode(_ value: UInt) {}
    func encode(_ value: UInt8) {}
    func encode(_ value: UInt16) {}
    func encode(_ value: UInt32) {}
    func encode(_ value: UInt64) {}
    func encode(_ value: UInt128) {}

    func encode(_ value: some Encodable) throws {
        try state.walk(value, extra: extra)
    }
}
