internal import FoundationEssentials

extension JSONValue: Codable {
    /// Reads a value from any decoder.
    ///
    /// A number that the decoder would round is an error. Foundation's own decoder, without `JSONCodec`, doesn't show it of
    /// a number with more than 38 digits or an exponent beyond those of a decimal.
    ///
    /// - Parameter decoder: The decoder.
    /// - Throws: A `DecodingError` where the value is none of JSON's kinds.
    public init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: JSONPathKey.self) {
            var members: [JSONObject.Member] = []
            if JSONOptions.changesKeys(decoder.userInfo) {
                // Keys are data: Foundation's strategies leave those of dictionaries alone.
                members = try decoder.singleValueContainer().decode([String: JSONValue].self).map { ($0.key, $0.value) }
            } else {
                for key in container.allKeys {
                    members.append((key.stringValue, try container.decode(JSONValue.self, forKey: key)))
                }
            }
            // Decoders know no order; one that stays the same makes for stable bytes.
            self = .object(JSONObject(checked: members.sorted { $0.key < $1.key }))
        } else if var container = try? decoder.unkeyedContainer() {
            var elements: [JSONValue] = []
            while !container.isAtEnd { elements.append(try container.decode(JSONValue.self)) }
            self = .array(elements)
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let bool = try? container.decode(Bool.self) {
                self = .bool(bool)
            } else if let string = try? container.decode(String.self) {
                self = .string(string)
            } else if let number = Self.number(in: container, decoder.userInfo) {
                self = .number(number)
            } else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "a number that can't be read here without rounding it")
            }
        }
    }

    /// Reads a number, where it can be told that nothing is rounded.
    private static func number(
        in container: some SingleValueDecodingContainer, _ userInfo: [CodingUserInfoKey: Any]
    ) -> JSONNumber? {
        let reading = NumberReading(
            double: try? container.decode(Double.self), decimal: try? container.decode(Decimal.self))
        if let key = RoundedNumbers.key, let rounded = userInfo[key] as? RoundedNumbers {
            return rounded.contains(reading) ? nil : reading.number
        }
        if reading.decimal == nil {
            // To Foundation an integer 0, and no `Double`, is what is too small for one.
            if let integer = try? container.decode(Int64.self), integer != 0 || reading.double != nil {
                return JSONNumber(integer)
            }
            if let integer = try? container.decode(UInt64.self), integer != 0 { return JSONNumber(integer) }
            // Only beyond a decimal's exponents it is no sign of rounding that there is none.
            guard let double = reading.double, double != 0, !(1e-90...1e120).contains(double.magnitude)
            else { return nil }
        }
        // A decimal holds 38 digits at least and cuts off what is more, so fewer have not been cut.
        return reading.number.flatMap { $0.significantDigits < 38 ? $0 : nil }
    }

    /// Writes the value to any encoder.
    ///
    /// - Parameter encoder: The encoder.
    /// - Throws: An `EncodingError` where a number can't be written without rounding it.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let bool):
            var container = encoder.singleValueContainer()
            try container.encode(bool)
        case .string(let string):
            var container = encoder.singleValueContainer()
            try container.encode(string)
        case .number(let number):
            var container = encoder.singleValueContainer()
            if let int = Int64(number.description), number.description != "-0" {
                try container.encode(int)
            } else if let int = UInt64(number.description), int > 0 {
                try container.encode(int)
            } else if let shortest = JSONNumber(number.double), shortest.isEqualInValue(to: number) {
                try container.encode(number.double)
            } else if let decimal = Decimal(string: number.description),
                JSONNumber(decimal)?.isEqualInValue(to: number) == true
            {
                try container.encode(decimal)
            } else {
                throw EncodingError.invalidValue(
                    number,
                    .init(
                        codingPath: encoder.codingPath,
                        debugDescription: "the number \(number) can't be written here without rounding it"))
            }
        case .array(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .object(let members):
            try Self.checkKeys(members, encoder)
            if JSONOptions.changesKeys(encoder.userInfo) {
                var container = encoder.singleValueContainer()
                return try container.encode(Dictionary(members.map { ($0.key, $0.value) }) { _, last in last })
            }
            var container = encoder.container(keyedBy: JSONPathKey.self)
            for member in members { try container.encode(member.value, forKey: JSONPathKey(member.key)) }
        }
    }
}

extension JSONValue {
    /// Throws where an encoder that keeps keys as `String`s would lose one: they are equal in two Unicode forms.
    private static func checkKeys(_ members: JSONObject, _ encoder: any Encoder) throws {
        guard members.contains(where: { !$0.key.utf8.allSatisfy { $0 < 0x80 } }) else { return }
        var seen: Set<String> = []
        for (key, value) in members where !seen.insert(key).inserted {
            throw EncodingError.invalidValue(
                value,
                .init(
                    codingPath: encoder.codingPath,
                    debugDescription: "the key \(key.debugDescription) stands twice here, in two Unicode forms"))
        }
    }
}

extension JSONObject: Codable {
    /// Reads an object from any decoder, as a ``JSONValue``.
    ///
    /// - Parameter decoder: The decoder.
    /// - Throws: A `DecodingError` where the value is no object.
    public init(from decoder: any Decoder) throws {
        guard let object = try JSONValue(from: decoder).object else {
            throw DecodingError.typeMismatch(
                JSONObject.self, .init(codingPath: decoder.codingPath, debugDescription: "expected an object"))
        }
        self = object
    }

    /// Writes the object to any encoder, as a ``JSONValue``.
    ///
    /// - Parameter encoder: The encoder.
    /// - Throws: An `EncodingError` where a number can't be written without rounding it.
    public func encode(to encoder: any Encoder) throws {
        try JSONValue.object(self).encode(to: encoder)
    }
}
