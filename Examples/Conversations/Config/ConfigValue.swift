import FoundationEssentials

/// Any value of `config.yaml`, with its numbers as they are written.
///
/// A configuration comes from other programs and from people, so nothing of it may be lost: not the order of its keys,
/// nor the 20th digit of a number that no Swift type holds.
enum ConfigValue: Sendable {
    case null
    case bool(Bool)
    /// A number of YAML, as its text.
    case number(String)
    case string(String)
    case array([ConfigValue])
    case mapping([(key: String, value: ConfigValue)])
}

extension ConfigValue: Equatable {
    static func == (a: Self, b: Self) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        // By bytes, since `String` takes what looks the same for equal.
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): a == b
        case (.mapping(let a), .mapping(let b)):
            a.elementsEqual(b) { $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value }
        default: false
        }
    }
}

extension ConfigValue: Codable {
    init(from decoder: any Decoder) throws {
        if let keyed = try? decoder.container(keyedBy: ConfigKey.self) {
            self = .mapping(
                try keyed.allKeys.map { ($0.stringValue, try keyed.decode(ConfigValue.self, forKey: $0)) })
            return
        }
        if var unkeyed = try? decoder.unkeyedContainer() {
            var elements: [ConfigValue] = []
            while !unkeyed.isAtEnd { elements.append(try unkeyed.decode(ConfigValue.self)) }
            self = .array(elements)
            return
        }
        let scalar = try decoder.singleValueContainer()
        if scalar.decodeNil() {
            self = .null
        } else if let bool = try? scalar.decode(Bool.self) {
            self = .bool(bool)
        } else {
            // The codec gives plain numbers as strings too, with the digits that they are written with.
            let text = try scalar.decode(String.self)
            self = Self.isNumber(scalar) ? .number(text) : .string(text)
        }
    }

    private static func isNumber(_ scalar: some SingleValueDecodingContainer) -> Bool {
        do {
            _ = try scalar.decode(Double.self)
            return true
        } catch DecodingError.dataCorrupted {
            // A number, though too large for a `Double`.
            return true
        } catch {
            return false
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .mapping(let entries):
            var container = encoder.container(keyedBy: ConfigKey.self)
            for (key, value) in entries { try container.encode(value, forKey: ConfigKey(key)) }
        case .array(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let bool):
            var container = encoder.singleValueContainer()
            try container.encode(bool)
        case .string(let text):
            var container = encoder.singleValueContainer()
            try container.encode(text)
        case .number(let text):
            var container = encoder.singleValueContainer()
            if let integer = Int(text) {
                try container.encode(integer)
            } else if let double = Double(text) {
                try container.encode(double)
            } else {
                throw EncodingError.invalidValue(
                    text,
                    EncodingError.Context(
                        codingPath: encoder.codingPath, debugDescription: "`\(text)` is no number that Swift can write")
                )
            }
        }
    }
}

/// Any key of a mapping.
struct ConfigKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(String(intValue)) }
}
