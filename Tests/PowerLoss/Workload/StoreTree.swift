import Foundation

/// One entry of a document's directory.
enum Entry: Hashable, Sendable, CustomStringConvertible {
    case file(Content)
    /// A file whose bytes are no whole ``Content``.
    case tornFile(size: Int)
    case link(to: String)
    case folder
    case other(String)

    var description: String {
        switch self {
        case .file(let content): "\(content)"
        case .tornFile(let size): "TORN, \(size) bytes"
        case .link(let target): "-> \(target)"
        case .folder: "folder"
        case .other(let type): type
        }
    }
}

/// A document's entries by their paths, those in subfolders too.
typealias DocumentTree = [String: Entry]

/// What stands in a store's directory.
struct StoreTree: Equatable, Sendable, CustomStringConvertible {
    /// Directories by name, remnants too.
    var documents: [String: DocumentTree] = [:]
    /// Everything that isn't a directory.
    var others: [String] = []
    /// A file beside the store.
    var settings: Entry?

    init() {}

    /// Reads a directory; nil where there is none.
    init?(readingDirectory path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            let inner = path + "/" + name
            guard try Self.entry(inner) == .folder else {
                others.append(name)
                continue
            }
            var tree: DocumentTree = [:]
            for entry in try FileManager.default.subpathsOfDirectory(atPath: inner) {
                tree[entry] = try Self.entry(inner + "/" + entry)
            }
            documents[name] = tree
        }
        others.sort()
        settings = try Self.settings(besideStore: path)
    }

    /// Reads the file beside the store; nil where there is none.
    static func settings(besideStore path: String) throws -> Entry? {
        let file = Self.settingsPath(besideStore: path)
        return FileManager.default.fileExists(atPath: file) ? try entry(file) : nil
    }

    static func settingsPath(besideStore path: String) -> String { path + "-settings" }

    private static func entry(_ path: String) throws -> Entry {
        let type = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        switch type {
        case .typeDirectory?: return .folder
        case .typeSymbolicLink?: return .link(to: try FileManager.default.destinationOfSymbolicLink(atPath: path))
        case .typeRegular?:
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            return Content(bytes).map(Entry.file) ?? .tornFile(size: bytes.count)
        case let type: return .other(type?.rawValue ?? "unknown")
        }
    }

    var description: String {
        var lines: [String] = []
        for (name, tree) in documents.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(name)/")
            for (path, entry) in tree.sorted(by: { $0.key < $1.key }) { lines.append("    \(path): \(entry)") }
        }
        lines += others.map { "  \($0)" }
        if let settings { lines.append("  ../store-settings: \(settings)") }
        return lines.isEmpty ? "  (empty)" : lines.joined(separator: "\n")
    }
}
