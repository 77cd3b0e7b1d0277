import CommandLineKit
import FoundationEssentials
import Holdfast

/// What the commands about one conversation have in common: where it is, and how they answer.
struct ConversationCommand {
    let settings: StoreSettings
    let prefix: String
    let isJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        settings = try StoreSettings(arguments)
        isJSON = arguments.has(.json)
        prefix = try arguments.next("ID")
    }

    /// Opens the store and finds the conversation.
    func open() throws -> (store: ConversationStore, name: String) {
        let store = try settings.open()
        return (store, try store.find(prefix))
    }

    /// Changes the conversation under its lock, and answers with what was done.
    ///
    /// - Parameter body: Makes the changes; it is called under the lock.
    /// - Returns: That it is done.
    /// - Throws: What the kernel or `body` throws.
    func update(_ body: (inout Draft) throws -> Void) throws -> ExitStatus {
        let (store, name) = try open()
        return try answer(
            try store.documents.update(name) { draft in
                // It may have been removed or renamed since it was found.
                if draft.isNew { throw CommandFailure("\(name): the conversation is gone") }
                try body(&draft)
            })
    }

    /// Prints a receipt: in full for a program, the document's name for a person.
    func answer(_ receipt: Receipt) throws -> ExitStatus {
        try ReceiptOutput.write(receipt, isJSON: isJSON)
        return .done
    }
}

/// What a command that changes something prints.
enum ReceiptOutput {
    static func write(_ receipt: Receipt, isJSON: Bool) throws {
        if isJSON {
            try JSONOutput.write(receipt)
        } else {
            try StandardOutput.writeLine("\(receipt.document): \(receipt.outcome.words)")
        }
    }
}

extension Receipt.Outcome {
    /// The outcome for a person.
    fileprivate var words: String {
        switch self {
        case .unchanged: "nothing to change"
        case .created: "created"
        case .replacedFile, .swapped: "saved"
        case .renamed: "saved and renamed"
        case .removed: "removed"
        }
    }
}
