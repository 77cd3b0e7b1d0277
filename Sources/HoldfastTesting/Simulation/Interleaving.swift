import Holdfast
import Dispatch
import Synchronization

/// Lets several clients run call by call, one at a time, in an order that is decided beforehand.
///
/// Each client runs on a thread of its own, and only one of them ever runs: before each of its calls it looks whether
/// the schedule takes its turn away. So the calls' order, and with it every result, is the same in every run. Few
/// preemptions reach most errors of concurrency (CHESS, OSDI 2008), which is why a schedule is a list of them.
package final class Interleaving: Sendable {
    private struct State {
        var current = 0
        var steps = 0
        var finished: Set<Int> = []
        /// Clients that wait for a lock.
        var waiting: Set<Int> = []
        var order: [UInt8] = []
    }

    private let clientCount: Int
    /// Before which calls, counted over all clients, the turn passes to the next client.
    private let preemptions: Set<Int>
    private let turns: [DispatchSemaphore]
    private let state = Mutex(State())

    package init(clients: Int, preemptions: Set<Int>) {
        clientCount = clients
        self.preemptions = preemptions
        turns = (0..<clients).map { _ in DispatchSemaphore(value: 0) }
    }

    /// How many calls were made.
    package var steps: Int { state.withLock { $0.steps } }

    /// Which client made each call.
    package var order: [UInt8] { state.withLock { $0.order } }

    /// Runs all clients to their ends: the first on this thread, the others on these queues.
    package func run(_ clients: [@Sendable () -> Void], on queues: [DispatchQueue]) {
        let others = DispatchGroup()
        for (number, body) in clients.enumerated().dropFirst() {
            queues[number - 1].async(group: others) {
                self.turns[number].wait()
                body()
                self.finish(number)
            }
        }
        clients.first?()
        finish(0)
        others.wait()
    }

    /// Returns once the client may make its next call.
    func turn(of client: Int) {
        let next = state.withLock { state -> Int? in
            // A person, or a check, is nobody's turn.
            guard client < clientCount, state.current == client else { return nil }
            defer { state.steps += 1 }
            if preemptions.contains(state.steps), let next = self.next(after: client, state) {
                state.current = next
                return next
            }
            state.order.append(UInt8(clamping: client))
            return nil
        }
        guard let next else { return }
        turns[next].signal()
        turns[client].wait()
        state.withLock { $0.order.append(UInt8(clamping: client)) }
    }

    /// Lets others run until a lock has been released.
    ///
    /// - Returns: Whether it is worth another try; false where all the others wait too, or are done.
    func waitForLock(_ client: Int) -> Bool {
        let next = state.withLock { state -> Int? in
            state.waiting.insert(client)
            guard let next = self.next(after: client, state) else {
                state.waiting.remove(client)
                return nil
            }
            state.current = next
            return next
        }
        guard let next else { return false }
        turns[next].signal()
        turns[client].wait()
        // Whoever was woken though nothing was released has been so to let it give up.
        return state.withLock { $0.waiting.remove(client) == nil }
    }

    /// Takes note that those who wait for a lock may try again.
    func lockReleased() { state.withLock { $0.waiting.removeAll() } }

    private func finish(_ client: Int) {
        let next = state.withLock { state -> Int? in
            state.finished.insert(client)
            let next = self.next(after: client, state) ?? state.waiting.min()
            if let next { state.current = next }
            return next
        }
        if let next { turns[next].signal() }
    }

    private func next(after client: Int, _ state: State) -> Int? {
        (1..<clientCount).map { (client + $0) % clientCount }.first {
            !state.finished.contains($0) && !state.waiting.contains($0)
        }
    }
}
