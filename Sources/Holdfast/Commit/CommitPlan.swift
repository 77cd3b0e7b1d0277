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
    /// The managed files that the draft was made without.
    let missing: Set<EntryName>
    /// Files that are written anew, as they were found when they were compared: still open, since what they have besides
    /// their bytes is copied from them.
    let compared: [EntryName: (file: OpenFile, status: FileStatus)]
    /// The managed files that were looked at, and that the commit leaves as they are.
    let found: [KnownDurability.File]
    let shape: Shape

    /// How many files are held open between the comparison and the commit, at most.
    private static let openFileLimit = 16

    /// Plans a commit.
    ///
    /// - Parameters:
    ///   - draft: What is wanted.
    ///   - name: The document that it is to be a draft of.
    ///   - newName: Another name for the document.
    ///   - isAlone: Whether it is the only plan at this moment, so that it may hold files open.
    /// - Throws: What a look at the files met.
    init(_ draft: borrowing Draft, of name: DocumentName, newName: DocumentName? = nil, isAlone: Bool) throws {
        guard draft.name == name else {
            throw HoldfastError(
                .conflict, "the draft is another document's, `\(draft.name)`", document: name.description,
                remedy: "change the draft that the update was given")
        }
        document = name
        self.newName = newName
        directory = draft.directory
        files = draft.files
        missing = draft.missing
        var changes = draft.changes
        var compared: [EntryName: (file: OpenFile, status: FileStatus)] = [:]
        var found: [KnownDurability.File] = []
        if let directory {
            compared = try Self.reduce(
                &changes, to: directory, known: files, missing: missing,
                holding: isAlone ? Self.openFileLimit : 0, durability: draft.context.durability, found: &found)
        } else {
            for name in changes.removals { changes.forgetRemoval(name) }
        }
        self.changes = changes
        self.compared = compared
        self.found =
            found + files.filter { changes.writes[$0.key] == nil }.map { KnownDurability.File($0.value.status) }
        // A directory whose flush has failed is replaced, whatever changes in it.
        let durability = draft.context.durability
        let isDoubtful =
            try durability.hasDoubts && directory.map { try durability.isDoubtful($0.status().identity) } ?? false
        shape =
            newName != nil || (isDoubtful && !changes.isEmpty)
            ? .nextGeneration : try Self.shape(of: changes, in: directory, compared: compared)
    }

    /// Closes the files that were compared: one that is deleted while it is open stays behind on FUSE.
    func closeCompared() throws(SystemCallError) {
        for (_, (file, _)) in compared.sorted(by: { $0.key < $1.key }) { try file.close() }
    }

    /// Forgets changes that would change nothing.
    ///
    /// A different size settles it without reading, and what the draft has read is not read again. What a failed flush has
    /// left in doubt is written anew.
    ///
    /// - Returns: As many of the files that differ as may be held open.
    private static func reduce(
        _ changes: inout DraftChanges, to directory: Directory, known: [EntryName: DraftFile],
        missing: Set<EntryName>, holding limit: Int, durability: KnownDurability, found: inout [KnownDurability.File]
    ) throws -> [EntryName: (file: OpenFile, status: FileStatus)] {
        var compared: [EntryName: (file: OpenFile, status: FileStatus)] = [:]
        for (name, data) in changes.writes.sorted(by: { $0.key < $1.key }) {
            if let known = known[name] {
                // A codec that asked for the file behind the draft has found it.
                if missing.contains(name) { throw HoldfastError.changedMeanwhile(name.description) }
                if known.data == data, !durability.isDoubtful(known.status.identity) { changes.forgetWrite(name) }
            } else if let current = try directory.openFileIfPresent(name) {
                if missing.contains(name) { throw HoldfastError.changedMeanwhile(name.description) }
                if try !durability.isDoubtful(current.status.identity) && current.status.size == Int64(data.count)
                    && current.file.holds(data)
                {
                    changes.forgetWrite(name)
                    found.append(KnownDurability.File(current.status))
                } else if compared.count < limit {
                    compared[name] = current
                }
            }
        }
        for name in changes.removals.sorted() {
            guard let status = try directory.statusIfPresent(of: name) else {
                changes.forgetRemoval(name)
                continue
            }
            guard status.kind == .file else {
                throw HoldfastError.notARegularFile(name.description, found: status.kind)
            }
        }
        return compared
    }

    private static func shape(
        of changes: DraftChanges, in directory: Directory?,
        compared: [EntryName: (file: OpenFile, status: FileStatus)]
    ) throws -> Shape {
        if changes.isEmpty { return .unchanged }
        guard let directory, changes.removals.isEmpty, changes.additions.isEmpty else { return .nextGeneration }
        if changes.unmanagedRemovals.isEmpty, changes.writes.count == 1, let name = changes.writes.keys.first,
            try compared[name] != nil || directory.statusIfPresent(of: name) != nil
        {
            return .replaceFile(name)
        }
        return .nextGeneration
    }
}
