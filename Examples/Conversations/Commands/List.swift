import CommandLineKit
import FoundationEssentials
import Holdfast
import HoldfastJSON

/// `list`: all conversations.
struct List: Command {
    static let name = "list"
    static let summary = "list the conversations, oldest first"
    static let discussion =
        "A conversation that can't be read is listed with the reason; the others are not hidden by it."
    static let options = [CommandOption.json]

    let settings: StoreSettings
    let isJSON: Bool

    init(_ arguments: inout Arguments) throws {
        settings = try StoreSettings(arguments)
        isJSON = arguments.has(.json)
    }

    func run() throws -> ExitStatus {
        let store = try settings.open()
        let summaries = try store.names().compactMap { try ConversationSummary($0, in: store) }
        if isJSON {
            try ExactJSONOutput.write(.array(summaries.map(\.json)))
            return .done
        }
        var table = Table(
            ("NAME", .leading), ("EVENTS", .trailing), ("LAST ACTIVITY", .leading), ("DRAFT", .leading),
            ("TITLE", .leading))
        for summary in summaries {
            table.add(
                summary.name, summary.problem == nil ? "\(summary.eventCount)" : "?", summary.lastActivity ?? "",
                summary.hasDraft ? "yes" : "", summary.problem.map { "unreadable: \($0)" } ?? summary.title ?? "")
        }
        try table.write()
        return .done
    }
}

/// A line about a conversation.
private struct ConversationSummary {
    let name: String
    let id: String
    var title: String?
    var eventCount = 0
    var lastActivity: String?
    var hasDraft = false
    var problem: String?

    /// Nil where the conversation is gone since it was listed.
    init?(_ name: ConversationName, in store: ConversationStore) throws {
        self.name = name.description
        id = name.id
        do {
            let snapshot = try store.documents.snapshot(self.name)
            hasDraft = snapshot.unmanagedEntries.contains(ConversationFiles.draft)
            title = try snapshot.value(ConversationFiles.metadata)?.title
            let events = try ConversationEvents.read(snapshot)
            eventCount = events.count
            lastActivity = events.last { $0.timestamp != nil }?.timestamp
        } catch let error as HoldfastError where error.code == .notFound {
            return nil
        } catch {
            problem = "\(error)"
        }
    }

    var json: JSONValue {
        var object: JSONValue = [
            "name": .string(name),
            "id": .string(id),
            "title": title.map { .string($0) } ?? .null,
            "events": .number(JSONNumber(eventCount)),
            "last_activity": lastActivity.map { .string($0) } ?? .null,
            "draft": .bool(hasDraft),
        ]
        if let problem { object["problem"] = .string(problem) }
        return object
    }
}
