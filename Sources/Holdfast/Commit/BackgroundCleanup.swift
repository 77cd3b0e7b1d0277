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

    typealias Body = @Sendable () -> [StoreEvent]

    private final class Job: Sendable {
        let locks: StoreLocks.Held
        let done = DispatchGroup()

        init(_ locks: StoreLocks.Held) {
            self.locks = locks
            done.enter()
        }
    }

    private struct State {
        /// The body is nil once a thread has taken it.
        var jobs: [(job: Job, body: Body?)] = []
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
    func add(_ locks: StoreLocks.Held, _ body: @escaping Body) -> Bool {
        let job = state.withLock { state -> Job? in
            let waiting = state.jobs.reduce(0) { $0 + $1.job.locks.ranges.count }
            if waiting + locks.ranges.count > Self.limit || state.wanted.contains(where: locks.ranges.contains) {
                return nil
            }
            locks.share()
            let job = Job(locks)
            state.jobs.append((job, body))
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
        for job in state.withLock({ $0.jobs.map(\.job).filter(isWanted) }) {
            perform(job)
            job.done.wait()
        }
    }

    /// Does the work, and releases the locks, unless another thread has begun it.
    private func perform(_ job: Job) {
        guard let events = run(job) else { return }
        job.locks.release()
        job.done.leave()
        state.withLock { $0.jobs.removeAll { $0.job === job } }
        if let observer { for event in events { observer(event) } }
    }

    /// When it returns, nothing holds the descriptors any more that the body had: whoever waits may be about to unmount.
    private func run(_ job: Job) -> [StoreEvent]? {
        let body = state.withLock { state -> Body? in
            guard let index = state.jobs.firstIndex(where: { $0.job === job }) else { return nil }
            defer { state.jobs[index].body = nil }
            return state.jobs[index].body
        }
        return body?()
    }
}
