import Dispatch
import Synchronization

/// What commits leave to be done behind their return, with their locks still held: step 7.
///
/// It is the work that would have been done before the return, by the same calls, so that a crash leaves nothing else:
/// a remnant that the next start removes. An operation of the same store that needs the document does first what is left of
/// it.
final class BackgroundCleanup: Sendable {
    /// Documents whose clean-up may wait, at most.
    ///
    /// Each holds up to three descriptors. What is more is done at once.
    static let limit = 32

    private final class Job: Sendable {
        let locks: StoreLocks.Held
        private let body: @Sendable () -> [StoreEvent]
        private let isTaken = Atomic(false)
        private let done = DispatchGroup()

        init(_ locks: StoreLocks.Held, _ body: @escaping @Sendable () -> [StoreEvent]) {
            self.locks = locks
            self.body = body
            done.enter()
        }

        /// Does the work, and releases the locks.
        ///
        /// - Returns: What is to be told of it; nil where another thread has begun it.
        func perform() -> [StoreEvent]? {
            if isTaken.exchange(true, ordering: .acquiringAndReleasing) { return nil }
            let events = body()
            locks.release()
            done.leave()
            return events
        }

        func wait() { done.wait() }
    }

    private struct State {
        var jobs: [Job] = []
        /// What threads wait for, or are about to.
        var wanted: [LockRange] = []
    }

    private let state = Mutex(State())
    private let observer: (@Sendable (StoreEvent) -> Void)?
    /// Nil where nothing is done by itself, for tests that need to know when.
    private let queue: DispatchQueue?

    init(runsByItself: Bool, observer: (@Sendable (StoreEvent) -> Void)?) {
        // Concurrent, so that a large removal does not hold up the others.
        queue = runsByItself ? DispatchQueue(label: "holdfast.cleanup", qos: .utility, attributes: .concurrent) : nil
        self.observer = observer
    }

    /// Takes over the clean-up of commits, and their locks.
    ///
    /// - Parameters:
    ///   - locks: The locks of the documents; they are released behind it.
    ///   - body: Does it, and returns what is to be told when the locks are released: an observer may wait for something
    ///     that another thread holds while it waits for these.
    /// - Returns: Whether it did; else the caller is to do it. It does not where somebody waits for these locks.
    func add(_ locks: StoreLocks.Held, _ body: @escaping @Sendable () -> [StoreEvent]) -> Bool {
        let job = state.withLock { state -> Job? in
            let waiting = state.jobs.reduce(0) { $0 + $1.locks.ranges.count }
            if waiting + locks.ranges.count > Self.limit || state.wanted.contains(where: locks.ranges.contains) {
                return nil
            }
            locks.share()
            let job = Job(locks, body)
            state.jobs.append(job)
            return job
        }
        guard let job else { return false }
        // Weak: what is done already is not to hold its descriptors until the queue comes to it.
        queue?.async { [weak job] in
            if let job { self.perform(job) }
        }
        return true
    }

    /// Runs a body that takes the locks of documents, behind what is left to do with these.
    func beforeLocking<Result>(_ documents: [DocumentName], _ body: () throws -> Result) rethrows -> Result {
        let ranges = documents.map(\.lockRange)
        state.withLock { $0.wanted += ranges }
        defer {
            state.withLock { state in
                for range in ranges {
                    if let index = state.wanted.lastIndex(of: range) { state.wanted.remove(at: index) }
                }
            }
        }
        finish { job in ranges.contains { job.locks.ranges.contains($0) } }
        return try body()
    }

    /// Does all that is left, or waits for the threads that do it.
    func finish() { finish { _ in true } }

    private func finish(where isWanted: (Job) -> Bool) {
        for job in state.withLock({ $0.jobs.filter(isWanted) }) {
            perform(job)
            job.wait()
        }
    }

    private func perform(_ job: Job) {
        guard let events = job.perform() else { return }
        state.withLock { $0.jobs.removeAll { $0 === job } }
        if let observer { for event in events { observer(event) } }
    }
}
