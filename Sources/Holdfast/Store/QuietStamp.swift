/// Tells whether a directory stayed as it was while it was listed.
///
/// readdir(3) leaves open whether a name that is renamed over during a listing is seen. A listing has missed nothing when
/// the directory did not change from well before its start to its end.
struct QuietStamp {
    /// Longer than the coarsest clock that Linux stamps directories with (a tick of 10 ms at 100 Hz).
    private static let quiet: Int64 = 20_000_000

    private let change: Timestamp

    /// Takes the stamp, before a listing; nil where it could vouch for nothing: on a file system whose stamps may come from
    /// another machine's clock, or late, and just behind a change.
    ///
    /// - Parameters:
    ///   - directory: What is going to be listed.
    ///   - status: What a look at it has just found.
    ///   - kind: Its file system.
    init?(of directory: Directory, _ status: FileStatus, on kind: FileSystemKind) {
        guard kind.stampsAtOnce else { return nil }
        change = status.change
        guard change.nanoseconds(until: directory.fileSystem.now()) > Self.quiet else { return nil }
    }

    /// Whether nothing moved, as a look at the directory behind the listing tells.
    func holds(_ status: FileStatus) -> Bool { status.change == change }
}

extension Timestamp {
    /// The time to a later moment in nanoseconds; 0 where it is beyond 64 bits.
    fileprivate func nanoseconds(until later: Timestamp) -> Int64 {
        let (seconds, overflow) = (later.seconds - seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? 0 : seconds + later.nanoseconds - nanoseconds
    }
}
