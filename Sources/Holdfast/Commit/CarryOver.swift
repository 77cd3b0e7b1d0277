/// Step 3 of a commit: brings everything that the draft does not change into the next generation.
///
/// By hard link, which costs the same whatever the size, keeps the inode with all its metadata, and lets an editor that
/// holds `QUERY_MESSAGE.md` open go on writing to the live file. Where a link is refused, by ``CopyFile``. Subfolders are
/// made anew with their metadata. What can't be carried fails the commit; it is never dropped.
struct CarryOver {
    /// What was carried, to be compared after the swap with what a person did meanwhile.
    struct Entry: Sendable {
        /// What was in the old generation when it was carried.
        let status: FileStatus
        /// Whether the new generation has the same inode, so that edits in place show in both.
        let isLinked: Bool
        /// What was in a subfolder.
        var children: [EntryName: Entry] = [:]
    }

    let document: DocumentName
    let context: StoreContext
    /// The file system that the document is on: what is mounted in it is another's.
    let device: UInt64
    private(set) var result = Receipt.CarryOver()
    private(set) var flushes = 0
    /// What could not be kept of the access to what was copied.
    private(set) var losses: [String] = []
    private let flushing: FlushProtocol
    /// Where entries come from that are copied from outside the store; nil for those of the old generation, which may share
    /// their inode with it, and go with it.
    private let source: String?

    init(
        document: DocumentName, context: StoreContext, device: UInt64, flushing: FlushProtocol,
        copying source: String? = nil
    ) {
        self.document = document
        self.context = context
        self.device = device
        self.flushing = flushing
        self.source = source
    }

    /// Carries one entry of any kind.
    ///
    /// - Returns: What was carried; nil where the entry has just gone, as editors' own files do.
    mutating func carry(
        _ name: EntryName, as newName: EntryName? = nil, kind: EntryKind, from old: Directory, to new: Directory,
        path: String
    ) throws -> Entry? {
        var kind = kind
        var attempts = 0
        while true {
            do {
                return try carryPresent(name, as: newName ?? name, kind, from: old, to: new, path: path)
            } catch let error as SystemCallError where error.errno == .notFound {
                // An editor that saves by two renames has its file back in a moment. A folder is not begun twice.
                attempts += 1
                guard let now = try old.statusIfPresent(of: name)?.kind else { return nil }
                guard attempts < Self.attempts, try new.statusIfPresent(of: newName ?? name) == nil else { throw error }
                kind = now
            }
        }
    }

    private static let attempts = 100

    private mutating func carryPresent(
        _ name: EntryName, as newName: EntryName, _ kind: EntryKind, from old: Directory, to new: Directory,
        path: String
    ) throws -> Entry? {
        switch kind {
        case .directory: return try carryDirectory(name, as: newName, from: old, to: new, path: path)
        case .file, .symbolicLink, .fifo, .socket, .device:
            let status = try old.status(of: name)
            if source != nil {
                try copy(name, as: newName, status, from: old, to: new, path: path)
                return Entry(status: status, isLinked: false)
            }
            if status.isMountPoint { throw cannotCarry(path, "something is mounted on it") }
            if status.isFixed { throw cannotCarry(path, Self.fixed) }
            if let refusal = try link(name, from: old, to: new) {
                let reason = "linkat: \(refusal)"
                if !result.reasonsNotLinked.contains(reason) { result.reasonsNotLinked.append(reason) }
                try copy(name, as: newName, status, from: old, to: new, path: path)
                if status.kind == .symbolicLink, let now = try old.statusIfPresent(of: name),
                    !now.isSameContent(as: status)
                {
                    // Nothing flushes a link's time, and a power loss may leave the time at which the copy was made. What
                    // replaced the original must not be older than that: recovery keeps the newer one.
                    try new.removeFile(newName)
                    result.copied -= 1
                    return try carry(name, as: newName, kind: now.kind, from: old, to: new, path: path)
                }
                return Entry(status: status, isLinked: false)
            }
            result.linked += 1
            return Entry(status: status, isLinked: true)
        }
    }

    private mutating func carryDirectory(
        _ name: EntryName, as newName: EntryName, from old: Directory, to new: Directory, path: String
    ) throws -> Entry {
        let level = Nesting.level(of: path)
        if level > Nesting.most { throw cannotCarry(path, "folders nest deeper here than \(Nesting.most) levels") }
        let source = try open(name, in: old, path: path)
        let status = try source.status()
        if self.source != nil, try context.root.status().identity == status.identity {
            throw cannotCarry(path, "it is the store itself")
        }
        if status.isMountPoint || status.identity.device != device {
            throw cannotCarry(path, "another file system is mounted on it")
        }
        if self.source == nil {
            if status.isFixed { throw cannotCarry(path, Self.fixed) }
            if try !Self.canBeEmptied(source, status) { throw cannotCarry(path, Self.anothers) }
        }
        // Writable for this process alone until it is filled.
        try new.makeDirectory(newName, mode: 0o700)
        let destination = try Directory(newName, in: new)
        let children = try Nesting.enter(level: level) { try carryAll(of: source, to: destination, path: path) }
        let pair = CopyMetadata.Pair(from: source, to: destination, entry: name)
        if let loss = try CopyMetadata.copyAccess(pair, status: status) { losses.append(loss) }
        try CopyMetadata.copyTimes(pair, status: status)
        if flushing == .eachFile {
            try destination.flush()
            flushes += 1
        }
        result.directories += 1
        return Entry(status: status, isLinked: false, children: children)
    }

    /// Carries what is in a subfolder.
    private mutating func carryAll(
        of source: Directory, to destination: Directory, path: String
    ) throws -> [EntryName: Entry] {
        var carried: [EntryName: Entry] = [:]
        for child in try source.entries(.once) where !isDeletedButOpen(child.name) {
            let path = "\(path)/\(child.name)"
            do {
                carried[child.name] = try carry(
                    child.name, kind: child.kind, from: source, to: destination, path: path)
            } catch let error as SystemCallError where error.entry == child.name {
                throw SystemCallError(error.call, error.errno, entry: EntryName(path))
            }
        }
        return carried
    }

    /// Whether a directory's entries can be removed, as they have to be when its generation goes.
    static func canBeEmptied(_ directory: Directory, _ status: FileStatus) throws(SystemCallError) -> Bool {
        let user = directory.fileSystem.effectiveUser()
        // Its owner can make it writable. In a sticky one, each entry is its owner's to remove (unlink(2)).
        if user == 0 || user == status.user { return true }
        if status.mode & 0o1000 != 0 { return false }
        return try directory.mayModify()
    }

    private func open(_ name: EntryName, in directory: Directory, path: String) throws -> Directory {
        do {
            return try Directory(name, in: directory)
        } catch  where error.errno == .accessDenied {
            throw cannotCarry(path, "it can't be read", error.errno)
        }
    }

    /// Links an entry into the new generation.
    ///
    /// - Returns: Nil, or why it was refused.
    private func link(
        _ name: EntryName, from old: Directory, to new: Directory
    ) throws(SystemCallError) -> Errno? {
        guard context.capabilities.has(.link) else { return .notSupported }
        do {
            try old.link(name, to: name, in: new)
            return nil
        } catch {
            // EPERM is also the answer for one file alone, under fs.protected_hardlinks (proc(5)).
            switch error.errno {
            case .notPermitted, .tooManyLinks, .crossDevice, .accessDenied: return error.errno
            default:
                guard context.capabilities.isRefusal(error, of: .link) else { throw error }
                return error.errno
            }
        }
    }

    private mutating func copy(
        _ name: EntryName, as newName: EntryName, _ status: FileStatus, from old: Directory, to new: Directory,
        path: String
    ) throws {
        switch status.kind {
        case .file:
            let copy = try copyFile(name, as: newName, from: old, to: new, path: path)
            if flushing.isByFile { flushes += 1 }
            if copy.method == .cloned { result.cloned += 1 } else { result.copied += 1 }
            result.bytesCopied += copy.bytes
            if let loss = copy.loss { losses.append(loss) }
        case .symbolicLink:
            try copyLink(name, as: newName, status, from: old, to: new)
            result.copied += 1
        case .fifo, .socket, .device, .directory:
            throw cannotCarry(path, "it is a \(status.kind) and can't be linked")
        }
    }

    private func copyFile(
        _ name: EntryName, as newName: EntryName, from old: Directory, to new: Directory, path: String
    ) throws -> (method: CopyFile.Method, bytes: Int64, loss: String?) {
        do {
            return try CopyFile.copy(
                name, in: old, to: new, as: newName, flushing: flushing.isByFile, capabilities: context.capabilities)
        } catch  where error.errno == .accessDenied {
            throw cannotCarry(path, "it can be neither linked nor read", error.errno)
        }
    }

    private func copyLink(
        _ name: EntryName, as newName: EntryName, _ status: FileStatus, from old: Directory, to new: Directory
    ) throws(SystemCallError) {
        try new.makeSymbolicLink(to: try old.symbolicLink(name), named: newName)
        do {
            try new.setOwner(of: newName, user: status.user, group: status.group)
        } catch  where error.errno == .notPermitted {
            // Only the superuser may give files away, and a link's owner gives no access (symlink(7)).
        }
        try new.setTimes(of: newName, access: status.access, modification: status.modification)
    }

    /// Why a folder can't be emptied, which would keep the previous generation from going.
    static let anothers = "it belongs to another user, who lets nobody else remove what is in it"

    /// What can't be unlinked would keep the previous generation from going, and the document from being saved again.
    static let fixed = "it is immutable or append-only (chattr(1))"

    private func cannotCarry(_ path: String, _ why: String, _ errno: Errno? = nil) -> HoldfastError {
        if let source { return .cannotCopy(path, from: source, document: document.description, why, errno: errno) }
        return .cannotCarry(path, document: document.description, why, errno: errno)
    }
}
