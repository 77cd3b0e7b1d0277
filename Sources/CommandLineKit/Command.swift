/// One command of a tool: what it reads off the command line, and what it does.
public protocol Command {
    /// The word that calls it.
    static var name: String { get }
    /// Its arguments, as `ID [TEXT|-]`.
    static var synopsis: String { get }
    /// What it does, as a clause of a few words.
    static var summary: String { get }
    /// What else a person must know, in lines for a terminal; may be empty.
    static var discussion: String { get }
    /// Its own options, besides those of the tool.
    static var options: [CommandOption] { get }

    /// Reads the command line.
    ///
    /// - Parameter arguments: The options, and the other arguments, from which it takes what it wants.
    /// - Throws: ``UsageError`` where the command line makes no sense.
    init(_ arguments: inout Arguments) throws

    /// Does it.
    ///
    /// - Returns: What to tell the shell.
    /// - Throws: Any error; its description becomes one line on standard error.
    func run() throws -> ExitStatus
}

extension Command {
    /// No arguments.
    public static var synopsis: String { "" }
    /// Nothing more.
    public static var discussion: String { "" }
    /// No options.
    public static var options: [CommandOption] { [] }
}
