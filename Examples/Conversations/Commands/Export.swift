import CommandLineKit
import Holdfast

/// `export ID PATH`: writes a conversation in the form that `import` reads.
struct Export: Command {
    static let name = "export"
    static let synopsis = "ID PATH"
    static let summary = "write a conversation in the form that `import` reads"
    static let discussion = """
        PATH becomes the conversation's directory, whole or not at all; where PATH is a directory already, it is made in
        there. Nothing is ever replaced.
        """
    static let options = [CommandOption.json]

    let conversation: ConversationCommand
    let path: String

    init(_ arguments: inout Arguments) throws {
        conversation = try ConversationCommand(&arguments)
        path = try arguments.next("PATH")
        if path.isEmpty { throw UsageError("PATH is empty") }
    }

    func run() throws -> ExitStatus {
        let (store, name) = try conversation.open()
        let target = ExportTarget(path, name: name)
        let receipt = try target.write(name, of: store, durability: conversation.settings.durability)
        if conversation.isJSON {
            try JSONOutput.write(receipt)
        } else {
            try StandardOutput.writeLine(target.path)
        }
        return .done
    }
}
