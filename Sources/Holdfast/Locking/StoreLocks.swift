import Dispatch
import Synchronization

/// The store's one lock file: who may change which document.
///
/// A lock is a byte range of `.lock`, held by an open file description (fcntl_locking(2)): it ends with the process
/// whatever happens, it works between threads, which open the file each for themselves, and between hosts where the file
/// system forwards locks. The file is never removed, so there is no moment in which two processes lock two files.
struct StoreLocks: Sendable {
    static let fileName = EntryName(".lock")

    /// Held exclusively over the renames of a commit, and shared by a listing that must not miss a name on the move.
    static let names = LockRange(start: 0)

    private static let everything = LockRange(start: 0, count: 0)  // To the end: a length of 0 in fcntl(2).

    let store: Directory

    /// The turn of this store's threads to move names.
    ///
    /// They come often and stay for two renames: a semaphore hands over faster than the file system's lock, whose wait
    /// with a timeout takes a thread of its own.
    private let turn = DispatchSemaphore(value: 1)

    init(store: Directory) { self.store = store }

    /// Locks, held until each holder has called ``release()``, or until they are let go.
    final class Held: Sendable {
        /// The places of the documents that are locked.
        let ranges: [LockRange]
        fileprivate let file: OpenFile
        private let holders = Atomic(1)

        fileprivate init(_ file: OpenFile, _ ranges: [LockRange]) {
            self.file = file
            self.ranges = ranges
        }

        deinit { if holders.load(ordering: .relaxed) > 0 { unlock() } }

        /// Adds a holder, which releases them too.
        func share() { holders.add(1, ordering: .relaxed) }

        /// Releases all of them, where no other holder is left.
        func release() {
            if holders.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { unlock() }
        }

        /// Releases all of them.
        ///
        /// Explicitly, since a wait that timed out may still keep the file open. Closing is what counts elsewhere: it
        /// can't fail to release, so its result has nothing to tell.
        ///
        /// Once: behind the close, the descriptor's number may be that of a lock which another thread has just taken.
        private func unlock() {
            do {
                try Directory.uninterrupted(nil) { () throws(SystemCallError) in
                    try file.fileSystem.unlock(file.descriptor, StoreLocks.everything)
                }
            } catch {}
            do { try file.close() } catch {}
        }
    }

    /// Takes the locks of documents, in the order of their places, so that no two writers wait for each other.
    ///
    /// - Throws: ``HoldfastError`` with code `lockTimeout` and the document that it waited for.
    func acquire(
        _ documents: [DocumentName], _ mode: LockMode = .exclusive, timeout: Duration
    ) throws -> Held {
        let start = ContinuousClock.now
        let documents = documents.sorted { $0.lockRange < $1.lockRange }
        let ranges = documents.map(\.lockRange)
        while true {
            let held = Held(try openFile(mode), ranges)
            var last: LockRange?
            for document in documents where document.lockRange != last {
                last = document.lockRange
                let left = timeout - (ContinuousClock.now - start)
                guard try lock(held.file, document.lockRange, mode, timeout: max(left, .zero)) else {
                    throw HoldfastError.lockTimeout(
                        document: document.description, waited: timeout,
                        // Who doesn't wait isn't told; to find out is to look through all processes.
                        holder: timeout > .zero
                            ? held.file.fileSystem.lockHolder(held.file.descriptor, document.lockRange) : nil)
                }
            }
            // A person may have removed or replaced the file; then others lock a different one.
            let status = try held.file.status()
            guard status.kind == .file else { throw unexpected(status.kind) }
            if status.linkCount > 0 { return held }
            if ContinuousClock.now - start > timeout {
                throw HoldfastError(
                    .lockTimeout, "`\(Self.fileName)` was removed again and again for \(timeout.formattedSeconds)",
                    remedy: "see who removes it")
            }
        }
    }

    /// Whether there is a lock file, which the first writer makes.
    func isThere() throws(SystemCallError) -> Bool { try store.statusIfPresent(of: Self.fileName) != nil }

    /// Runs a body while no name in the store moves.
    func withNames<Result>(timeout: Duration, _ body: () throws -> Result) throws -> Result {
        if try !isThere() {
            // Nobody has ever written here, and a reader leaves nothing behind.
            let result = try body()
            if try !isThere() { return result }
        }
        let file = try openFile(.shared)
        let held = Held(file, [])
        defer { held.release() }
        try lockNames(file, .shared, timeout: timeout)
        return try body()
    }

    /// Runs a body that moves names, on behalf of a writer that holds its documents' locks already.
    func movingNames<Result>(_ held: Held, timeout: Duration, _ body: () throws -> Result) throws -> Result {
        let start = ContinuousClock.now
        guard turn.wait(for: timeout) else { throw namesLocked(held.file, timeout) }
        defer { turn.signal() }
        try lockNames(held.file, .exclusive, timeout: max(timeout - (ContinuousClock.now - start), .zero))
        defer {
            // Released at the latest with the document's lock.
            do {
                try Directory.uninterrupted(nil) { () throws(SystemCallError) in
                    try held.file.fileSystem.unlock(held.file.descriptor, Self.names)
                }
            } catch {}
        }
        return try body()
    }

    private func lockNames(_ file: OpenFile, _ mode: LockMode, timeout: Duration) throws {
        if try !lock(file, Self.names, mode, timeout: timeout) { throw namesLocked(file, timeout) }
    }

    private func namesLocked(_ file: OpenFile, _ timeout: Duration) -> HoldfastError {
        let holder = file.fileSystem.lockHolder(file.descriptor, Self.names) ?? "unknown"
        return HoldfastError(
            .lockTimeout,
            "another process (\(holder)) has kept the store's names locked for \(timeout.formattedSeconds)",
            remedy: "see whether that process is stopped")
    }

    /// Opens the lock file, which the first one creates.
    ///
    /// A shared lock needs no more than to read it (fcntl_locking(2)), as who may only read the store does.
    private func openFile(_ mode: LockMode) throws -> OpenFile {
        do {
            return try store.openOrCreate(Self.fileName, mode: 0o666)
        } catch {
            if mode == .shared, [.accessDenied, .notPermitted, .readOnly].contains(error.errno),
                let (file, _) = try store.openFileIfPresent(Self.fileName)
            {
                return file
            }
            if error.errno == .notFound { throw HoldfastError.storeRemoved }
            // What can't be opened for writing as a file is a directory (EISDIR) or a link (ELOOP): open(2).
            guard error.errno == .isADirectory || error.errno == .loop,
                let kind = try store.statusIfPresent(of: Self.fileName)?.kind, kind != .file
            else { throw error }
            throw unexpected(kind)
        }
    }

    private func unexpected(_ kind: EntryKind) -> HoldfastError {
        HoldfastError(
            .unexpectedEntry, "`\(Self.fileName)` is a \(kind)", remedy: "move it away; Holdfast makes a new one")
    }

    private func lock(
        _ file: OpenFile, _ range: LockRange, _ mode: LockMode, timeout: Duration
    ) throws(SystemCallError) -> Bool {
        try Directory.uninterrupted(Self.fileName) { () throws(SystemCallError) in
            try file.fileSystem.lock(file.descriptor, range, mode, timeout: timeout)
        }
    }
}
