/// Step 7 of a commit: what a person did to unmanaged entries between the carry-over and the swap happens to the new
/// generation too.
///
/// The old generation is emptied entry by entry as each is found accounted for; what is left is the person's doing. So an
/// entry is deleted only when it is known to stand in the new generation, or to be one that the commit was to drop.
struct Reconciler {
    /// When a directory of the new generation is flushed, before the old one's that it was filled from goes.
    enum Flushing {
        case never
        case ifChanged
        /// Also for what an earlier recovery has brought, which was killed before it could flush it.
        case always
    }

    let document: DocumentName
    let context: StoreContext
    /// What became of what a person did.
    private(set) var actions: [Receipt.Reconciliation] = []
    /// What was not as it should be, besides what is thrown.
    private(set) var warnings: [String] = []
    private let flushing: Flushing
    /// Whether what comes keeps its name even against something newer.
    private let prefersArrivals: Bool

    init(document: DocumentName, context: StoreContext, flushing: Flushing, prefersArrivals: Bool = false) {
        self.prefersArrivals = prefersArrivals
        self.document = document
        self.context = context
        self.flushing = flushing
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
    ) throws {
        var seen: Set<EntryName> = []
        let actionsBefore = actions.count
        func account(for entry: EntryName, _ kind: EntryKind) throws {
            let name = try drain(entry, kind, of: old, into: new, carried: carried, dropped: dropped, path: path)
            if let name { seen.insert(name) }
        }
        for (entry, kind) in try old.entries() where !isDeletedButOpen(entry) { try account(for: entry, kind) }
        // A listing may miss a name that is renamed over meanwhile (readdir(3)).
        for name in carried.keys.filter({ !seen.contains($0) }).sorted() {
            if let kind = try old.statusIfPresent(of: name)?.kind { try account(for: name, kind) }
        }
        // After the arrivals: what was renamed has arrived under its new name by now.
        guard let new else { return }
        let missing = carried.filter { !seen.contains($0.key) }
        // One that is gone itself, with all that was in it, says nothing of its entries.
        if !missing.isEmpty, try old.status().linkCount > 0 {
            for (name, entry) in missing.sorted(by: { $0.key < $1.key }) where try old.statusIfPresent(of: name) == nil
            {
                try delete(name, in: new, aside: old, carried: entry, path: path)
            }
        }
        // What has come is durable in its new place before the directory that it was in goes.
        switch flushing {
        case .never: break
        case .ifChanged: if actions.count > actionsBefore { try new.flush() }
        case .always: try new.flush()
        }
    }

    /// Accounts for one entry of the old generation.
    ///
    /// - Returns: The name that it had, whatever became of it; nil where it has gone.
    private mutating func drain(
        _ entry: EntryName, _ kind: EntryKind, of old: Directory, into new: Directory?,
        carried: [EntryName: CarryOver.Entry], dropped: [EntryName: FileStatus], path: String
    ) throws -> EntryName? {
        // A person's own file may have a name like those of taken entries.
        let isOwnName = carried[entry] != nil || dropped[entry] != nil
        guard let found = try take(entry, kind, from: old, path: path) else { return nil }
        let name = isOwnName ? entry : try Self.label(of: entry, beside: new)
        if let before = dropped[name], before.isUntouched(found.status) {
            if found.status.kind == .directory {
                _ = try RemoveTree.remove(found.name, in: old)
            } else {
                try old.removeFile(found.name)
            }
        } else if let carried = carried[name], kind == .directory, carried.status.isSameContent(as: found.status) {
            let subdirectory = try Directory(found.name, in: old)
            try subdirectory.makeWritable(found.status)
            let counterpart = try new?.folderIfPresent(name)
            let path = "\(path)\(name)"
            if let counterpart, found.status.change != carried.status.change {
                // Closed to others meanwhile, maybe.
                let pair = CopyMetadata.Pair(from: subdirectory, to: counterpart, entry: EntryName(path))
                if let loss = try CopyMetadata.copyAccess(pair, status: found.status) { warnings.append(loss) }
            }
            try Nesting.enter(level: Nesting.level(of: path)) {
                try drain(subdirectory, into: counterpart, carried: carried.children, dropped: [:], path: path + "/")
            }
            _ = try RemoveTree.removeEmptied(found.name, in: old)
        } else if let carried = carried[name], carried.accountsFor(found.status) {
            try old.removeFile(found.name)
        } else {
            try bringOrReturn(name, found, from: old, to: new, carried: carried[name], path: path)
        }
        return name
    }

    // MARK: - Taking names away

    /// An entry under the name that it has now.
    private struct Found {
        let name: EntryName
        let status: FileStatus
    }

    /// What an entry of the old generation is called while it is looked at.
    private static let takenPrefix = ".holdfast-taken-"

    /// The name that an entry had before it was taken, maybe by a commit that a crash has ended.
    ///
    /// Not so where the other generation has an entry under the whole name: a person has given it that.
    static func label(of name: EntryName, beside other: Directory?) throws(SystemCallError) -> EntryName {
        guard name.hasPrefix(takenPrefix), try other?.statusIfPresent(of: name) == nil else { return name }
        return name.dropping(prefix: takenPrefix)
    }

    /// Takes an entry's name away, then looks at it: between a look and a deletion under the same name, somebody who works
    /// in this directory could save something else there.
    ///
    /// Folders are emptied in place, and managed files are nobody else's to write.
    ///
    /// - Returns: The entry; nil where it has gone.
    private func take(
        _ name: EntryName, _ kind: EntryKind, from old: Directory, path: String
    ) throws(SystemCallError) -> Found? {
        let isManaged = path.isEmpty && context.isManaged(name, kind)
        if kind != .directory, !isManaged, !name.hasPrefix(Self.takenPrefix) {
            if let found = try takeAside(name, from: old, into: old) { return found }
        }
        return try old.statusIfPresent(of: name).map { Found(name: name, status: $0) }
    }

    /// - Returns: The entry, in `aside`; nil where it has gone, or its name is too long or taken already.
    private func takeAside(
        _ name: EntryName, from directory: Directory, into aside: Directory
    ) throws(SystemCallError) -> Found? {
        let taken = Self.takenPrefix + name
        guard taken.count <= 255 else { return nil }
        do {
            try context.move(name, from: directory, to: taken, in: aside)
        } catch {
            switch error.errno {
            case .notFound, .exists: return nil
            default: throw error
            }
        }
        return Found(name: taken, status: try aside.status(of: taken))
    }

    /// Brings a person's entry into the new generation; where that fails, it gets its name back.
    private mutating func bringOrReturn(
        _ name: EntryName, _ found: Found, from old: Directory, to new: Directory?, carried: CarryOver.Entry?,
        path: String
    ) throws {
        do {
            try bring(name, found, from: old, to: new, carried: carried, path: path)
        } catch {
            giveBack(name, found, in: old)
            throw error
        }
    }

    private mutating func giveBack(_ name: EntryName, _ found: Found, in old: Directory) {
        if found.name == name { return }
        do {
            try context.renameWithoutReplacing(found.name, in: old, to: name, in: old)
        } catch {
            // Under either name, recovery knows the entry.
            warnings.append("`\(found.name)` could not get its name `\(name)` back (\(error))")
        }
    }

    /// Brings a person's entry into the new generation.
    ///
    /// What stands under its name there gives way first, and is looked at then: somebody may save there at any moment. What
    /// was carried over goes; of two versions the newer keeps the name, and the other is kept aside.
    private mutating func bring(
        _ name: EntryName, _ found: Found, from old: Directory, to new: Directory?, carried: CarryOver.Entry?,
        path: String
    ) throws {
        // A managed file that the commit wrote or removed is the commit's; a person's version of it is kept aside.
        let isCommitted = path.isEmpty && carried == nil && context.codecs.manages(name)
        guard let new, !isCommitted else { return try trash(found.name, from: old, as: name, path: path) }
        var arriving = found
        var outdated = carried
        var action: Receipt.Reconciliation.Action? = .created
        var hasArrived = false
        while true {
            guard let standing = try new.statusIfPresent(of: name) else {
                guard try arrive(name, arriving, from: old, in: new) else { continue }
                if let action { actions.append(.init(path: "\(path)\(name)", action: action)) }
                return
            }
            if standing.identity == arriving.status.identity, standing.kind != .directory {
                // It was saved just before it was carried over: both generations have it.
                return try old.removeFile(arriving.name)
            }
            let isNewer = arriving.status.modification > standing.modification
            guard outdated?.isUntouched(standing) ?? false || (prefersArrivals ? !hasArrived : isNewer) else {
                try trash(arriving.name, from: old, as: name, path: path)
                if hasArrived { actions.append(.init(path: "\(path)\(name)", action: .replaced)) }
                return
            }
            guard let displaced = try displace(name, standing, by: arriving, from: old, in: new, path: path) else {
                if try old.statusIfPresent(of: arriving.name) == nil { return }
                continue
            }
            let isExchanged = displaced.name == arriving.name
            if isExchanged { hasArrived.toggle() }
            action = .replaced
            let isGone = try removeOutdated(displaced, outdated, in: old, path: "\(path)\(name)")
            outdated = nil
            if isExchanged {
                if isGone { return actions.append(.init(path: "\(path)\(name)", action: .replaced)) }
                arriving = displaced
            } else if !isGone {
                let isOlder = !prefersArrivals && arriving.status.modification < displaced.status.modification
                try trash(isOlder ? arriving.name : displaced.name, from: old, as: name, path: path)
                if isOlder { (arriving, action) = (displaced, nil) }
            }
        }
    }

    /// Removes what was displaced, if it is only what was carried over.
    ///
    /// - Returns: Whether it is gone.
    private mutating func removeOutdated(
        _ displaced: Found, _ carried: CarryOver.Entry?, in old: Directory, path: String
    ) throws -> Bool {
        guard let carried, carried.isUntouched(displaced.status) else { return false }
        let folder = displaced.status.kind == .directory ? try Directory(displaced.name, in: old) : nil
        try folder?.makeWritable(displaced.status)
        let known = actions.count
        let isGone = try remove(displaced.name, folder, in: old, carried, path: path)
        // What was removed of it is no news: something else stands there now.
        actions[known...].removeAll { $0.action == .deleted }
        return isGone
    }

    /// Moves what stands under a name out of the new generation: in one step with what is to stand there, where the file
    /// system can.
    ///
    /// - Returns: What stood there, which is in the old generation now, after an exchange under the other's name; nil where
    ///   it, or the other, has just gone, and where it is in the trash.
    private mutating func displace(
        _ name: EntryName, _ standing: FileStatus, by arriving: Found, from old: Directory, in new: Directory,
        path: String
    ) throws(SystemCallError) -> Found? {
        do {
            if context.capabilities.has(.exchange) {
                do {
                    try exchange(arriving.name, in: old, with: name, in: new)
                    return Found(name: arriving.name, status: try old.status(of: arriving.name))
                } catch  where context.capabilities.isRefusal(error, of: .exchange) {}
            }
            if arriving.name != name {
                do {
                    try context.move(name, from: new, to: name, in: old)
                    return Found(name: name, status: try old.status(of: name))
                } catch  where error.errno == .exists || error.errno == .notEmpty {}
            }
            try trash(name, from: new, as: name, path: path)
            return nil
        } catch {
            if error.errno == .notFound { return nil }
            throw error
        }
    }

    private func exchange(
        _ name: EntryName, in old: Directory, with other: EntryName, in new: Directory
    ) throws(SystemCallError) {
        do {
            try old.rename(name, to: other, in: new, .exchange)
        } catch  where error.errno == .accessDenied {
            // As in a move.
            let folders = [try old.folderIfPresent(name), try new.folderIfPresent(other), new].compactMap(\.self)
            try Directory.makingWritable(folders) { () throws(SystemCallError) in
                try old.rename(name, to: other, in: new, .exchange)
            }
        }
    }

    /// - Returns: Whether the name was free.
    private func arrive(
        _ name: EntryName, _ found: Found, from old: Directory, in new: Directory
    ) throws(SystemCallError) -> Bool {
        do {
            try context.move(found.name, from: old, to: name, in: new)
            return true
        } catch {
            switch error.errno {
            case .exists, .notEmpty: return false
            default: throw error
            }
        }
    }

    /// Deletes from the new generation what a person deleted from the old one, unless it was touched since.
    ///
    /// It is taken aside first, a folder with all that is in it: what a crash leaves of it is known under its own path.
    private mutating func delete(
        _ name: EntryName, in new: Directory, aside old: Directory, carried: CarryOver.Entry, path: String
    ) throws {
        guard let standing = try new.statusIfPresent(of: name), carried.isUntouched(standing) else { return }
        let folder = standing.kind == .directory ? try new.folderIfPresent(name) : nil
        if standing.kind == .directory, folder == nil { return }
        try folder?.makeWritable(standing)
        guard let found = try takeAside(name, from: new, into: old) else {
            // Its name is too long for a look behind the deletion, if it stands there still.
            if try new.statusIfPresent(of: name) == nil { return }
            return try trash(name, from: new, as: name, path: path)
        }
        if carried.isUntouched(found.status), try remove(found.name, folder, in: old, carried, path: "\(path)\(name)") {
            return actions.append(.init(path: "\(path)\(name)", action: .deleted))
        }
        // Somebody saved there in the last moment: it goes back.
        if let folder, standing.mode & 0o700 != 0o700 { try folder.setMode(standing.mode) }
        if try !arrive(name, found, from: old, in: new) {
            try trash(found.name, from: old, as: name, path: path)
        }
    }

    /// Removes a file, or a folder with what was carried there.
    ///
    /// - Returns: Whether it is gone; a folder stays that holds something else.
    private mutating func remove(
        _ name: EntryName, _ folder: Directory?, in parent: Directory, _ carried: CarryOver.Entry, path: String
    ) throws -> Bool {
        guard let folder else {
            try parent.removeFile(name)
            return true
        }
        try Nesting.enter(level: Nesting.level(of: path)) {
            for (child, entry) in carried.children.sorted(by: { $0.key < $1.key }) {
                try delete(child, in: folder, aside: folder, carried: entry, path: "\(path)/")
            }
        }
        do {
            try parent.removeDirectory(name)
            return true
        } catch {
            if error.errno == .notEmpty || error.errno == .exists { return false }
            throw error
        }
    }

    private mutating func trash(
        _ name: EntryName, from directory: Directory, as label: EntryName, path: String
    ) throws(SystemCallError) {
        _ = try Trash(context: context).move(name, from: directory, of: document, as: label)
        actions.append(.init(path: "\(path)\(label)", action: .trashed))
    }
}

extension FileStatus {
    /// Whether another look at the same name found the same file with the same content, as far as a status tells.
    func isSameContent(as other: FileStatus) -> Bool {
        identity == other.identity && kind == other.kind
            && (kind == .directory || (size == other.size && modification == other.modification))
    }

    /// The same, and of a folder that its entries are the same too.
    func isUntouched(_ now: FileStatus) -> Bool { isSameContent(as: now) && modification == now.modification }
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
