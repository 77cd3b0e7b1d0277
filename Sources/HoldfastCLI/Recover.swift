import CommandLineKit
import Holdfast

/// `recover`: mends what crashes have left.
struct Recover: Command {
    static let name = "recover"
    static let synopsis = "[STORE]"
    static let summary = "mend what crashes have left, and say what was found and done"
    static let discussion = """
        A document that another program is writing is left alone, and the report says so.
        Which files are managed decides what is kept of an old generation: where the program that
        wrote the store manages other names than all of *.json, *.jsonl, *.yaml and *.yml, say so
        with --managed, or let the program itself recover.
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
        try settings.open(isDryRun ? .report : .recover).recoveryReport.write(isJSON: settings.isJSON)
    }
}
