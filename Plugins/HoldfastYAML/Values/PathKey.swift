/// A key that only names a place.
struct PathKey: CodingKey {
    var stringValue: String
    var intValue: Int?

    init(_ text: String) { stringValue = text }

    init(index: Int) {
        stringValue = "Index \(index)"
        intValue = index
    }

    init?(stringValue: String) { self.init(stringValue) }

    init?(intValue: Int) { self.init(index: intValue) }
}
