import CommandLineKit
import Holdfast

/// `send ID`: the draft becomes an event and is gone, in one commit: both or neither.
struct Send: Command {
    static let name = "send"
    static let synopsis = "ID"
    static let summary = "make the draft an event of the user, and remove it"
    static let discussion = "Both happen in one commit. What the person saves to the draft meanwhile stays."
    static let options = [CommandOption.json]

    let conversation: ConversationCommand

    init(_ arguments: inout Arguments) throws {
        conversation = try ConversationCommand(&arguments)
    }

    func run() throws -> ExitStatus {
        try conversation.update { draft in
            guard let bytes = try draft.unmanagedBytes(ConversationFiles.draft) else {
                throw CommandFailure(
                    "\(draft.document): there is no \(ConversationFiles.draft); write one with `conversations draft`")
            }
            let content = try MessageText.check(bytes, label: "\(draft.document)/\(ConversationFiles.draft)")
            try MessageText.checkContent(content)
            try ConversationEvents.append(Event(role: .user, content: content), to: &draft)
            try draft.removeUnmanaged(ConversationFiles.draft)
        }
    }
}
