/// Tells whether a directory stayed as it was while it was listed.
///
/// readdir(3) leaves open whether a name that is renamed over during a listing is seen. A listing has missed nothing when
/// the directory did not change from well before its start to its end.
struct QuietStamp {
    /// Longer than the coarsest clock that Linux stamps directories with (a tick of 10 ms at 100 Hz).
    private static let quiet: Int64 = 20_000_000

    private let directory: Directory
    private let change: Timestamp
    private let start: Timestamp

    /// Takes the stamp, before a listing.
    init(of directory: Directory) throws(SystemCallError) {
        self.directory = directory
        change = try directory.status().change
        start = directory.fileSystem.now()
    }

    /// Whether nothing moved, behind the listing.
    ///
    /// - Parameter kind: The file system; where stamps may come from another machine's clock, or late, they tell nothing.
    /// - Returns: False where something may have moved.
    /// - Throws: What a look at the directory met.
    func holds(on kind: FileSystemKind) throws(SystemCallError) -> Bool {
        switch kind {
        case .ext2, .ext4, .xfs, .btrfs, .tmpfs: break
        default: return false
        }
        guard nanosecondsBefore > Self.quiet else { return false }
        return try directory.status().change == change
    }

    private var nanosecondsBefore: Int64 {
        let (seconds, overflow) = (start.seconds - change.seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? 0 : seconds + start.nanoseconds - change.nanoseconds
    }
}
