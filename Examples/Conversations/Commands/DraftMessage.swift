import CommandLineKit
import FoundationEssentials
import Holdfast

/// `draft ID [TEXT|-]`: writes `QUERY_MESSAGE.md`.
struct DraftMessage: Command {
    static let name = "draft"
    static let synopsis = "ID [TEXT|-]"
    static let summary = "write the message that `send` will send"
    static let discussion = """
        The draft is QUERY_MESSAGE.md in the conversation's directory. Without TEXT it is read from standard input,
        or on a terminal edited with $VISUAL, else $EDITOR, else vi.
        """
    static let options = [CommandOption.json]

    let conversation: ConversationCommand
    let message: MessageText

    init(_ arguments: inout Arguments) throws {
        conversation = try ConversationCommand(&arguments)
        message = MessageText(&arguments)
    }

    func run() throws -> ExitStatus {
        if case .unspecified = message, StandardInput.isTerminal {
            let (store, name) = try conversation.open()
            return try conversation.answer(try DraftFile.edit(name, in: store))
        }
        let text = try message.read()
        try MessageText.checkContent(text)
        let (store, name) = try conversation.open()
        return try conversation.answer(try DraftFile.write(Data(text.utf8), of: name, in: store))
    }
}
