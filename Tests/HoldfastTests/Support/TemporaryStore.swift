import Foundation
import Holdfast
import HoldfastTesting
import Testing

/// A store in a directory of its own, that goes with it.
final class TemporaryStore {
    let folder: URL
    var options = StoreOptions()
    var codecs: CodecRegistry
    /// Called around every system call of stores that are opened from now on.
    var before: InterposedFileSystem.Hook = { (_, _) throws(SystemCallError) in }
    var after: InterposedFileSystem.Hook = { (_, _) throws(SystemCallError) in }

    var path: String { folder.appending(path: "store").path }

    init(durability: Durability = .processCrash) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        codecs = try CodecRegistry(NoteCodec())
        options.durability = durability
        // Long for a machine that is busy; tests that wait in vain have their own.
        options.lockTimeout = .seconds(60)
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            Issue.record("the temporary directory could not be removed: \(error)")
        }
    }

    func open() throws -> DocumentStore {
        try DocumentStore.open(
            at: path, on: InterposedFileSystem(before: before, after: after), codecs: codecs, options: options)
    }

    /// Opens the store as the next start does, without faults.
    func reopen() throws -> DocumentStore {
        try DocumentStore.open(at: path, on: POSIXFileSystem(), codecs: codecs, options: options)
    }

    // MARK: - What a person does

    func url(_ name: String) -> URL { folder.appending(path: "store").appending(path: name) }

    func write(_ text: String, to name: String) throws {
        let url = url(name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: url(name)), as: UTF8.self)
    }

    func delete(_ name: String) throws { try FileManager.default.removeItem(at: url(name)) }

    func exists(_ name: String) -> Bool {
        var status = stat()
        return lstat(url(name).path, &status) == 0
    }

    func status(_ name: String) throws -> stat {
        var status = stat()
        try #require(lstat(url(name).path, &status) == 0)
        return status
    }

    func inode(_ name: String) throws -> UInt64 { UInt64(try status(name).st_ino) }

    /// Everything in the store but the lock file: each path with what it holds.
    func tree(_ name: String = "") throws -> [String: String] {
        var tree: [String: String] = [:]
        try walk(url(name), prefix: "", into: &tree)
        return tree
    }

    private func walk(_ url: URL, prefix: String, into tree: inout [String: String]) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: url.path) where name != ".lock" {
            let item = url.appending(path: name)
            let path = prefix + name
            let type = try FileManager.default.attributesOfItem(atPath: item.path)[.type] as? FileAttributeType
            switch type {
            case .typeDirectory?:
                tree[path] = "directory"
                try walk(item, prefix: path + "/", into: &tree)
            case .typeSymbolicLink?:
                tree[path] = "-> " + (try FileManager.default.destinationOfSymbolicLink(atPath: item.path))
            case .typeRegular?: tree[path] = String(decoding: try Data(contentsOf: item), as: UTF8.self)
            default: tree[path] = type?.rawValue ?? "?"
            }
        }
    }

    /// The names at the store's top that are not documents, the lock file or the trash.
    func remnants() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { $0.hasPrefix(".") && $0 != ".lock" && $0 != ".trash" }.sorted()
    }
}

extension TemporaryStore {
    /// A document of three managed files, a draft of a person's, and a subfolder.
    func makeConversation(_ name: String = "X") throws {
        try open().update(name) { draft in
            try draft.set("old title", for: .metadata)
            try draft.set([1, 2, 3], for: .events)
            try draft.set("old config", for: .config)
        }
        try write("a question", to: "\(name)/QUERY_MESSAGE.md")
        try write("an attachment", to: "\(name)/files/deep/attachment.txt")
        try FileManager.default.createSymbolicLink(
            atPath: url("\(name)/link").path, withDestinationPath: "files/deep/attachment.txt")
    }
}
