/// The members of an object of JSON, in the order in which they are written.
///
/// Two objects are equal where they have equal members, in any order: an object is an unordered set (RFC 8259,
/// section 4). Keys are compared byte for byte, as JSON does, not by Unicode's canonical equivalence, as `String` does.
public struct JSONObject: Sendable {
    /// One member of an object.
    public typealias Member = (key: String, value: JSONValue)

    private(set) var members: [Member] = []
    /// Where each key stands, for objects with too many to look through.
    private var index: [JSONKey: Int] = [:]

    private static let linearLimit = 16

    /// Creates an object without members.
    public init() {}

    /// Creates an object from members whose keys the scanner has found to differ.
    init(checked members: [Member]) {
        self.members = members
        if members.count > Self.linearLimit { indexAll() }
    }

    /// The keys in their order.
    public var keys: [String] { members.map(\.key) }

    /// Reads, sets or removes a member.
    ///
    /// A new member comes last; one that is there keeps its place; nil removes it.
    ///
    /// - Parameter key: The member's key.
    /// - Returns: The member's value; nil where there is none of that key.
    public subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil):
                members.remove(at: position)
                if !index.isEmpty { indexAll() }
            case (nil, let value?):
                members.append((key, value))
                if !index.isEmpty {
                    index[JSONKey(key)] = members.count - 1
                } else if members.count > Self.linearLimit {
                    indexAll()
                }
            case (nil, nil): break
            }
        }
    }

    private func position(of key: String) -> Int? {
        let key = JSONKey(key)
        guard index.isEmpty else { return index[key] }
        return members.firstIndex { JSONKey($0.key) == key }
    }

    private mutating func indexAll() {
        index = [:]
        for (position, member) in members.enumerated() { index[JSONKey(member.key)] = position }
    }
}

extension JSONObject: RandomAccessCollection {
    /// The first position.
    public var startIndex: Int { members.startIndex }

    /// The position after the last.
    public var endIndex: Int { members.endIndex }

    /// Reads the member at a position.
    ///
    /// - Parameter position: A position from ``startIndex`` to before ``endIndex``.
    /// - Returns: The member.
    public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Hashable {
    /// Tells whether two objects have equal members.
    ///
    /// - Parameters:
    ///   - a: An object.
    ///   - b: Another object.
    /// - Returns: Whether each member of one has its equal in the other.
    public static func == (a: Self, b: Self) -> Bool {
        guard a.count == b.count else { return false }
        return a.members.enumerated().allSatisfy { position, member in
            // Most equal objects have one order.
            let other = b.members[position]
            return JSONKey(other.key) == JSONKey(member.key)
                ? other.value == member.value : b[member.key] == member.value
        }
    }

    /// Hashes the members without regard to their order.
    ///
    /// - Parameter hasher: The hasher.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for member in members {
            var own = Hasher()
            own.combine(JSONKey(member.key))
            own.combine(member.value)
            sum &+= own.finalize()
        }
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Creates an object from a literal; where a key stands twice, the last value counts.
    ///
    /// - Parameter elements: The members.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (key, value) in elements { self[key] = value }
    }
}

/// A string compared byte for byte.
struct JSONKey: Hashable {
    var text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (a: Self, b: Self) -> Bool {
        a.text.utf8.count == b.text.utf8.count && a.text.utf8.elementsEqual(b.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
