/// How what was staged becomes durable before the swap: step 4 of a commit.
///
/// Whatever the protocol, the swap itself is made durable by one `fsync` of the directory that holds the names (step 6).
public enum FlushProtocol: String, Sendable, Codable, CaseIterable {
    /// Nothing is flushed: the commit survives the end of the process, not of the machine.
    case none
    /// `fsync` of every file that was written and every directory that was made.
    ///
    /// It asks nothing of the file system beyond fsync(2). Write-back of all of them is started first, so that the device has something to do meanwhile.
    case eachFile
    /// One `syncfs` for everything, for batches.
    ///
    /// It reports errors since Linux 5.8 (syncfs(2)), and costs the same for one document and for a hundred, but also waits for what other programs have written.
    case wholeFileSystem

    /// A batch from this size on is flushed as a whole; below it, what other programs have written could cost more.
    static let batchThreshold = 4

    /// Chooses the protocol.
    ///
    /// FUSE hands `syncfs` to no ordinary server, and network file systems flush by `fsync`; there every file is flushed
    /// also in a batch.
    static func choose(_ durability: Durability, on kind: FileSystemKind, documents: Int) -> FlushProtocol {
        if durability == .processCrash { return .none }
        switch kind {
        case .ext4, .xfs, .btrfs, .tmpfs: return documents >= batchThreshold ? .wholeFileSystem : .eachFile
        default: return .eachFile
        }
    }
}
