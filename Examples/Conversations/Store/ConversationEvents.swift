import Holdfast
import HoldfastJSON
import HoldfastJSONLines

/// What was said in a conversation: in `events.json`, or in segments where it was imported so.
///
/// A turn writes all of `events.json`, and only the last segment.
enum ConversationEvents {
    static let segments: SegmentedArray<JSONValue> = {
        var options = JSONOptions()
        options.maximumDepth = JSONOptions.highestDepth
        return SegmentedArray("events", options: options)
    }()

    static func read(_ snapshot: Snapshot) throws -> [JSONValue] {
        if areSegmented(in: snapshot.managedFiles) { return try snapshot.elements(of: segments) }
        return try snapshot.value(ConversationFiles.events) ?? []
    }

    static func read(_ draft: inout Draft) throws -> [JSONValue] {
        if areSegmented(in: try draft.managedFiles()) { return try draft.elements(of: segments) }
        return try draft.value(ConversationFiles.events) ?? []
    }

    static func append(_ event: Event, to draft: inout Draft) throws {
        if areSegmented(in: try draft.managedFiles()) { return try draft.append([event.value], to: segments) }
        var events = try draft.value(ConversationFiles.events) ?? []
        events.append(event.value)
        try draft.set(events, for: ConversationFiles.events)
    }

    static func areSegmented(in files: [String]) -> Bool {
        files.contains { $0.hasPrefix("events-") && $0.hasSuffix(".jsonl") }
    }
}
