import CommandLineKit
import Holdfast

/// `recover`: mends what crashes have left.
struct Recover: Command {
    static let name = "recover"
    static let synopsis = "[STORE]"
    static let summary = "mend what crashes have left, and say what was found and done"
    static let discussion = """
        A document that another program is writing is left alone, and the report says so.
        Which files are managed decides what is dropped with an old generation. Say with --managed
        which names the program that wrote the store manages, or let the program itself recover.
        Otherwise all of *.json, *.jsonl, *.yaml and *.yml are taken for managed, and what may be a
        person's own after all is moved to .trash, not dropped.
        """
    static let dryRun = CommandOption("dry-run", letter: "n", summary: "only say what would be done")
    static let options = [dryRun, CommandOption.json]

    let settings: StoreSettings
    let isDryRun: Bool

    init(_ arguments: inout Arguments) throws {
        settings = try StoreSettings(&arguments)
        isDryRun = arguments.has(Self.dryRun)
    }

    func run() throws -> ExitStatus {
        let store = try ProgressBar.during { try settings.open(isDryRun ? .report : .recover, progress: $0) }
        return try store.recoveryReport.write(isJSON: settings.isJSON)
    }
}
