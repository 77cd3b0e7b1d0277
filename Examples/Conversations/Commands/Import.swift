import CommandLineKit
import FoundationEssentials
import Holdfast

/// `import PATH…`: takes in conversations of other programs.
struct Import: Command {
    static let name = "import"
    static let synopsis = "PATH..."
    static let summary = "import conversations: a conversation's directory, or a directory of them"
    static let discussion = """
        metadata.json and events.json are taken as they are, base_config.json becomes config.yaml, and every other entry
        is carried along. A conversation that can't be imported does not keep the others from it. The store is created
        where there is none.
        """
    static let segmented = CommandOption(
        "segmented", summary: "keep the events in numbered files of bounded size, so that a turn writes only the last")
    static let options = [segmented, CommandOption.json]

    let settings: StoreSettings
    let paths: [String]
    let isSegmented: Bool
    let isJSON: Bool

    init(_ arguments: inout Arguments) throws {
        settings = try StoreSettings(arguments)
        isSegmented = arguments.has(Self.segmented)
        isJSON = arguments.has(.json)
        paths = try arguments.remaining("PATH")
    }

    func run() throws -> ExitStatus {
        var sources: [ConversationSource] = []
        var status = ExitStatus.done
        func report(_ error: any Error) {
            StandardError.report("conversations: \(error)")
            status = .failed
        }
        for path in paths {
            do {
                sources += try ConversationSource.find(at: path) { report($0) }
            } catch {
                report(error)
            }
        }
        var receipts: [Receipt] = []
        if sources.isEmpty {
            if isJSON { try JSONOutput.write(receipts) }
            return status
        }
        let store = try settings.open(creating: true)
        let bar = ProgressBar()
        for (index, source) in sources.enumerated() {
            do {
                let receipt = try source.importInto(store, segmented: isSegmented)
                receipts.append(receipt)
                if !isJSON, !ProgressBar.isVisible {
                    try StandardOutput.writeLine("\(index + 1)/\(sources.count) \(receipt.document)")
                }
            } catch {
                bar.clear()
                StandardError.report("conversations: \(source.path): \(error)")
                status = .failed
            }
            bar.show(index + 1, of: sources.count, source.name)
        }
        bar.clear()
        if isJSON {
            try JSONOutput.write(receipts)
        } else if ProgressBar.isVisible {
            try StandardOutput.writeLine("imported \(receipts.count) of \(sources.count) conversations")
        }
        return status
    }
}
