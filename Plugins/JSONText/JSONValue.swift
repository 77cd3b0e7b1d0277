/// Any value of JSON, without loss.
///
/// Numbers keep their exact text and objects the order of their members, so that a file read and written again holds
/// the same values, also those that no Swift type was made for. `JSONCodec` reads and writes it without Foundation's
/// coders, alone or as the elements of arrays, optionals and dictionaries:
///
/// ```swift
/// let events = ManagedFile<[JSONValue]>("events.json")
/// try store.update("2024-notes") { draft in
///     var list = try draft.value(events) ?? []
///     list.append(["role": "user", "content": "Hello"])
///     try draft.set(list, for: events)
/// }
/// ```
///
/// As a property of another type it goes through Foundation's coders, which keep a number's value but not its spelling
/// (`1.10` becomes `1.1`), nor the order of keys; a number that they would round is an error instead.
public enum JSONValue: Sendable {
    /// The literal `null`.
    case null
    /// One of the literals `true` and `false`.
    case bool(Bool)
    /// A number, as its text.
    case number(JSONNumber)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object, with its members in order.
    case object(JSONObject)
}

extension JSONValue: Hashable {
    /// Tells whether two values are the same: strings byte for byte, numbers as text, objects in any order.
    ///
    /// - Parameters:
    ///   - a: A value.
    ///   - b: Another value.
    /// - Returns: Whether they are the same.
    public static func == (a: Self, b: Self) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): JSONKey(a) == JSONKey(b)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }

    /// Hashes the value.
    ///
    /// - Parameter hasher: The hasher.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let bool): hasher.combine(bool)
        case .number(let number): hasher.combine(number)
        case .string(let string): hasher.combine(JSONKey(string))
        case .array(let array): hasher.combine(array)
        case .object(let object): hasher.combine(object)
        }
    }
}

extension JSONValue {
    /// The string; nil for another kind of value.
    public var string: String? { if case .string(let string) = self { string } else { nil } }

    /// The number; nil for another kind of value.
    public var number: JSONNumber? { if case .number(let number) = self { number } else { nil } }

    /// The number as an integer; nil for another kind of value.
    public var int: Int? { number?.int }

    /// The number as the nearest `Double`; nil for another kind of value.
    public var double: Double? { number?.double }

    /// The Boolean; nil for another kind of value.
    public var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }

    /// The elements; nil for another kind of value.
    public var array: [JSONValue]? { if case .array(let array) = self { array } else { nil } }

    /// The members; nil for another kind of value.
    public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }

    /// Reads, sets or removes a member of an object.
    ///
    /// Setting a member of a value that is no object makes it one.
    ///
    /// - Parameter key: The member's key.
    /// - Returns: The member's value; nil where the value is no object, or has no member of that key.
    public subscript(key: String) -> JSONValue? {
        get { object?[key] }
        set {
            // What is not there can't be removed.
            if newValue == nil, object?[key] == nil { return }
            var object = self.object ?? JSONObject()
            // Lets go of the members, so that they are changed in place.
            self = .null
            object[key] = newValue
            self = .object(object)
        }
    }

    /// Names the kind of value for errors.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a Boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Creates `null`.
    ///
    /// - Parameter nilLiteral: Nothing.
    public init(nilLiteral: ()) { self = .null }

    /// Creates a Boolean.
    ///
    /// - Parameter value: The Boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// Creates a number.
    ///
    /// - Parameter value: The integer.
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }

    /// Creates a number.
    ///
    /// - Parameter value: The number; a literal beyond `Double`, such as `1e400`, is null, as JSON has no infinity.
    public init(floatLiteral value: Double) { self = JSONNumber(value).map(JSONValue.number) ?? .null }

    /// Creates a string.
    ///
    /// - Parameter value: The string.
    public init(stringLiteral value: String) { self = .string(value) }

    /// Creates an array.
    ///
    /// - Parameter elements: The elements.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// Creates an object; where a key stands twice, the last value counts.
    ///
    /// - Parameter elements: The members in order.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}
