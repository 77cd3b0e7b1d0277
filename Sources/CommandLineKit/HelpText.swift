/// What `--help` prints.
struct HelpText {
    let tool: CommandLineTool

    /// The help of the whole tool.
    var text: String {
        var text = "Usage: \(tool.name) [OPTION]... COMMAND [OPTION]... [ARGUMENT]...\n\(tool.summary)\n\nCommands:\n"
        text += Self.columns(
            tool.commands.map { ("\($0.name) \($0.synopsis)", $0.summary) })
        text += "\nOptions:\n" + Self.columns((tool.options + [.help]).map { ($0.usage, $0.summary) })
        text += "\nExit status: 0 done, 1 failed, 2 usage, 3 damage found. `\(tool.name) COMMAND --help` says more.\n"
        return text
    }

    /// The help of one command.
    func text(of command: any Command.Type) -> String {
        var text = "Usage: \(tool.name) \(command.name) [OPTION]..."
        if !command.synopsis.isEmpty { text += " \(command.synopsis)" }
        text += "\n\(Self.sentence(command.summary))\n"
        if !command.discussion.isEmpty { text += "\n\(command.discussion)\n" }
        let options = command.options + tool.options + [.help]
        return text + "\nOptions:\n" + Self.columns(options.map { ($0.usage, $0.summary) })
    }

    private static func sentence(_ clause: String) -> String {
        clause.prefix(1).uppercased() + clause.dropFirst() + "."
    }

    /// Two columns; where the first is too wide for its column, the second starts a line of its own.
    private static func columns(_ rows: [(String, String)]) -> String {
        let width = min(rows.map { $0.0.count }.max() ?? 0, 36)
        return rows.map { left, right in
            let gap =
                left.count > width
                ? "\n  " + String(repeating: " ", count: width)
                : String(
                    repeating: " ", count: width - left.count)
            return "  \(left)\(gap)  \(right)\n"
        }.joined()
    }
}
