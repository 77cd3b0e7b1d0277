/// How what was staged becomes durable before the swap: step 4 of a commit.
///
/// Whatever the protocol, the swap itself is made durable by one flush of the directory that holds the names (step 6): an
/// `fsync`, or the `syncfs` of ``wholeFileSystem`` where the names are in several directories.
public enum FlushProtocol: String, Sendable, Codable, CaseIterable {
    /// Nothing is flushed: the commit survives the end of the process, not of the machine.
    case none
    /// `fsync` of every file that was written and every directory that was made, and of the managed files that another writer
    /// may have left without one.
    ///
    /// It asks nothing of the file system beyond fsync(2). Write-back of all of them is started first, so that the device has something to do meanwhile.
    /// Each unmanaged file that the commit removes is flushed, too.
    case eachFile
    /// One `syncfs` for everything, for batches and for documents that threads save at the same time.
    ///
    /// It reports errors since Linux 5.8 (syncfs(2)), and costs the same for one document and for a hundred, but also waits for what other programs have written.
    case wholeFileSystem
    /// The files' bytes are written and waited for, and the one `fsync` of step 6 makes all of it durable.
    ///
    /// It asks for one journal: metadata becomes durable in the order in which it was changed, so that the swap can't
    /// come before the files' blocks and sizes, nor the end of the old generation before the swap; and the flush of the
    /// device that the journal's commit takes anyway makes the bytes durable that it has received before. A batch takes
    /// no more. Only each unmanaged file that the commit removes takes an `fsync` of its own.
    case orderedJournal

    /// From so many documents on that are saved at the same time, all are flushed as a whole; below it, what other programs
    /// have written could cost more.
    static let batchThreshold = 4

    /// Chooses the protocol.
    ///
    /// - ext4: one journal. `sync_file_range` returns after write-back has ended, which ext4 lets happen only when the
    ///   blocks' extents are converted from unwritten ones and the new size is in the running transaction; `fsync` of a
    ///   directory commits the transaction that changed it last, with all before it, behind a flush of the device.
    ///   So do its fast commits, which rename of a directory rules out. ``FileSystemKind/ext4`` is one with a journal.
    /// - xfs: one log. Write-back ends after the transaction that converts the extents and sets the size; `fsync` of a
    ///   directory forces the log up to its last change, with all before it, behind a flush of the device.
    /// - ext2, and ext4 without a journal: metadata is written in any order; each file is flushed.
    /// - btrfs: write-back ends before the extents are in the tree, and `fsync` logs single files ahead of others: each
    ///   file is flushed.
    /// - FUSE hands `syncfs` to no ordinary server, and network file systems flush by `fsync`: each file is flushed, also
    ///   in a batch. The same for what isn't known.
    static func choose(_ durability: Durability, on kind: FileSystemKind, documents: Int) -> FlushProtocol {
        if durability == .processCrash { return .none }
        switch kind {
        case .ext4, .xfs: return .orderedJournal
        case .ext2, .btrfs, .tmpfs: return documents >= batchThreshold ? .wholeFileSystem : .eachFile
        default: return .eachFile
        }
    }

    /// Whether step 4 deals with each file by itself.
    var isByFile: Bool { self == .eachFile || self == .orderedJournal }

    /// Gives a file that is written to the device to work on, where a wait for it follows.
    func start(_ file: OpenFile) throws(SystemCallError) {
        if isByFile { try file.startWriteBack() }
    }

    /// Does for a written file what has to precede the swap.
    ///
    /// - Returns: How many flushes it took.
    func settle(_ file: OpenFile) throws(SystemCallError) -> Int {
        switch self {
        case .none, .wholeFileSystem: return 0
        case .orderedJournal: if try file.waitForWriteBack() { return 0 }
        case .eachFile: break
        }
        try file.flush()
        return 1
    }
}
