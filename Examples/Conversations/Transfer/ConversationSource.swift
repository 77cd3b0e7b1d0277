import CommandLineKit
import FoundationEssentials
import Holdfast
import HoldfastJSON
import HoldfastJSONLines

/// A conversation's directory as other programs keep it.
struct ConversationSource {
    let path: String
    let name: String

    private init(_ path: String) {
        self.path = path
        let last = PathText(path).lastComponent
        // `.` and `..` have a name too.
        name = [".", ".."].contains(last) ? URL(fileURLWithPath: path).standardized.lastPathComponent : last
    }

    /// Finds the conversations at a path: itself, or the directories in it.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - report: Told of a directory in it that can't be listed.
    /// - Returns: The conversations.
    /// - Throws: ``CommandFailure`` where there are none.
    static func find(at path: String, report: (CommandFailure) -> Void) throws -> [ConversationSource] {
        let entries = try entries(of: path)
        if isConversation(entries) { return [ConversationSource(path)] }
        // What begins with a dot is a store's own, or hidden on purpose.
        var isTold = false
        let found = entries.sorted().filter { !$0.hasPrefix(".") }.map { PathText(path).appending($0) }
            .filter { isDirectory($0) }
            .filter { directory in
                do throws(CommandFailure) {
                    return isConversation(try Self.entries(of: directory))
                } catch {
                    report(error)
                    isTold = true
                    return false
                }
            }
            .map { ConversationSource($0) }
        if found.isEmpty, !isTold {
            throw CommandFailure(
                "\(path): there is no conversation here (a directory with metadata.json or events.json)")
        }
        return found
    }

    /// Saves it as a new document; with its events in segments, where that is asked for.
    func importInto(_ store: ConversationStore, segmented isSegmented: Bool) throws -> Receipt {
        let entries = Swift.Set(try Self.entries(of: path))
        let taken = [
            ConversationFiles.metadata.filename, ConversationFiles.events.filename,
            ConversationFiles.exchangedConfig.filename, ConversationFiles.config.filename,
        ]
        let metadata = try bytes(ConversationFiles.metadata.filename, among: entries)
        let events = try bytes(ConversationFiles.events.filename, among: entries)
        let exchanged = try bytes(ConversationFiles.exchangedConfig.filename, among: entries)
        let config = try bytes(ConversationFiles.config.filename, among: entries)
        if exchanged != nil, config != nil {
            throw CommandFailure("both base_config.json and config.yaml are there, and only one can become config.yaml")
        }
        return try create(in: store) { draft in
            if let metadata { try draft.setBytes(metadata, for: ConversationFiles.metadata.filename) }
            if let events {
                if isSegmented {
                    let elements: [JSONValue] = try decode(events, of: ConversationFiles.events.filename)
                    try draft.setElements(elements, of: ConversationEvents.segments)
                } else {
                    try draft.setBytes(events, for: ConversationFiles.events.filename)
                    guard case .array = try decode(events, of: ConversationFiles.events.filename) as JSONValue else {
                        throw CommandFailure("\(ConversationFiles.events.filename): expected an array of events")
                    }
                }
            }
            if let config { try draft.setBytes(config, for: ConversationFiles.config.filename) }
            if let exchanged {
                try ConfigFile.write(
                    ConfigValue(try decode(exchanged, of: ConversationFiles.exchangedConfig.filename)), to: &draft)
            }
            for entry in entries.subtracting(taken).sorted() {
                if entry.hasPrefix("events-"), entry.hasSuffix(".jsonl") {
                    throw CommandFailure(
                        "\(entry): that name belongs to events in segments; call the file something else")
                }
                try draft.addUnmanaged(entry, copying: PathText(path).appending(entry))
            }
        }
    }

    /// The directory's name stays where it begins with an id, as far as the kernel allows so long a name.
    private func create(in store: ConversationStore, _ fill: (inout Draft) throws -> Void) throws -> Receipt {
        let name = ConversationName(self.name)
        if name.hasNumericID, name.description.utf8.count <= ConversationName.maximumLength {
            return try store.create(named: name, fill)
        }
        let slug = name.hasNumericID ? String(self.name.dropFirst(name.id.count)) : self.name
        if name.hasNumericID { return try store.create(named: ConversationName(id: name.id, title: slug), fill) }
        return try store.create(id: nil, title: slug, fill)
    }

    private func bytes(_ filename: String, among entries: Swift.Set<String>) throws -> Data? {
        entries.contains(filename) ? try InputFile.read(PathText(path).appending(filename)) : nil
    }

    private func decode<Value: Decodable>(_ bytes: Data, of filename: String) throws -> Value {
        do {
            return try ConversationFiles.json(filename).decode(
                Value.self, from: bytes, in: CodecContext(filename: filename))
        } catch {
            throw CommandFailure("\(filename): \(error)")
        }
    }

    private static func isConversation(_ entries: [String]) -> Bool {
        entries.contains(ConversationFiles.metadata.filename) || entries.contains(ConversationFiles.events.filename)
    }

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory
    }

    private static func entries(of path: String) throws(CommandFailure) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw CommandFailure("\(path): can't be listed: \(error.systemReason)")
        }
    }
}
