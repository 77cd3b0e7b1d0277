import Dispatch
import Synchronization

/// What commits leave to be done behind their return, with their locks still held: step 7.
///
/// It is the work that would have been done before the return, by the same calls, so that a crash leaves nothing else:
/// a remnant that the next start removes. Whoever needs the document in this process does not wait for its turn, but does
/// what is left of it first.
final class BackgroundCleanup: Sendable {
    /// Documents whose clean-up may wait, at most.
    ///
    /// Each holds up to three descriptors. What is more is done at once.
    static let limit = 32

    private final class Job: Sendable {
        let locks: StoreLocks.Held
        private let body: @Sendable () -> Void
        private let isTaken = Atomic(false)
        private let done = DispatchGroup()

        init(_ locks: StoreLocks.Held, _ body: @escaping @Sendable () -> Void) {
            self.locks = locks
            self.body = body
            done.enter()
        }

        /// Does the work, or waits for the thread that does it.
        func perform() {
            if isTaken.exchange(true, ordering: .acquiringAndReleasing) { return done.wait() }
            body()
            locks.release()
            done.leave()
        }
    }

    private let jobs = Mutex<[Job]>([])
    /// Nil where nothing is done by itself, for tests that need to know when.
    private let queue: DispatchQueue?

    init(runsByItself: Bool) {
        queue = runsByItself ? DispatchQueue(label: "holdfast.cleanup", qos: .utility) : nil
    }

    /// Takes over the clean-up of commits, and their locks.
    ///
    /// - Returns: Whether it did; else the caller is to do it.
    func add(_ locks: StoreLocks.Held, _ body: @escaping @Sendable () -> Void) -> Bool {
        let job = Job(locks, body)
        let isAccepted = jobs.withLock { jobs in
            let waiting = jobs.reduce(0) { $0 + $1.locks.ranges.count }
            if waiting + locks.ranges.count > Self.limit { return false }
            locks.share()
            jobs.append(job)
            return true
        }
        if isAccepted { queue?.async { self.perform(job) } }
        return isAccepted
    }

    /// Does what is left of these documents; nil for all.
    func finish(_ documents: [DocumentName]?) {
        let wanted = jobs.withLock { jobs in
            jobs.filter { job in
                documents?.contains { job.locks.ranges.contains($0.lockRange) } ?? true
            }
        }
        for job in wanted { perform(job) }
    }

    private func perform(_ job: Job) {
        job.perform()
        jobs.withLock { $0.removeAll { $0 === job } }
    }
}
