/// Decodes from anything, and asks for nothing.
struct Anything: Decodable {
    init(from decoder: any Decoder) {}
}

/// Decodes from anything, and looks at all of it.
struct Everything: Decodable {
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) {
            self.stringValue = stringValue
        }

        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: Key.self) {
            for key in container.allKeys { _ = try container.decode(Everything.self, forKey: key) }
        } else if var container = try? decoder.unkeyedContainer() {
            while !container.isAtEnd { _ = try container.decode(Everything.self) }
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() { return }
            _ = try? container.decode(Int.self)
            _ = try? container.decode(UInt64.self)
            _ = try? container.decode(Float.self)
            _ = try? container.decode(Double.self)
            _ = try? container.decode(Bool.self)
            _ = try? container.decode(String.self)
        }
    }
}
