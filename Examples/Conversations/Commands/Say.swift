import CommandLineKit
import Holdfast

/// `say ID [TEXT|-]`: appends an event, and changes no other file.
struct Say: Command {
    static let name = "say"
    static let synopsis = "ID [TEXT|-]"
    static let summary = "append an event to a conversation"
    static let discussion = """
        Without TEXT, or with -, what is said is read from standard input.
        Put -- before a TEXT that begins with a dash.
        """
    static let role = CommandOption(
        "role", letter: "r", placeholder: "ROLE", summary: "user (the default) or assistant")
    static let options = [role, CommandOption.json]

    let conversation: ConversationCommand
    let role: Event.Role
    let message: MessageText

    init(_ arguments: inout Arguments) throws {
        conversation = try ConversationCommand(&arguments)
        let role = arguments.value(Self.role) ?? Event.Role.user.rawValue
        guard let known = Event.Role(rawValue: role) else {
            throw UsageError("`\(role)` is no role; use user or assistant")
        }
        self.role = known
        message = MessageText(&arguments)
    }

    func run() throws -> ExitStatus {
        let content = try message.read()
        try MessageText.checkContent(content)
        return try conversation.update { draft in
            try ConversationEvents.append(Event(role: role, content: content), to: &draft)
        }
    }
}
