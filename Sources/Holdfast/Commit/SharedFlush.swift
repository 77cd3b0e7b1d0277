import Dispatch
import Synchronization

/// One flush for all commits of a store's threads that wait for the same one.
///
/// While one is under way, further commits gather; when it is done, the first of them flushes for all of them. Each has
/// made its changes before it came, so the flush that begins after that covers it.
final class SharedFlush: Sendable {
    private enum Outcome: Sendable {
        /// What came of the flush that another commit has made.
        case done(Result<Void, SystemCallError>)
        /// This commit is to flush, for those that have gathered too.
        case turn
    }

    /// A commit that waits.
    private final class Waiter: Sendable {
        let outcome = Mutex<Outcome>(.turn)
        let arrived = DispatchSemaphore(value: 0)

        func tell(_ outcome: Outcome) {
            self.outcome.withLock { $0 = outcome }
            arrived.signal()
        }
    }

    private struct State {
        var isFlushing = false
        var gathered: [Waiter] = []
        var failureCount = 0
        var lastFailure: SystemCallError?
    }

    private let state = Mutex(State())
    private let body: @Sendable () throws(SystemCallError) -> Void

    /// Creates a flush.
    ///
    /// - Parameter body: Makes it; it covers the same for every caller.
    init(_ body: @escaping @Sendable () throws(SystemCallError) -> Void) { self.body = body }

    /// How many commits wait for the next flush.
    var gatheredCount: Int { state.withLock { $0.gathered.count } }

    /// How many flushes have failed.
    var failureCount: Int { state.withLock { $0.failureCount } }

    /// Flushes, or waits for another commit that does.
    ///
    /// - Parameter failureCount: How many flushes had failed before the caller began to change anything. The system
    ///   reports a failure once for an open file (fsync(2), syncfs(2)), and the kernel may have dropped anybody's pages: no
    ///   later flush is to tell those that were under way that all is well.
    /// - Returns: Whether this call has made a flush.
    /// - Throws: What the flush met, or one that has failed since then; all that waited for it, or came while it failed, get
    ///   the same.
    func flush(since failureCount: Int) throws(SystemCallError) -> Bool {
        let waiter = Waiter()
        var failure: SystemCallError?
        let isFirst = state.withLock { state in
            if state.failureCount != failureCount {
                failure = state.lastFailure
                return false
            }
            if !state.isFlushing {
                state.isFlushing = true
                return true
            }
            state.gathered.append(waiter)
            return false
        }
        if let failure { throw failure }
        if !isFirst {
            waiter.arrived.wait()
            if case .done(let result) = waiter.outcome.withLock({ $0 }) {
                try result.get()
                return false
            }
        }
        // All that have come by now are covered.
        let covered = state.withLock { state in
            defer { state.gathered = [] }
            return state.gathered
        }
        let result: Result<Void, SystemCallError>
        do throws(SystemCallError) {
            result = .success(try body())
        } catch {
            result = .failure(error)
        }
        finish(covered, result)
        try result.get()
        return true
    }

    private func finish(_ covered: [Waiter], _ result: Result<Void, SystemCallError>) {
        var failed: [Waiter] = []
        let next = state.withLock { state -> Waiter? in
            if case .failure(let error) = result {
                state.failureCount += 1
                state.lastFailure = error
                failed = state.gathered
                state.gathered = []
            }
            if state.gathered.isEmpty {
                state.isFlushing = false
                return nil
            }
            return state.gathered.removeFirst()
        }
        for waiter in covered + failed { waiter.tell(.done(result)) }
        next?.tell(.turn)
    }
}
