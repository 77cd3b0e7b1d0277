import CommandLineKit
import FoundationEssentials
import Holdfast
import HoldfastJSON

/// `new TITLE`: begins a conversation.
struct New: Command {
    static let name = "new"
    static let synopsis = "TITLE"
    static let summary = "begin a conversation, and print its directory's name"
    static let discussion = "The store is created where there is none."
    static let id = CommandOption(
        "id", placeholder: "ID", summary: "the id, of letters and digits; else the time in tenths of seconds")
    static let options = [id, CommandOption.json]

    let settings: StoreSettings
    let title: String
    let id: String?
    let isJSON: Bool

    init(_ arguments: inout Arguments) throws {
        settings = try StoreSettings(arguments)
        title = try arguments.next("TITLE")
        id = arguments.value(Self.id)
        isJSON = arguments.has(.json)
        if let id, !ConversationID.isValid(id) {
            throw UsageError("`\(id)` is no id; use 1 to 64 ASCII letters and digits")
        }
    }

    func run() throws -> ExitStatus {
        let store = try settings.open(creating: true)
        let receipt = try store.create(id: id, title: title) { draft in
            try draft.set(["title": .string(title)], for: ConversationFiles.metadata)
            try draft.set([], for: ConversationFiles.events)
            try draft.set(.mapping([]), for: ConversationFiles.config)
        }
        if isJSON {
            try JSONOutput.write(receipt)
        } else {
            try StandardOutput.writeLine(receipt.document)
        }
        return .done
    }
}
