/// One look at the store's directory: its documents, and what crashes left between them.
struct StoreListing {
    /// Every document, also one of which only the previous generation stands at this moment.
    private(set) var documents: [DocumentName] = []
    /// Documents that have something beside them.
    private(set) var remnants: Set<DocumentName> = []
    /// What stands where it should not.
    private(set) var warnings: [Warning] = []

    init(of root: Directory) throws(SystemCallError) {
        var live: Set<DocumentName> = []
        for (name, kind) in try root.entries() {
            if name.bytes.first == UInt8(ascii: ".") {
                note(name, kind)
            } else if kind == .directory {
                if let document = DocumentName(found: name) {
                    live.insert(document)
                } else {
                    warn(name, "this directory's name can't be a document's; rename it")
                }
            } else if kind == .symbolicLink {
                warn(name, "a symbolic link is not followed; it is no document")
            }
        }
        live.formUnion(displaced)
        documents = live.sorted()
    }

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
