/// An option of a command, with one long name and perhaps a letter.
public struct CommandOption: Sendable, Hashable {
    /// The name without the two dashes.
    public let name: String
    /// The letter behind one dash.
    public let letter: Unicode.Scalar?
    /// What stands for the option's argument in help texts; nil where it takes none.
    public let placeholder: String?
    /// What the option does, as a clause.
    public let summary: String

    /// Creates an option.
    ///
    /// - Parameters:
    ///   - name: The name without the two dashes.
    ///   - letter: An ASCII letter.
    ///   - placeholder: What stands for its argument in help texts; nil where it takes none.
    ///   - summary: What it does, as a clause.
    public init(_ name: String, letter: Unicode.Scalar? = nil, placeholder: String? = nil, summary: String) {
        self.name = name
        self.letter = letter
        self.placeholder = placeholder
        self.summary = summary
    }

    /// `-h`, `--help`: every command has it.
    public static let help = CommandOption("help", letter: "h", summary: "print this help")

    /// `--json`: results as JSON on standard output.
    public static let json = CommandOption("json", summary: "print the result as JSON")

    /// How the option is written in help texts: `-h, --help` or `    --store DIR`.
    var usage: String {
        let start = letter.map { "-\($0), " } ?? "    "
        return start + "--\(name)" + (placeholder.map { " \($0)" } ?? "")
    }
}
