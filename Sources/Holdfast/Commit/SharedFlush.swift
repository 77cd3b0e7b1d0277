import Dispatch
import Synchronization

/// One flush for all commits of this process that wait for the same one.
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
    }

    private let state = Mutex(State())

    /// How many commits wait for the next flush.
    var gatheredCount: Int { state.withLock { $0.gathered.count } }

    /// Flushes, or waits for another commit that does.
    ///
    /// - Parameter body: Makes the flush; it covers the same for every caller.
    /// - Returns: Whether this call has made a flush.
    /// - Throws: What the flush met; all that waited for it, or came while it failed, get the same: no later flush is to
    ///   tell them that all is well, since the kernel may have dropped the pages.
    func flush(_ body: () throws(SystemCallError) -> Void) throws(SystemCallError) -> Bool {
        let waiter = Waiter()
        let isFirst = state.withLock { state in
            if !state.isFlushing {
                state.isFlushing = true
                return true
            }
            state.gathered.append(waiter)
            return false
        }
        if !isFirst {
            waiter.arrived.wait()
            if case .done(let result) = waiter.outcome.withLock({ $0 }) {
                try result.get()
                return false
            }
        }
        // All that have come by now are covered; this one may be among them.
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
            if case .failure = result {
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
