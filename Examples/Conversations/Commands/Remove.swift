import CommandLineKit

/// `rm ID`: removes a conversation.
struct Remove: Command {
    static let name = "rm"
    static let synopsis = "ID"
    static let summary = "remove a conversation with all that is in its directory"
    static let options = [CommandOption.json]

    let conversation: ConversationCommand

    init(_ arguments: inout Arguments) throws {
        conversation = try ConversationCommand(&arguments)
    }

    func run() throws -> ExitStatus {
        let (store, name) = try conversation.open()
        return try conversation.answer(try store.documents.remove(name))
    }
}
