/// A listing that no rename disturbs.
///
/// readdir(3) leaves open whether a name that is renamed during a listing is seen. So a listing counts when the directory
/// did not change from well before its start to its end; else it is done again under the lock that commits take over their
/// renames.
struct QuietListing {
    /// Longer than the coarsest clock that Linux stamps directories with (a tick of 10 ms at 100 Hz).
    private static let quiet: Int64 = 20_000_000

    let context: StoreContext

    func read() throws -> StoreListing {
        if isStampReliable {
            let before = try context.root.status().change
            let now = context.root.fileSystem.now()
            let listing = try StoreListing(of: context.root)
            if Self.nanoseconds(from: before, to: now) > Self.quiet, try context.root.status().change == before {
                return listing
            }
        }
        return try context.locks.withNames(.shared, timeout: context.options.lockTimeout) {
            try StoreListing(of: context.root)
        }
    }

    /// Elsewhere the stamps may come from another machine's clock, or late.
    private var isStampReliable: Bool {
        switch context.kind {
        case .ext2, .ext4, .xfs, .btrfs, .tmpfs: true
        default: false
        }
    }

    private static func nanoseconds(from start: Timestamp, to end: Timestamp) -> Int64 {
        let (seconds, overflow) = (end.seconds - start.seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? 0 : seconds + end.nanoseconds - start.nanoseconds
    }
}
