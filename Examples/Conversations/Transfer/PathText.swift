/// A path as text.
struct PathText {
    /// Without slashes at the end.
    private let text: String

    init(_ path: String) {
        var text = path[...]
        while text.count > 1, text.hasSuffix("/") { text = text.dropLast() }
        self.text = String(text)
    }

    var lastComponent: String {
        String(text[(text.lastIndex(of: "/").map { text.index(after: $0) } ?? text.startIndex)...])
    }

    /// The directory that the last component is in.
    var parent: String {
        guard let slash = text.lastIndex(of: "/") else { return "." }
        return slash == text.startIndex ? "/" : String(text[..<slash])
    }

    func appending(_ name: String) -> String { text == "/" ? "/\(name)" : "\(text)/\(name)" }
}
