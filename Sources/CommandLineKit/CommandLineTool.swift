import Glibc

/// A program of several commands: `TOOL [OPTION]… COMMAND [OPTION]… [ARGUMENT]…`.
public struct CommandLineTool {
    /// The program's name.
    public let name: String
    /// What it is, as one sentence.
    public let summary: String
    /// Options that may stand before and behind any command.
    public let options: [CommandOption]
    /// The commands, in the order of the help text.
    public let commands: [any Command.Type]

    /// Creates a tool.
    ///
    /// - Parameters:
    ///   - name: The program's name.
    ///   - summary: What it is, as one sentence.
    ///   - options: Options that may stand before and behind any command.
    ///   - commands: The commands, in the order of the help text.
    public init(name: String, summary: String, options: [CommandOption], commands: [any Command.Type]) {
        self.name = name
        self.summary = summary
        self.options = options
        self.commands = commands
    }

    /// Runs the process's command line, and ends the process.
    public func main() -> Never {
        // For the width of characters on a terminal alone; no text is written by the locale's rules.
        setlocale(LC_CTYPE, "C.UTF-8")
        var arguments: [String] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            // `CommandLine.arguments` would quietly put other characters in the place of what is not UTF-8.
            guard let word = CommandLine.unsafeArgv[index].flatMap({ String(validatingCString: $0) }) else {
                StandardError.report("\(name): argument \(index) is not UTF-8")
                exit(ExitStatus.usage.rawValue)
            }
            arguments.append(word)
        }
        exit(run(arguments).rawValue)
    }

    /// Runs a command line.
    ///
    /// - Parameter arguments: The words behind the program's name.
    /// - Returns: What to tell the shell.
    public func run(_ arguments: [String]) -> ExitStatus {
        var helpCall = "\(name) --help"
        do {
            let general = try OptionScanner(options: options + [.help], stopsAtFirst: true).scan(arguments)
            if general.options.contains(where: { $0.option == .help }) {
                try StandardOutput.write(HelpText(tool: self).text)
                return .done
            }
            guard let word = general.rest.first else { throw UsageError("a command is missing") }
            guard let command = commands.first(where: { $0.name == word }) else {
                throw UsageError("there is no command `\(word)`")
            }
            helpCall = "\(name) \(word) --help"
            let own = try OptionScanner(options: command.options + options + [.help]).scan(
                Array(general.rest.dropFirst()))
            if own.options.contains(where: { $0.option == .help }) {
                try StandardOutput.write(HelpText(tool: self).text(of: command))
                return .done
            }
            var remaining = Arguments([general, own])
            let call = try command.init(&remaining)
            try remaining.checkEmpty()
            return try call.run()
        } catch let error as UsageError {
            StandardError.report("\(name): \(error); see `\(helpCall)`")
            return .usage
        } catch {
            StandardError.report("\(name): \(error)")
            return .failed
        }
    }
}
