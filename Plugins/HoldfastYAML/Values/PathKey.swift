/// A key that only names a place.
struct PathKey: CodingKey {
    var stringValue: String
    var intValue: Int?

    init(_ text: String) { stringValue = text }

    init(index: Int) {
        stringValue = "Index \(index)"
        intValue = index
    }

    /// A name as a key of the type that the values use there, where that has it: such a key may also be a number.
    static func key(_ name: String, of type: (any CodingKey.Type)?) -> any CodingKey {
        guard let key = type?.init(stringValue: name), key.stringValue == name else { return PathKey(name) }
        return key
    }

    init?(stringValue: String) { self.init(stringValue) }

    init?(intValue: Int) { self.init(index: intValue) }
}
