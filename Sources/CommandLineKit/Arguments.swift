/// A command's options and other arguments, taken out one after the other.
public struct Arguments: Sendable {
    private var options: [String: String] = [:]
    private var flags: Set<String> = []
    private var words: ArraySlice<String>

    init(_ scanned: [OptionScanner.Result]) {
        words = ArraySlice(scanned.last?.rest ?? [])
        for (option, argument) in scanned.flatMap(\.options) {
            flags.insert(option.name)
            options[option.name] = argument
        }
    }

    /// Tells whether an option is given.
    ///
    /// - Parameter option: The option.
    /// - Returns: Whether it is given.
    public func has(_ option: CommandOption) -> Bool { flags.contains(option.name) }

    /// An option's argument; the last one counts.
    ///
    /// - Parameter option: The option.
    /// - Returns: Its argument; nil where it is not given.
    public func value(_ option: CommandOption) -> String? { options[option.name] }

    /// Takes the next argument.
    ///
    /// - Parameter name: What it is, as the synopsis calls it.
    /// - Returns: The argument.
    /// - Throws: ``UsageError`` where there is none.
    public mutating func next(_ name: String) throws(UsageError) -> String {
        guard let word = words.popFirst() else { throw UsageError("\(name) is missing") }
        return word
    }

    /// Takes the next argument, if there is one.
    ///
    /// - Returns: The argument; nil where there is none.
    public mutating func nextIfPresent() -> String? { words.popFirst() }

    /// Takes all arguments that are left.
    ///
    /// - Parameter name: What they are, as the synopsis calls them.
    /// - Returns: One or more arguments.
    /// - Throws: ``UsageError`` where there is none.
    public mutating func remaining(_ name: String) throws(UsageError) -> [String] {
        guard !words.isEmpty else { throw UsageError("\(name) is missing") }
        defer { words = [] }
        return Array(words)
    }

    func checkEmpty() throws(UsageError) {
        if let word = words.first { throw UsageError("`\(word)` is one argument too many") }
    }
}
