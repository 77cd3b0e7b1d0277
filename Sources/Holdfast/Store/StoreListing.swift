/// One look at the store's directory: its documents, and what crashes left between them.
struct StoreListing {
    /// Every document, in order, also one of which only the previous generation stands at this moment.
    private(set) var names: [String] = []
    /// Documents that have something beside them.
    private(set) var remnants: Set<DocumentName> = []
    /// What stands where it should not.
    private(set) var warnings: [Warning] = []

    init(of root: Directory) throws {
        var found = try root.gatherEntries(into: Found()) { found, name, kind in
            if kind == .directory, name.first != UInt8(ascii: "."), name.count <= DocumentName.maximumLength {
                found.documents.append(name)
            } else {
                found.others.append((EntryName(bytes: name), kind))
            }
        }
        for (name, kind) in found.others {
            guard let kind = try root.kind(kind, of: name) else { continue }
            if name.hasPrefix(".") {
                note(name, kind)
            } else if kind == .directory {
                if let document = DocumentName(found: name) {
                    found.documents.append(document.entry)
                } else {
                    warn(name, "this directory's name can't be a document's; rename it")
                }
            } else if kind == .symbolicLink {
                warn(name, "a symbolic link is not followed; it is no document")
            }
        }
        for document in displaced { found.documents.append(document.entry) }
        let (names, faulty) = found.documents.sorted()
        self.names = names
        // What is held open stays readable, and empty, behind its removal.
        if names.isEmpty, try root.status().linkCount == 0 { throw HoldfastError.storeRemoved }
        for name in faulty { warn(name, "this directory's name can't be a document's; rename it") }
    }

    private struct Found {
        var documents = NameList()
        var others: [(name: EntryName, kind: EntryKind?)] = []
    }

    /// Every document and every remnant's, in order.
    var everything: [DocumentName] {
        let documents = self.documents
        if remnants.isEmpty { return documents }
        return (documents + remnants.subtracting(documents)).sorted()
    }

    var documents: [DocumentName] { names.map { DocumentName(listed: $0) } }

    /// Documents of which a previous generation stands.
    private var displaced: Set<DocumentName> = []

    private mutating func note(_ name: EntryName, _ kind: EntryKind) {
        let prefixes: [(String, EntryKind)] = [
            (DocumentName.stagingPrefix, .directory), (DocumentName.oldPrefix, .directory),
            (DocumentName.removedPrefix, .directory), (DocumentName.recordPrefix, .file),
        ]
        for (prefix, expected) in prefixes where name.hasPrefix(prefix) {
            guard let document = DocumentName(found: name.dropping(prefix: prefix)) else {
                return warn(name, "this belongs to no document; remove it if nobody misses it")
            }
            guard kind == expected else {
                return warn(name, "a \(kind) stands where a \(expected) should be; move it away")
            }
            remnants.insert(document)
            if prefix == DocumentName.oldPrefix { displaced.insert(document) }
        }
        if name == StoreLocks.fileName, kind != .file { warn(name, "a \(kind) stands where the lock file should be") }
        if name == Trash.directoryName, kind != .directory {
            warn(name, "a \(kind) stands where the trash should be; move it away")
        }
    }

    private mutating func warn(_ name: EntryName, _ message: String) {
        warnings.append(Warning(document: nil, message: "`\(name)`: \(message)"))
    }
}
