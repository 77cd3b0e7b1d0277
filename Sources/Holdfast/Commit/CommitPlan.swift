import FoundationEssentials

/// Step 2 of a commit: what of a draft differs from what is on disk, and the least that makes the difference.
struct CommitPlan {
    enum Shape {
        /// Nothing differs.
        case unchanged
        /// Exactly one managed file differs, and none comes or goes: one rename is atomic by itself.
        case replaceFile(EntryName)
        /// Anything else takes a whole next generation.
        case nextGeneration
    }

    let document: DocumentName
    /// The name that the document is to have, where the commit renames it.
    let newName: DocumentName?
    /// The document's directory; nil for a new document.
    let directory: Directory?
    let changes: DraftChanges
    /// The managed files that the draft was made from.
    let files: [EntryName: DraftFile]
    let shape: Shape

    init(_ draft: borrowing Draft, newName: DocumentName? = nil) throws {
        document = draft.name
        self.newName = newName
        directory = draft.directory
        files = draft.files
        var changes = draft.changes
        if let directory {
            try Self.reduce(&changes, to: directory, known: files)
        } else {
            for name in changes.removals { changes.forgetRemoval(name) }
        }
        self.changes = changes
        shape = try Self.shape(of: changes, in: directory, isRenaming: newName != nil)
    }

    /// Forgets changes that would change nothing.
    ///
    /// A different size settles it without reading, and what the draft has read is not read again.
    private static func reduce(
        _ changes: inout DraftChanges, to directory: Directory, known: [EntryName: DraftFile]
    ) throws {
        for (name, data) in changes.writes {
            if let known = known[name] {
                if known.data == data { changes.forgetWrite(name) }
            } else if let current = try directory.openFileIfPresent(name), current.status.size == Int64(data.count),
                try current.file.readAll(size: current.status.size) == data
            {
                changes.forgetWrite(name)
            }
        }
        for name in changes.removals {
            guard let status = try directory.statusIfPresent(of: name) else {
                changes.forgetRemoval(name)
                continue
            }
            guard status.kind == .file else {
                throw HoldfastError.notARegularFile(name.description, found: status.kind)
            }
        }
    }

    private static func shape(
        of changes: DraftChanges, in directory: Directory?, isRenaming: Bool
    ) throws -> Shape {
        if isRenaming { return .nextGeneration }
        if changes.isEmpty { return .unchanged }
        guard let directory, changes.removals.isEmpty, changes.additions.isEmpty else { return .nextGeneration }
        if changes.unmanagedRemovals.isEmpty, changes.writes.count == 1, let name = changes.writes.keys.first,
            try directory.statusIfPresent(of: name) != nil
        {
            return .replaceFile(name)
        }
        return .nextGeneration
    }
}
