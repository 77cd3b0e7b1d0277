/// A conversation's directory name: `<id>-<slug of its title>`, or the id alone where the title has no letter or digit.
struct ConversationName: Hashable {
    /// As many bytes as the kernel allows a document's name.
    static let maximumLength = 246

    let id: String
    let description: String

    /// Makes the name of a conversation.
    init(id: String, title: String) {
        self.id = id
        let slug = Slug(title, maximumLength: Self.maximumLength - id.utf8.count - 1)
        description = slug.text.isEmpty ? id : "\(id)-\(slug.text)"
    }

    /// Reads a directory's name.
    init(_ name: String) {
        description = name
        id = String(name.prefix { $0 != "-" })
    }

    /// Whether the name starts as one of these does: digits, then a dash or nothing.
    var hasNumericID: Bool {
        !id.isEmpty && id.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
