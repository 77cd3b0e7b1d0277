import Holdfast

/// What operations may cost at most.
///
/// A change that raises a number here needs a reason.
enum CountBounds {
    enum Operation: String, Codable, CaseIterable {
        case create, saveAll, saveOne, saveTwoBeside20, saveUnchanged, batchOf20, batchOf20Single, snapshot, list
    }

    static func bound(_ operation: Operation, _ flushing: FlushProtocol) -> CountCheck.Cost {
        CountCheck.Cost(
            flushes: flushes(operation, flushing), calls: calls(operation, flushing), bytes: bytes(operation))
    }

    private static let metadata: Int64 = 200
    private static let config: Int64 = 8_000
    private static let events: Int64 = 200_000

    /// What changes, and not a byte more.
    private static func bytes(_ operation: Operation) -> Int64 {
        switch operation {
        case .create, .saveAll: metadata + config + events
        case .saveOne: config
        case .saveTwoBeside20: config + events
        case .batchOf20: 20 * (metadata + config + events)
        case .batchOf20Single: 20 * config
        case .saveUnchanged, .snapshot, .list: 0
        }
    }

    private static func flushes(_ operation: Operation, _ flushing: FlushProtocol) -> Int {
        switch (operation, flushing) {
        case (_, .none), (.saveUnchanged, _), (.snapshot, _), (.list, _): 0
        // One journal: one flush, whatever it is.
        case (_, .orderedJournal): 1
        // Before the swap and behind it.
        case (_, .wholeFileSystem): 2
        // The files, the directory that is new, the names.
        case (.create, .eachFile), (.saveAll, .eachFile): 5
        case (.saveTwoBeside20, .eachFile): 4
        case (.saveOne, .eachFile): 2
        case (.batchOf20, .eachFile): 20 * 4 + 1
        case (.batchOf20Single, .eachFile): 20 * 2
        }
    }

    /// As a POSIX file system without surprises takes them: no link is refused, nothing is in the way.
    private static func calls(_ operation: Operation, _ flushing: FlushProtocol) -> Int {
        switch operation {
        case .create: 25 + durable(files: 3, directories: 1, flushing)
        // Each changed file and the directory are looked at for access control lists that they inherited; a file's commit
        // looks whether the document still stands in its place.
        case .saveAll: 65 + durable(files: 3, directories: 1, flushing)
        case .saveOne: 26 + durable(files: 1, directories: 0, flushing)
        case .saveTwoBeside20: 157 + durable(files: 2, directories: 1, flushing)
        case .saveUnchanged: 28
        case .batchOf20: 1464 + durable(files: 60, directories: 20, flushing)
        case .batchOf20Single: 524 + durable(files: 20, directories: 0, flushing) + (flushing == .eachFile ? 19 : 0)
        case .snapshot: 20
        // It takes a lock where the directory has only just changed, or its time stamps tell nothing.
        case .list: 7
        }
    }

    /// What durability adds to the calls.
    private static func durable(files: Int, directories: Int, _ flushing: FlushProtocol) -> Int {
        // To know the document again: each new file is looked at, and a new directory once, one that stays twice.
        let looks = files + (directories > 0 ? directories : 2 * files)
        return switch flushing {
        case .none: 0
        case .wholeFileSystem: looks + 2
        // Each file's write-back is started, then it is flushed or waited for; the names.
        case .eachFile: looks + 2 * files + directories + 1
        case .orderedJournal: looks + 2 * files + 1
        }
    }
}
