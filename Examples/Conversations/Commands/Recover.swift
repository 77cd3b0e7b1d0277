import CommandLineKit
import Holdfast

/// `recover`: mends what crashes have left, which opening a store does by itself, and tells of it.
struct Recover: Command {
    static let name = "recover"
    static let summary = "mend what a crash has left, and say what was found and done"
    static let discussion = "Every command does it when it opens the store; this one says what it found."
    static let dryRun = CommandOption("dry-run", letter: "n", summary: "only say what would be done")
    static let options = [dryRun, CommandOption.json]

    let settings: StoreSettings
    let isDryRun: Bool
    let isJSON: Bool

    init(_ arguments: inout Arguments) throws {
        settings = try StoreSettings(arguments)
        isDryRun = arguments.has(Self.dryRun)
        isJSON = arguments.has(.json)
    }

    func run() throws -> ExitStatus {
        let store = try ProgressBar.during {
            // The report has the warnings.
            try settings.open(recovery: isDryRun ? .report : .recover, tellsWarnings: false, progress: $0)
        }
        return try store.documents.recoveryReport.write(isJSON: isJSON)
    }
}
