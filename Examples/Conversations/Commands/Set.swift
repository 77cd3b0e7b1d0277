import CommandLineKit
import Holdfast

/// `set ID KEY=VALUE…`: edits `config.yaml`, and leaves every key in it that is not named.
struct Set: Command {
    static let name = "set"
    static let synopsis = "ID KEY=VALUE..."
    static let summary = "set values of a conversation's configuration"
    static let discussion = """
        KEY is a path with dots, such as assistant.name; \\. is a dot of the key itself, and a number leads to an element
        of a sequence. VALUE is YAML: true, 1.5, [a, b], {x: 1}, "true"; nothing is null.
        """
    static let options = [CommandOption.json]

    let conversation: ConversationCommand
    let assignments: [ConfigAssignment]

    init(_ arguments: inout Arguments) throws {
        conversation = try ConversationCommand(&arguments)
        assignments = try arguments.remaining("KEY=VALUE").map { (text) throws(UsageError) in
            try ConfigAssignment(text)
        }
    }

    func run() throws -> ExitStatus {
        try conversation.update { draft in
            let before = try draft.value(ConversationFiles.config) ?? nil
            var config = before ?? .mapping([])
            for assignment in assignments { try config.set(assignment.value, at: assignment.path[...]) }
            // Nothing is written for what is set already, so that a person's own layout stays.
            if config != before { try ConfigFile.write(config, to: &draft) }
        }
    }
}
