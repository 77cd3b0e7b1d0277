import CommandLineKit
import Holdfast
import HoldfastJSON

/// `title ID NEW`: the metadata and the directory's name change in one commit.
struct Title: Command {
    static let name = "title"
    static let synopsis = "ID NEW"
    static let summary = "give a conversation another title, and its directory the name that goes with it"
    static let discussion = "Both happen in one commit."
    static let options = [CommandOption.json]

    let conversation: ConversationCommand
    let title: String

    init(_ arguments: inout Arguments) throws {
        conversation = try ConversationCommand(&arguments)
        title = try arguments.next("NEW")
    }

    func run() throws -> ExitStatus {
        let (store, name) = try conversation.open()
        let newName = ConversationName(id: ConversationName(name).id, title: title).description
        return try conversation.answer(
            try store.documents.update(name, renamingTo: newName) { draft in
                if draft.isNew { throw CommandFailure("\(name): the conversation is gone") }
                var metadata = try draft.value(ConversationFiles.metadata) ?? JSONObject()
                metadata["title"] = .string(title)
                try draft.set(metadata, for: ConversationFiles.metadata)
            })
    }
}
