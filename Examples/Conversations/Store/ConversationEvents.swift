import CommandLineKit
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
        if try areSegmented(in: snapshot.managedFiles, of: snapshot.document) {
            return try snapshot.elements(of: segments)
        }
        return try snapshot.value(ConversationFiles.events) ?? []
    }

    static func read(_ draft: inout Draft) throws -> [JSONValue] {
        if try areSegmented(in: try draft.managedFiles(), of: draft.document) {
            return try draft.elements(of: segments)
        }
        return try draft.value(ConversationFiles.events) ?? []
    }

    static func append(_ event: Event, to draft: inout Draft) throws {
        if try areSegmented(in: try draft.managedFiles(), of: draft.document) {
            return try draft.append([event.value], to: segments)
        }
        var events = try draft.value(ConversationFiles.events) ?? []
        events.append(event.value)
        try draft.set(events, for: ConversationFiles.events)
    }

    /// Whether a conversation keeps its events in segments; a file with another name that the pattern claims is none.
    static func areSegmented(in files: [String], of document: String) throws -> Bool {
        guard let segment = files.first(where: isSegment) else { return false }
        if files.contains(ConversationFiles.events.filename) {
            throw CommandFailure(
                "\(document): \(ConversationFiles.events.filename) and \(segment) are both there; move one of them away"
            )
        }
        return true
    }

    private static func isSegment(_ filename: String) -> Bool {
        guard filename.hasPrefix("events-"), filename.hasSuffix(".jsonl") else { return false }
        let number = filename.dropFirst("events-".count).dropLast(".jsonl".count)
        return !number.isEmpty && number.allSatisfy { $0.isASCII && $0.isNumber }
    }
}
