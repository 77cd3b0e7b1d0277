/// Tells whether a directory stayed as it was while it was listed.
///
/// readdir(3) leaves open whether a name that is renamed over during a listing is seen. A listing has missed nothing when
/// the directory did not change from well before its start to its end.
struct QuietStamp {
    /// Longer than the coarsest clock that Linux stamps directories with (a tick of 10 ms at 100 Hz).
    private static let quiet: Int64 = 20_000_000

    private let directory: Directory
    private let change: Timestamp

    /// Takes the stamp, before a listing; nil where it could vouch for nothing: on a file system whose stamps may come from
    /// another machine's clock, or late, and just behind a change.
    ///
    /// - Parameters:
    ///   - directory: What is going to be listed.
    ///   - kind: Its file system.
    /// - Throws: What a look at the directory met.
    init?(of directory: Directory, on kind: FileSystemKind) throws(SystemCallError) {
        switch kind {
        case .ext2, .ext4, .xfs, .btrfs, .tmpfs: break
        default: return nil
        }
        self.directory = directory
        change = try directory.status().change
        guard change.nanoseconds(until: directory.fileSystem.now()) > Self.quiet else { return nil }
    }

    /// Whether nothing moved, behind the listing.
    ///
    /// - Throws: What a look at the directory met.
    func holds() throws(SystemCallError) -> Bool { try directory.status().change == change }
}

extension Timestamp {
    /// The time to a later moment in nanoseconds; 0 where it is beyond 64 bits.
    fileprivate func nanoseconds(until later: Timestamp) -> Int64 {
        let (seconds, overflow) = (later.seconds - seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? 0 : seconds + later.nanoseconds - nanoseconds
    }
}
