import CommandLineKit
import Holdfast

/// `inspect`: what is in a store.
struct Inspect: Command {
    static let name = "inspect"
    static let synopsis = "[STORE]"
    static let summary = "list the documents, their files, and what crashes have left; change nothing"
    static let options = [CommandOption.json]

    let settings: StoreSettings

    init(_ arguments: inout Arguments) throws {
        settings = try StoreSettings(&arguments)
    }

    func run() throws -> ExitStatus {
        let store = try settings.open(.report)
        let inspection = try Inspection(of: store)
        if settings.isJSON {
            try JSONOutput.write(inspection)
            return .done
        }
        var table = Table(("DOCUMENT", .leading), ("MANAGED", .leading), ("BYTES", .trailing), ("UNMANAGED", .leading))
        for document in inspection.documents {
            table.add(
                document.name, document.problem ?? document.managed.map(\.name).joined(separator: " "),
                "\(document.managed.reduce(0) { $0 + $1.bytes })", document.unmanaged.joined(separator: " "))
        }
        try table.write()
        try StandardOutput.write("\n")
        _ = try inspection.recovery.write(isJSON: false)
        return .done
    }
}
