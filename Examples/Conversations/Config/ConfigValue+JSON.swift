import HoldfastJSON

extension ConfigValue {
    /// Takes over a value of JSON, every one of which YAML has too.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let bool): self = .bool(bool)
        case .number(let number): self = .number(number.description)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(elements.map { ConfigValue($0) })
        case .object(let object): self = .mapping(object.map { ($0.key, ConfigValue($0.value)) })
        }
    }

    /// The value as JSON.
    ///
    /// - Parameter substitute: What stands for a number that JSON can't write, such as `.inf`.
    /// - Returns: The value.
    func json(_ substitute: (String) throws -> JSONValue) rethrows -> JSONValue {
        switch self {
        case .null: return .null
        case .bool(let bool): return .bool(bool)
        case .string(let text): return .string(text)
        case .array(let elements): return .array(try elements.map { try $0.json(substitute) })
        case .mapping(let entries):
            var object = JSONObject()
            for (key, value) in entries { object[key] = try value.json(substitute) }
            return .object(object)
        case .number(let text):
            if let number = Self.number(text) { return .number(number) }
            return try substitute(text)
        }
    }

    /// A number of YAML as one of JSON: by its text where both write it so, else by its value.
    private static func number(_ text: String) -> JSONNumber? {
        if let number = JSONNumber(text) { return number }
        let isNegative = text.hasPrefix("-")
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? String(text.dropFirst()) : text
        for (prefix, radix) in [("0x", 16), ("0o", 8)] where digits.hasPrefix(prefix) {
            return Int128(digits.dropFirst(2), radix: radix).map { JSONNumber(isNegative ? -$0 : $0) }
        }
        // What is left of YAML's core schema: a sign `+`, zeros in front, no digit before or behind the point.
        var (whole, rest) = (digits.prefix { $0.isNumber }, digits.drop { $0.isNumber })
        whole = whole.drop { $0 == "0" }
        if rest.hasPrefix("."), rest.dropFirst().first?.isNumber != true { rest = rest.dropFirst() }
        return JSONNumber("\(isNegative ? "-" : "")\(whole.isEmpty ? "0" : whole)\(rest)")
    }
}
