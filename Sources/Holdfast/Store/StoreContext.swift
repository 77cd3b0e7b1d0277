import FoundationEssentials
import Synchronization

/// What every operation of an open store works with.
final class StoreContext: Sendable {
    let root: Directory
    let kind: FileSystemKind
    let codecs: CodecRegistry
    let options: StoreOptions
    let capabilities: Capabilities
    let locks: StoreLocks
    /// The `fsync` of the store's directory in step 6, which commits of several threads share.
    private let nameFlush: SharedFlush
    /// The `syncfs` of steps 4 and 6, likewise.
    private let fileSystemFlush: SharedFlush
    /// Nil where commits clean up before they return.
    let backgroundCleanup: BackgroundCleanup?
    /// How many documents this store's threads are saving.
    let documentsUnderway: Atomic<Int>
    let durability = KnownDurability()

    init(
        root: Directory, kind: FileSystemKind, codecs: CodecRegistry, options: StoreOptions, capabilities: Capabilities,
        locks: StoreLocks
    ) {
        self.root = root
        self.kind = kind
        self.codecs = codecs
        self.options = options
        self.capabilities = capabilities
        self.locks = locks
        nameFlush = SharedFlush { () throws(SystemCallError) in try root.flush() }
        fileSystemFlush = SharedFlush { () throws(SystemCallError) in try root.flushFileSystem() }
        documentsUnderway = Atomic(options.documentsUnderway)
        backgroundCleanup =
            switch options.cleanup {
            case .beforeReturning: nil
            case .inBackground: BackgroundCleanup(runsByItself: options.cleansUpByItself, observer: options.observer)
            }
    }

    /// Takes the locks of documents, behind what this store has left to do with them.
    func lock(
        _ documents: [DocumentName], _ mode: LockMode = .exclusive, timeout: Duration
    ) throws -> StoreLocks.Held {
        guard let backgroundCleanup else { return try locks.acquire(documents, mode, timeout: timeout) }
        return try backgroundCleanup.beforeLocking(documents) { try locks.acquire(documents, mode, timeout: timeout) }
    }

    /// A filename of a document, as a name that a codec claims.
    func managedName(_ filename: String, document: String) throws(HoldfastError) -> EntryName {
        let name = EntryName(filename)
        guard codecs.manages(name) else { throw .unmanagedFilename(filename, document: document) }
        return name
    }

    var isDurable: Bool { options.durability == .powerLoss }

    /// How many documents are worked on at the same time.
    var parallelism: Int { max(1, options.parallelism ?? ProcessInfo.processInfo.activeProcessorCount) }

    /// How many documents are recovered at the same time: that waits for the disk rather than for a core.
    var flushingParallelism: Int { options.parallelism ?? max(parallelism, 16) }

    /// How a commit becomes durable, where so many documents are saved at the moment.
    func flushProtocol(documents: Int) -> FlushProtocol {
        FlushProtocol.choose(options.durability, on: kind, documents: documents)
    }

    // MARK: - Flushes that threads share

    /// What had failed when an operation began to change things: a flush that fails from then on may have been of these.
    struct FlushMoment: Sendable {
        fileprivate let nameFailures: Int
        fileprivate let fileSystemFailures: Int
    }

    var flushMoment: FlushMoment {
        FlushMoment(nameFailures: nameFlush.failureCount, fileSystemFailures: fileSystemFlush.failureCount)
    }

    /// Flushes the names in the store's directory.
    ///
    /// - Returns: Whether the flush was made here; another thread's may have covered it.
    @discardableResult
    func flushNames(since moment: FlushMoment) throws(SystemCallError) -> Bool {
        try nameFlush.flush(since: moment.nameFailures)
    }

    /// Flushes the names in a directory: the store's own, which other threads flush at the same moment, or a document's.
    ///
    /// - Returns: Whether the flush was made here.
    @discardableResult
    func flushNames(in directory: Directory, since moment: FlushMoment) throws(SystemCallError) -> Bool {
        if directory === root { return try flushNames(since: moment) }
        try directory.flush()
        return true
    }

    /// Flushes all that was written to the file system.
    ///
    /// - Returns: Whether the flush was made here; another thread's may have covered it.
    @discardableResult
    func flushFileSystem(since moment: FlushMoment) throws(SystemCallError) -> Bool {
        try fileSystemFlush.flush(since: moment.fileSystemFailures)
    }

    /// Makes the end of a document's old generation durable, before the document's name goes from the store.
    ///
    /// A power loss that brought `.old-X` back, without `X`, would have it restored. A journal keeps that order by itself.
    ///
    /// - Returns: How many flushes it took.
    func settleOldGeneration(since moment: FlushMoment) throws(SystemCallError) -> Int {
        guard flushProtocol(documents: 1) == .eachFile else { return 0 }
        return try flushNames(since: moment) ? 1 : 0
    }

    // MARK: - What was there already

    /// The managed files of a document, as they are.
    func managedFiles(in directory: Directory) throws(SystemCallError) -> [EntryName: KnownDurability.File] {
        var files: [EntryName: KnownDurability.File] = [:]
        for (name, kind) in try directory.entries() where isManaged(name, kind) {
            if let status = try directory.statusIfPresent(of: name) { files[name] = KnownDurability.File(status) }
        }
        return files
    }

    /// Makes durable what a save leaves as it found it, and what isn't known to be: another writer may have been killed
    /// before its flush, or not have flushed at all.
    ///
    /// What a failed flush has left in doubt is left so.
    ///
    /// - Parameters:
    ///   - files: The files; one that is gone has nothing to lose.
    ///   - document: Whose they are.
    ///   - directory: Where they are.
    ///   - flushing: How.
    ///   - moment: From before the first change.
    /// - Returns: How many flushes it took.
    /// - Throws: What a system call met; what could not be flushed is in doubt from then on.
    func settle(
        _ files: [EntryName: KnownDurability.File], of document: DocumentName, in directory: Directory,
        _ flushing: FlushProtocol, since moment: FlushMoment
    ) throws -> Int {
        let known = durability.files(of: document)
        var flushes = 0
        var unreadable: [FileIdentity] = []
        for (name, file) in files.sorted(by: { $0.key < $1.key })
        where !known.contains(file) && !durability.isDoubtful(file.identity) {
            let opened: OpenFile?
            do {
                opened = try directory.openFileIfPresent(name)?.file
            } catch let error as SystemCallError where error.errno == .accessDenied {
                unreadable.append(file.identity)
                continue
            }
            try doubting([file.identity]) { if let opened { flushes += try flushing.settle(opened) } }
            try opened?.close()
        }
        if unreadable.isEmpty { return flushes }
        // What may not be read can't be opened for a flush of its own, and others hand `syncfs` to nobody.
        guard kind.flushesAsAWhole else {
            durability.doubt(unreadable)
            return flushes
        }
        try doubting(unreadable) { if try flushFileSystem(since: moment) { flushes += 1 } }
        return flushes
    }

    /// Calls a body that flushes files or directories; where it fails, they are in doubt from then on.
    func doubting(_ identities: [FileIdentity], _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            durability.doubt(identities)
            throw error
        }
    }

    /// What a generation is like that has just come into its place, to be known again by; nil where nothing is flushed, or it
    /// can't be told.
    func look(_ generation: Directory) -> FileStatus? {
        if !isDurable { return nil }
        do {
            return try generation.status()
        } catch {
            // The commit has happened. The next one finds nothing known, and flushes what is there.
            return nil
        }
    }

    // MARK: - Receipts and names

    /// A receipt to be filled in.
    func receipt(_ document: DocumentName, _ outcome: Receipt.Outcome, _ flushing: FlushProtocol = .none) -> Receipt {
        var receipt = Receipt(document: document.description, outcome: outcome, durability: options.durability)
        receipt.flushProtocol = flushing
        if isDurable, kind == .tmpfs {
            receipt.durability = .processCrash
            receipt.durabilityReason = "the store is on tmpfs, which keeps nothing over a power loss"
        }
        return receipt
    }

    /// Renames without ever replacing what stands at the new name.
    ///
    /// Where the file system can't refuse by itself, the new name's absence is checked first; the lock of the document
    /// keeps other kernels away from it.
    func renameWithoutReplacing(
        _ name: EntryName, in directory: Directory, to newName: EntryName, in newDirectory: Directory
    ) throws(SystemCallError) {
        if capabilities.has(.noReplace) {
            do {
                return try directory.rename(name, to: newName, in: newDirectory, .noReplace)
            } catch {
                guard capabilities.isRefusal(error, of: .noReplace) else { throw error }
            }
        }
        if try newDirectory.statusIfPresent(of: newName) != nil {
            throw SystemCallError(.renameat2, .exists, entry: newName)
        }
        try directory.rename(name, to: newName, in: newDirectory)
    }

    /// Moves an entry to another directory without ever replacing what stands there; out of, or into, one of this user's
    /// that is read-only, and such a one itself, whose `..` changes (rename(2)).
    func move(
        _ name: EntryName, from directory: Directory, to newName: EntryName, in newDirectory: Directory
    ) throws(SystemCallError) {
        do {
            try renameWithoutReplacing(name, in: directory, to: newName, in: newDirectory)
        } catch  where error.errno == .accessDenied {
            let folders = [try directory.folderIfPresent(name), directory, newDirectory].compactMap(\.self)
            try Directory.makingWritable(folders) { () throws(SystemCallError) in
                try renameWithoutReplacing(name, in: directory, to: newName, in: newDirectory)
            }
        }
    }

    /// A document's directory; nil where there is none.
    ///
    /// - Throws: ``HoldfastError`` with code `unexpectedEntry` where something else stands there.
    func documentDirectory(_ document: DocumentName) throws -> Directory? {
        do {
            return try root.subdirectoryIfPresent(document.entry)
        } catch {
            // A link is ELOOP or ENOTDIR, anything else ENOTDIR: open(2).
            guard error.errno == .notADirectory || error.errno == .loop,
                let kind = try root.statusIfPresent(of: document.entry)?.kind
            else { throw error }
            throw HoldfastError.notADirectory(document: document.description, found: kind)
        }
    }

    /// Throws where a person has moved a document away, or another one into its place.
    ///
    /// - Returns: What the document's directory is like now.
    @discardableResult
    func checkPlace(of document: DocumentName, _ identity: FileIdentity) throws -> FileStatus {
        guard let status = try root.statusIfPresent(of: document.entry), status.identity == identity else {
            throw HoldfastError(
                .conflict, "the document was moved or replaced during the update; nothing was saved",
                document: document.description, remedy: "see where it is now, and update again")
        }
        return status
    }

    /// Whether an entry is a managed file: a codec claims its name, and it is a regular file.
    func isManaged(_ name: EntryName, _ kind: EntryKind) -> Bool {
        kind == .file && codecs.manages(name)
    }

    /// Whether an entry is what a commit leaves of a managed file that it never renamed into place.
    ///
    /// A person's own `notes.tmp` is not: no codec claims `notes`.
    func isOrphan(_ name: EntryName, _ kind: EntryKind) -> Bool {
        kind == .file && name.hasSuffix(DocumentName.temporarySuffix)
            && codecs.manages(name.dropping(suffix: DocumentName.temporarySuffix))
    }

    func warn(_ document: DocumentName?, _ message: String) -> Warning {
        let warning = Warning(document: document?.description, message: message)
        options.observer?(.warning(warning))
        return warning
    }
}

/// Names that file systems make up for files that are deleted while open, and that vanish by themselves: FUSE's
/// `.fuse_hidden…` and NFS's `.nfs…`.
///
/// They are nobody's: not carried, not reconciled, not missed. Behind the prefix are hexadecimal digits alone, 16 of libfuse,
/// 24 of Linux's NFS client (`nfs_sillyrename`): what a person calls `.nfs-server.conf` is the person's.
func isDeletedButOpen(_ name: EntryName) -> Bool {
    name.withBytes { bytes in
        guard bytes.first == UInt8(ascii: ".") else { return false }
        return [(".fuse_hidden", 16), (".nfs", 24)].contains { prefix, digits in
            bytes.count == prefix.utf8.count + digits && bytes.starts(with: prefix.utf8)
                && bytes.dropFirst(prefix.utf8.count).allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
        }
    }
}
