import FoundationEssentials

/// What is seen of one document: everything that recovery decides by.
struct Remnants: Equatable {
    /// What stands at a name that should be a directory's.
    enum Standing: Equatable {
        case absent
        case directory
        /// Something else; it is reported and left as it is.
        case unexpected(EntryKind)
    }

    /// `.commit-X`.
    enum Record: Equatable {
        case absent
        /// Never completed: the swap had not begun.
        case broken
        case whole(CommitRecord)
        case unexpected(EntryKind)
    }

    /// `X`.
    var live = Standing.absent
    /// `.staging-X`.
    var staging = Standing.absent
    /// `.old-X`.
    var old = Standing.absent
    /// `.removed-X`.
    var removed = Standing.absent
    var record = Record.absent
    /// Whether the directory that the record calls the document's origin still stands at its old name.
    var originStands = false
    /// Whether `X` holds a managed file.
    var liveIsManaged = false
    /// Whether `.old-X` holds a managed file that the commit was not to drop.
    var oldIsManaged = false
    /// `NAME.tmp` of managed files, in the generation that stays.
    var orphans: [EntryName] = []

    var commitRecord: CommitRecord? {
        if case .whole(let record) = record { return record }
        return nil
    }
}

extension Remnants {
    /// Looks at a document.
    ///
    /// Under the document's lock, what is seen stays so.
    init(of document: DocumentName, in context: StoreContext) throws {
        live = try Self.standing(document.entry, in: context.root)
        staging = try Self.standing(document.staging, in: context.root)
        old = try Self.standing(document.old, in: context.root)
        removed = try Self.standing(document.removed, in: context.root)
        let written: Timestamp?
        (record, written) = try Self.record(document.record, in: context.root)
        let settled = commitRecord
        if let origin = settled?.origin, let written,
            let status = try context.root.statusIfPresent(of: origin.document.entry)
        {
            // The inode of a directory that is gone may be a new document's. That one is younger than the record.
            originStands =
                status.kind == .directory && status.identity.inode == origin.inode && status.modification <= written
        }
        let staying = live == .directory ? document.entry : old == .directory ? document.old : nil
        // Without the lock, it may have gone in the meantime.
        if let staying, let entries = try context.root.subdirectoryIfPresent(staying)?.entries() {
            orphans = entries.filter { context.isOrphan($0.name, $0.kind) }.map(\.name).sorted()
            liveIsManaged = entries.contains { context.isManaged($0.name, $0.kind) }
        }
        if live == .directory, !liveIsManaged, old == .directory,
            let directory = try context.root.subdirectoryIfPresent(document.old)
        {
            let entries = try directory.entries()
            oldIsManaged = try entries.contains { entry in
                guard context.isManaged(entry.name, entry.kind),
                    let status = try directory.statusIfPresent(of: entry.name)
                else { return false }
                return settled?.settles(entry.name, status) != true
            }
            // It is the one that stays then.
            if oldIsManaged { orphans += entries.filter { context.isOrphan($0.name, $0.kind) }.map(\.name).sorted() }
        }
    }

    private static func standing(_ name: EntryName, in root: Directory) throws -> Standing {
        switch try root.statusIfPresent(of: name)?.kind {
        case nil: .absent
        case .directory: .directory
        case .some(let kind): .unexpected(kind)
        }
    }

    /// - Returns: The record, and when it was written.
    private static func record(_ name: EntryName, in root: Directory) throws -> (Record, Timestamp?) {
        guard let kind = try root.statusIfPresent(of: name)?.kind else { return (.absent, nil) }
        guard kind == .file else { return (.unexpected(kind), nil) }
        guard let (file, status) = try root.openFileIfPresent(name) else { return (.absent, nil) }
        let record = CommitRecord(try file.readAll(size: status.size)).map(Record.whole) ?? .broken
        return (record, status.modification)
    }
}
