import Foundation
import Holdfast
import HoldfastTesting
import Testing

/// The kinds of commit, each with what may stand before and after it.
enum CommitShape: String, CaseIterable, CustomTestStringConvertible {
    case firstSave, oneFile, twoFiles, fileComes, fileGoes, allFilesGo, draftConsumed, folderRemoved, entryAdded
    case renamed, renamedAndChanged, removed, afterRemnants

    var testDescription: String { rawValue }

    /// The old generation; nil where there is none.
    private var start: [String: String]? {
        self == .firstSave
            ? nil
            : [
                "X": "directory", "X/metadata.json": "\"old title\"", "X/events.json": "[1,2,3]",
                "X/config.yaml": "\"old config\"", "X/QUERY_MESSAGE.md": "a question", "X/files": "directory",
                "X/files/deep": "directory", "X/files/deep/attachment.txt": "an attachment",
                "X/link": "-> files/deep/attachment.txt",
            ]
    }

    private var end: [String: String] {
        var tree = start ?? ["X": "directory"]
        switch self {
        case .firstSave:
            tree["X/metadata.json"] = "\"new title\""
            tree["X/events.json"] = "[9]"
        case .oneFile: tree["X/events.json"] = "[9]"
        case .twoFiles, .afterRemnants, .renamedAndChanged:
            tree["X/metadata.json"] = "\"new title\""
            tree["X/events.json"] = "[9]"
        case .fileComes: tree["X/part-1.json"] = "\"part\""
        case .fileGoes: tree["X/config.yaml"] = nil
        case .allFilesGo: for name in ["metadata.json", "events.json", "config.yaml"] { tree["X/" + name] = nil }
        case .draftConsumed:
            tree["X/events.json"] = "[9]"
            tree["X/QUERY_MESSAGE.md"] = nil
        case .folderRemoved: for name in ["", "/deep", "/deep/attachment.txt"] { tree["X/files" + name] = nil }
        case .entryAdded: tree["X/added.txt"] = "from outside"
        case .renamed: break
        case .removed: return [:]
        }
        if self == .renamed || self == .renamedAndChanged {
            return Dictionary(uniqueKeysWithValues: tree.map { ("Y" + $0.key.dropFirst(), $0.value) })
        }
        return tree
    }

    /// The generations that may stand after a crash; the last is that of the commit.
    var generations: [[String: String]] { [start ?? [:], end] }

    func lay(in store: TemporaryStore) throws {
        if self == .firstSave { _ = try store.reopen() } else { try store.makeConversation() }
        try Data("from outside".utf8).write(to: store.folder.appending(path: "outside.txt"))
        if self == .afterRemnants {
            try store.write("\"half\"", to: ".staging-X/metadata.json")
            try store.write("half", to: "X/events.json.tmp")
        }
    }

    @discardableResult
    func commit(_ opened: DocumentStore, _ store: TemporaryStore) throws -> Receipt {
        let outside = store.folder.appending(path: "outside.txt").path
        switch self {
        case .renamed: return try opened.rename("X", to: "Y")
        case .removed: return try opened.remove("X")
        case .renamedAndChanged: return try opened.update("X", renamingTo: "Y") { try change(&$0, outside) }
        default: return try opened.update("X") { try change(&$0, outside) }
        }
    }

    private func change(_ draft: inout Draft, _ outside: String) throws {
        switch self {
        case .firstSave, .twoFiles, .afterRemnants, .renamedAndChanged:
            try draft.set("new title", for: .metadata)
            try draft.set([9], for: .events)
        case .oneFile: try draft.set([9], for: .events)
        case .fileComes: try draft.set("part", for: ManagedFile("part-1.json"))
        case .fileGoes: try draft.remove("config.yaml")
        case .allFilesGo: for name in try draft.managedFiles() { try draft.remove(name) }
        case .draftConsumed:
            try draft.set([9], for: .events)
            try draft.removeUnmanaged("QUERY_MESSAGE.md")
        case .folderRemoved: try draft.removeUnmanaged("files")
        case .entryAdded: try draft.addUnmanaged("added.txt", copying: outside)
        case .renamed, .removed: break
        }
    }
}

/// How much of the file system's help a commit has.
enum Help: String, CaseIterable, CustomTestStringConvertible {
    case everything, withoutExchange, withoutLinks, withoutBoth

    var testDescription: String { rawValue }

    var withheld: Set<Capability> {
        switch self {
        case .everything: []
        case .withoutExchange: [.exchange]
        case .withoutLinks: [.link, .clone]
        case .withoutBoth: [.exchange, .noReplace, .link, .clone, .copyRange]
        }
    }
}
