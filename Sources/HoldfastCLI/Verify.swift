import CommandLineKit
import Holdfast

/// `verify`: validates every managed file.
struct Verify: Command {
    static let name = "verify"
    static let synopsis = "[STORE]"
    static let summary = "check that every JSON, JSON Lines and YAML file is well-formed; change no document"
    static let discussion = "The exit status is 3 where one is not."
    static let options = [CommandOption.json]

    let settings: StoreSettings

    init(_ arguments: inout Arguments) throws {
        settings = try StoreSettings(&arguments)
    }

    func run() throws -> ExitStatus {
        let store = try settings.open(.report)
        let report = try ProgressBar.during { try store.verify(.report, progress: $0) }
        let status = try report.write(isJSON: settings.isJSON)
        if status == .done, settings.knowsManagedNames, report.fileCount == 0, report.documentCount > 0 {
            throw CommandFailure("no document has a file that --managed names")
        }
        return status
    }
}
