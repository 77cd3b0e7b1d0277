/// A type that is read and written through ``JSONValue``, without Foundation's coders and thus without loss.
protocol ExactJSONConvertible {
    init(exact value: JSONValue, at path: [any CodingKey]) throws(ExactJSONMismatch)
    var exactJSON: JSONValue { get }
}

/// A value of another kind than a type asks for.
struct ExactJSONMismatch: Error {
    var expected: String
    var found: JSONValue
    var path: [any CodingKey]
}

extension JSONValue: ExactJSONConvertible {
    init(exact value: JSONValue, at path: [any CodingKey]) { self = value }
    var exactJSON: JSONValue { self }
}

extension JSONObject: ExactJSONConvertible {
    init(exact value: JSONValue, at path: [any CodingKey]) throws(ExactJSONMismatch) {
        guard let object = value.object else {
            throw ExactJSONMismatch(expected: "an object", found: value, path: path)
        }
        self = object
    }

    var exactJSON: JSONValue { .object(self) }
}

extension Array: ExactJSONConvertible where Element: ExactJSONConvertible {
    init(exact value: JSONValue, at path: [any CodingKey]) throws(ExactJSONMismatch) {
        guard let elements = value.array else {
            throw ExactJSONMismatch(expected: "an array", found: value, path: path)
        }
        self = []
        reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            append(try Element(exact: element, at: path + [JSONPathKey(index)]))
        }
    }

    var exactJSON: JSONValue { .array(map(\.exactJSON)) }
}

extension Optional: ExactJSONConvertible where Wrapped: ExactJSONConvertible {
    init(exact value: JSONValue, at path: [any CodingKey]) throws(ExactJSONMismatch) {
        self = value == .null ? nil : try Wrapped(exact: value, at: path)
    }

    var exactJSON: JSONValue { self?.exactJSON ?? .null }
}

extension Dictionary: ExactJSONConvertible where Key == String, Value: ExactJSONConvertible {
    init(exact value: JSONValue, at path: [any CodingKey]) throws(ExactJSONMismatch) {
        self = [:]
        for (key, member) in try JSONObject(exact: value, at: path) {
            let path = path + [JSONPathKey(key)]
            if updateValue(try Value(exact: member, at: path), forKey: key) != nil {
                throw ExactJSONMismatch(
                    expected: "a key once, which stands here in two Unicode forms", found: member, path: path)
            }
        }
    }

    /// Sorted, because a dictionary's own order differs from run to run.
    var exactJSON: JSONValue {
        .object(JSONObject(checked: sorted { $0.key < $1.key }.map { ($0.key, $0.value.exactJSON) }))
    }
}
