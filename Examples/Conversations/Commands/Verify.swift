import CommandLineKit
import Holdfast

/// `verify`: validates every file of every conversation.
struct Verify: Command {
    static let name = "verify"
    static let summary = "check that every file of every conversation is whole"
    static let discussion = """
        The exit status is 3 where something is damaged. What a crash has left is mended first, as by every command; a
        damaged file is left as it is.
        """
    static let options = [CommandOption.json]

    let settings: StoreSettings
    let isJSON: Bool

    init(_ arguments: inout Arguments) throws {
        settings = try StoreSettings(arguments)
        isJSON = arguments.has(.json)
    }

    func run() throws -> ExitStatus {
        let store = try settings.open()
        let report = try ProgressBar.during { try store.documents.verify(.report, progress: $0) }
        return try report.write(isJSON: isJSON)
    }
}
