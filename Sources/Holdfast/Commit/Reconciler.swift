/// Step 7 of a commit: what a person did to unmanaged entries between the carry-over and the swap happens to the new
/// generation too.
///
/// The old generation is emptied entry by entry as each is found accounted for; what is left is the person's doing. So an
/// entry is deleted only when it is known to stand in the new generation, or to be one that the commit was to drop.
struct Reconciler {
    let document: DocumentName
    let context: StoreContext
    /// What became of what a person did.
    private(set) var actions: [Receipt.Reconciliation] = []
    private let isDurable: Bool

    init(document: DocumentName, context: StoreContext, isDurable: Bool) {
        self.document = document
        self.context = context
        self.isDurable = isDurable
    }

    /// Empties one directory of the old generation.
    ///
    /// - Parameters:
    ///   - old: The old generation's directory.
    ///   - new: The new generation's; nil where a person has removed it since the swap.
    ///   - carried: What was carried from it.
    ///   - dropped: What the commit replaced or dropped on purpose, as it was then: the old managed files, and the
    ///     entries that the draft removed.
    ///   - path: The directory's path in the document, with a slash behind it; empty at the top.
    /// - Throws: What a system call met; the directory holds then what is not accounted for yet.
    mutating func drain(
        _ old: Directory, into new: Directory?, carried: [EntryName: CarryOver.Entry],
        dropped: [EntryName: FileStatus], path: String
    ) throws(SystemCallError) {
        var seen: Set<EntryName> = []
        let actionsBefore = actions.count
        for (name, kind) in try old.entries() where !isDeletedButOpen(name) {
            // Gone since it was listed: deleted like any that was gone before.
            guard let status = try old.statusIfPresent(of: name) else { continue }
            seen.insert(name)
            if let before = dropped[name], before.isSameContent(as: status) {
                _ = try RemoveTree.remove(name, in: old)
            } else if let entry = carried[name], kind == .directory, entry.status.isSameContent(as: status) {
                let subdirectory = try Directory(name, in: old)
                if status.mode & 0o700 != 0o700 { try subdirectory.setMode(status.mode | 0o700) }
                var counterpart: Directory?
                if let new { counterpart = try directory(name, in: new) }
                try drain(
                    subdirectory, into: counterpart, carried: entry.children, dropped: [:], path: "\(path)\(name)/")
                _ = try RemoveTree.removeEmptied(name, in: old)
            } else if let entry = carried[name], entry.accountsFor(status) {
                try old.removeFile(name)
            } else {
                try bring(name, status, from: old, to: new, carried: carried[name], path: path)
            }
        }
        // After the arrivals: what was renamed has arrived under its new name by now.
        guard let new else { return }
        for (name, entry) in carried where !seen.contains(name) {
            try delete(name, in: new, carried: entry, path: path)
        }
        // What has come is durable in its new place before the directory that it was in goes.
        if isDurable, actions.count > actionsBefore { try new.flush() }
    }

    private func directory(_ name: EntryName, in parent: Directory) throws(SystemCallError) -> Directory? {
        do {
            return try parent.subdirectoryIfPresent(name)
        } catch  where error.errno == .notADirectory || error.errno == .loop {
            return nil
        }
    }

    /// Brings a person's entry into the new generation.
    private mutating func bring(
        _ name: EntryName, _ status: FileStatus, from old: Directory, to new: Directory?, carried: CarryOver.Entry?,
        path: String
    ) throws(SystemCallError) {
        // A managed file that the commit wrote or removed is the commit's; a person's version of it is kept aside.
        let isCommitted = path.isEmpty && carried == nil && context.codecs.manages(name)
        guard let new, !isCommitted else {
            return try trash(name, from: old, path: path)
        }
        guard let standing = try new.statusIfPresent(of: name) else {
            try context.renameWithoutReplacing(name, in: old, to: name, in: new)
            actions.append(.init(path: "\(path)\(name)", action: .created))
            return
        }
        if let carried, carried.isUntouched(standing) {
            if standing.kind == .directory {
                // Only what was carried and is untouched goes; anything else in it stays, and the newcomer is trashed.
                try delete(name, in: new, carried: carried, path: path)
                guard try new.statusIfPresent(of: name) == nil else {
                    return try trash(name, from: old, path: path)
                }
            } else if status.kind == .directory {
                try new.removeFile(name)
            }
            try old.rename(name, to: name, in: new)
            actions.append(.init(path: "\(path)\(name)", action: .replaced))
        } else if status.modification > standing.modification {
            try trash(name, from: new, path: path)
            try context.renameWithoutReplacing(name, in: old, to: name, in: new)
            actions.append(.init(path: "\(path)\(name)", action: .replaced))
        } else {
            try trash(name, from: old, path: path)
        }
    }

    /// Deletes from the new generation what a person deleted from the old one, unless it was touched since.
    private mutating func delete(
        _ name: EntryName, in new: Directory, carried: CarryOver.Entry, path: String
    ) throws(SystemCallError) {
        guard let standing = try new.statusIfPresent(of: name), carried.isUntouched(standing) else { return }
        if standing.kind == .directory {
            let subdirectory = try Directory(name, in: new)
            if standing.mode & 0o700 != 0o700 { try subdirectory.setMode(standing.mode | 0o700) }
            for (child, entry) in carried.children {
                try delete(child, in: subdirectory, carried: entry, path: "\(path)\(name)/")
            }
            do {
                try new.removeDirectory(name)
            } catch  where error.errno == .notEmpty || error.errno == .exists {
                return
            }
        } else {
            try new.removeFile(name)
        }
        actions.append(.init(path: "\(path)\(name)", action: .deleted))
    }

    private mutating func trash(_ name: EntryName, from directory: Directory, path: String) throws(SystemCallError) {
        _ = try Trash(context: context).move(name, from: directory, labelled: (document.entry + "~") + name.description)
        actions.append(.init(path: "\(path)\(name)", action: .trashed))
    }
}

extension FileStatus {
    /// Whether another look at the same name found the same file with the same content, as far as a status tells.
    func isSameContent(as other: FileStatus) -> Bool {
        identity == other.identity && kind == other.kind
            && (kind == .directory || (size == other.size && modification == other.modification))
    }
}

extension CarryOver.Entry {
    /// Whether what the old generation has now is in the new one already.
    func accountsFor(_ now: FileStatus) -> Bool {
        guard now.identity == status.identity else { return false }
        // One inode: edits in place show in both. A copy does not follow them.
        return isLinked || now.isSameContent(as: status)
    }

    /// Whether what stands in the new generation is still what was carried there.
    func isUntouched(_ standing: FileStatus) -> Bool {
        if standing.kind != status.kind { return false }
        if isLinked && standing.identity != status.identity { return false }
        return standing.kind == .directory
            || (standing.size == status.size && standing.modification == status.modification)
    }
}
