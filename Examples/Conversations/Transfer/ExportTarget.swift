import CommandLineKit
import FoundationEssentials
import Glibc
import Holdfast
import HoldfastJSON

/// Where an export goes, and how it gets there: built by the kernel as the only document of a store beside the target,
/// then renamed to it in one step.
struct ExportTarget {
    /// The directory that the export becomes.
    let path: String

    init(_ path: String, name: String) {
        var isDirectory = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        self.path = exists && isDirectory ? PathText(path).appending(name) : path
    }

    func write(_ name: String, of store: ConversationStore, durability: Durability) throws -> Receipt {
        try TemporaryFolder.with(in: PathText(path).parent) { folder in
            var options = StoreOptions()
            options.durability = durability
            let exports = try DocumentStore.open(
                at: folder.path, codecs: CodecRegistry(ConversationFiles.exchanged), options: options)
            var receipt: Receipt?
            // Under the conversation's lock, so that no swap takes an entry away while it is copied.
            try store.documents.update(name) { source in
                if source.isNew { throw CommandFailure("\(name): the conversation is gone") }
                receipt = try exports.update(name) { try fill(&$0, from: &source, of: store) }
            }
            try move(folder.path(name), isDurable: durability == .powerLoss)
            guard let receipt else { preconditionFailure("an update that returns has called its body") }
            return receipt
        }
    }

    private func fill(_ target: inout Draft, from source: inout Draft, of store: ConversationStore) throws {
        for filename in [ConversationFiles.metadata.filename, ConversationFiles.events.filename] {
            if let bytes = try source.bytes(filename) { try target.setBytes(bytes, for: filename) }
        }
        if try ConversationEvents.areSegmented(in: try source.managedFiles(), of: source.document) {
            try target.set(try ConversationEvents.read(&source), for: ConversationFiles.events)
        }
        if let config = try source.value(ConversationFiles.config) {
            let config = config ?? .null
            let document = source.document
            try target.set(
                try config.json { number in
                    throw CommandFailure("\(document)/config.yaml: \(number) is a number that JSON has not")
                }, for: ConversationFiles.exchangedConfig)
        }
        let folder = store.path(of: source.document)
        for entry in try source.unmanagedEntries() {
            try target.addUnmanaged(entry, copying: PathText(folder).appending(entry))
        }
    }

    private func move(_ built: String, isDurable: Bool) throws {
        var standing = stat()
        if lstat(path, &standing) == 0 { throw CommandFailure("\(path): there is something already") }
        // What comes there at this very moment is replaced only if it is an empty directory: rename(2).
        guard rename(built, path) == 0 else {
            throw CommandFailure("\(path): the export can't be put there: \(String(cString: strerror(errno)))")
        }
        if !isDurable { return }
        let descriptor = open(PathText(path).parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // Nothing is written through it, so its close has nothing to report.
        defer { close(descriptor) }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw CommandFailure(
                "\(path): the export is there, but may not survive a power loss: \(String(cString: strerror(errno)))")
        }
    }
}
