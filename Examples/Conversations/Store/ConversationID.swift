import FoundationEssentials

/// Deciseconds since 1970: short, and in the order in which conversations began.
enum ConversationID {
    /// The id for now, or the next one that is free.
    static func next(after taken: Swift.Set<String>) -> String {
        var deciseconds = Int64(Date().timeIntervalSince1970 * 10)
        while taken.contains(String(deciseconds)) { deciseconds += 1 }
        return String(deciseconds)
    }

    /// Whether a person may choose this id: ASCII letters and digits, since a dash ends it.
    static func isValid(_ id: String) -> Bool {
        (1...64).contains(id.utf8.count) && id.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }
}
