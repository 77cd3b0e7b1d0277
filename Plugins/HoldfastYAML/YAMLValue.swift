/// Any YAML value: what a file holds whose shape is not known beforehand.
///
/// It decodes from any format and encodes to any format, and through ``YAMLDecoder`` and ``YAMLEncoder`` comes back
/// equal, the order of mappings included. Keys are strings, as everywhere in Codable.
public enum YAMLValue: Sendable, Equatable {
    /// One entry of a mapping.
    public struct Entry: Sendable, Equatable {
        /// The key.
        public var key: String
        /// The value.
        public var value: YAMLValue

        /// Creates an entry.
        ///
        /// - Parameters:
        ///   - key: The key.
        ///   - value: The value.
        public init(_ key: String, _ value: YAMLValue) {
            self.key = key
            self.value = value
        }
    }

    /// Nothing.
    case null
    /// True or false.
    case bool(Bool)
    /// An integer that fits `Int`.
    case int(Int)
    /// An integer above `Int.max`.
    case uint(UInt64)
    /// Any other number.
    case double(Double)
    /// A text.
    case string(String)
    /// A sequence.
    case array([YAMLValue])
    /// A mapping, in order; no key occurs twice.
    case mapping([Entry])

    /// The value of a key of a mapping, or nil; setting nil removes the entry, and a new key comes last.
    ///
    /// Setting a key of anything but a mapping makes it a mapping.
    ///
    /// - Parameter key: The key, compared by its bytes.
    public subscript(key: String) -> YAMLValue? {
        get {
            guard case .mapping(let entries) = self else { return nil }
            return entries.first { Self.isSame($0.key, key) }?.value
        }
        set {
            var entries: [Entry] = []
            if case .mapping(let existing) = self { entries = existing }
            let index = entries.firstIndex { Self.isSame($0.key, key) }
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append(Entry(key, value))
            case (nil, nil): return
            }
            self = .mapping(entries)
        }
    }

    /// The value at a path of keys, or nil; setting makes mappings where there are none on the way, and setting nil
    /// removes what is there.
    ///
    /// A key that is a number also leads to that element of a sequence.
    ///
    /// - Parameter path: The keys from the outside in.
    public subscript(path path: [String]) -> YAMLValue? {
        get {
            guard let key = path.first else { return self }
            if case .array(let elements) = self {
                guard let index = Int(key), elements.indices.contains(index) else { return nil }
                return elements[index][path: Array(path.dropFirst())]
            }
            return self[key]?[path: Array(path.dropFirst())]
        }
        set {
            guard let key = path.first else {
                self = newValue ?? .null
                return
            }
            // What is not there can't be removed.
            if newValue == nil, self[path: path] == nil { return }
            let rest = Array(path.dropFirst())
            if case .array(var elements) = self, let index = Int(key), elements.indices.contains(index) {
                if rest.isEmpty, newValue == nil {
                    elements.remove(at: index)
                } else {
                    elements[index][path: rest] = newValue
                }
                self = .array(elements)
            } else if rest.isEmpty {
                self[key] = newValue
            } else {
                var inner = self[key] ?? .mapping([])
                inner[path: rest] = newValue
                self[key] = inner
            }
        }
    }

    /// Keys are data: what looks the same but is written with other scalars is another key, as in the file.
    private static func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}

extension YAMLValue: Codable {
    /// Decodes any value.
    ///
    /// - Parameter decoder: A decoder of any format.
    /// - Throws: What the decoder throws.
    public init(from decoder: any Decoder) throws {
        // Keys are data, which no key strategy may change.
        if let decoder = decoder as? TapeDecoder {
            self = try decoder.unboxValue(decoder.node)
            return
        }
        if let keyed = try? decoder.container(keyedBy: YAMLKey.self) {
            self = .mapping(
                try keyed.allKeys.map { Entry($0.stringValue, try keyed.decode(YAMLValue.self, forKey: $0)) })
            return
        }
        if var unkeyed = try? decoder.unkeyedContainer() {
            var elements: [YAMLValue] = []
            while !unkeyed.isAtEnd { elements.append(try unkeyed.decode(YAMLValue.self)) }
            self = .array(elements)
            return
        }
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            self = .null
        } else if let value = try? single.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? single.decode(Int.self) {
            self = .int(value)
        } else if let value = try? single.decode(UInt64.self) {
            self = .uint(value)
        } else if let value = try? single.decode(Double.self) {
            self = .double(value)
        } else {
            self = .string(try single.decode(String.self))
        }
    }

    /// Encodes the value.
    ///
    /// - Parameter encoder: An encoder of any format.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .mapping(let entries):
            if let encoder = encoder as? ValueEncoder {
                _ = encoder.container(keyedBy: PathKey.self)
                for entry in entries { try encoder.encodeEntry(entry.value, name: entry.key, key: entry.key) }
                return
            }
            var container = encoder.container(keyedBy: YAMLKey.self)
            for entry in entries { try container.encode(entry.value, forKey: YAMLKey(entry.key)) }
        case .array(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value): try Self.encode(value, to: encoder)
        case .int(let value): try Self.encode(value, to: encoder)
        case .uint(let value): try Self.encode(value, to: encoder)
        case .double(let value): try Self.encode(value, to: encoder)
        case .string(let value): try Self.encode(value, to: encoder)
        }
    }

    private static func encode(_ value: some Encodable, to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

/// Any key.
struct YAMLKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(String(intValue)) }
}
