import Synchronization

/// What went wrong on other threads.
final class Failures: Sendable {
    private let first = Mutex<(any Error)?>(nil)

    func collect(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            first.withLock { $0 = $0 ?? error }
        }
    }

    func rethrow() throws {
        if let error = first.withLock({ $0 }) { throw error }
    }
}
