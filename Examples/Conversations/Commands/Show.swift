import CommandLineKit
import FoundationEssentials
import Holdfast
import HoldfastJSON

/// `show ID`: one conversation, as it was at one moment.
struct Show: Command {
    static let name = "show"
    static let synopsis = "ID"
    static let summary = "show a conversation"
    static let discussion = "With --json: one object {name, metadata, config, events, unmanaged: [names]}."
    static let options = [CommandOption.json]

    let conversation: ConversationCommand

    init(_ arguments: inout Arguments) throws {
        conversation = try ConversationCommand(&arguments)
    }

    func run() throws -> ExitStatus {
        let (store, name) = try conversation.open()
        let snapshot = try store.documents.snapshot(name)
        let metadata = try snapshot.value(ConversationFiles.metadata)
        let events = try ConversationEvents.read(snapshot)
        let config = (try snapshot.value(ConversationFiles.config) ?? nil)?.json { .string($0) }
        if conversation.isJSON {
            try ExactJSONOutput.write([
                "name": .string(name),
                "metadata": metadata.map { .object($0) } ?? .null,
                "config": config ?? .null,
                "events": .array(events),
                "unmanaged": .array(snapshot.unmanagedEntries.map { .string($0) }),
            ])
            return .done
        }
        try StandardOutput.writeLine(name)
        for (key, value) in metadata ?? [:] {
            try StandardOutput.writeLine("\(key.printable): \((try value.string ?? Self.text(value)).printable)")
        }
        for event in events {
            let time = event.timestamp.map { " · \($0)" } ?? ""
            try StandardOutput.writeLine("\n— \(event.speaker)\(time)".lines)
            if let words = event.words { try StandardOutput.writeLine(words.lines) }
        }
        if !snapshot.unmanagedEntries.isEmpty {
            try StandardOutput.writeLine("\nbeside it: \(snapshot.unmanagedEntries.joined(separator: ", ").printable)")
        }
        return .done
    }

    /// A value that is no string, as JSON on one line.
    private static func text(_ value: JSONValue) throws -> String {
        var options = JSONOptions()
        options.isPrettyPrinted = false
        options.endsWithLineBreak = false
        let codec = JSONCodec(filenames: [], options: options)
        return String(decoding: try codec.encode(value, in: CodecContext(filename: "metadata")), as: UTF8.self)
    }
}

extension String {
    /// Each line of the text, with nothing in it that could steer a terminal.
    fileprivate var lines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n")
    }
}
