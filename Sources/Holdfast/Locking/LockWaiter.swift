import CHoldfast
import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A wait for a lock that ends after a time.
///
/// `F_OFD_SETLKW` queues in the kernel, wakes without polling, and has no timeout. So a thread of its own waits there,
/// on a duplicate of the descriptor: a lock belongs to the open file description, which duplicates share. Where the time is
/// up first, the thread is left behind; once it gets the lock it closes the last duplicate, and that releases it. There is
/// at most one such thread for each wait that timed out on a lock that is still held.
enum LockWaiter {
    private final class Wait: Sendable {
        let descriptor: Int32
        let range: LockRange
        let type: Int32
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<Result<Void, SystemCallError>?>(nil)

        init(descriptor: Int32, range: LockRange, type: Int32) {
            self.descriptor = descriptor
            self.range = range
            self.type = type
        }

        func run() {
            var outcome: Result<Void, SystemCallError> = .success(())
            while holdfast_lock(descriptor, range.start, range.count, type, 1) != 0 {
                if errno == EINTR { continue }
                outcome = .failure(SystemCallError(.lock, Errno(rawValue: errno)))
                break
            }
            result.withLock { $0 = outcome }
            // Nothing was written through it, so its close has nothing to report.
            _ = close(descriptor)
            done.signal()
        }
    }

    /// Waits for a lock.
    ///
    /// - Returns: Whether the lock was had within the time.
    static func wait(
        _ descriptor: Descriptor, _ range: LockRange, _ type: Int32, timeout: Duration
    ) throws(SystemCallError) -> Bool {
        let duplicate = fcntl(descriptor.rawValue, F_DUPFD_CLOEXEC, 0)
        if duplicate < 0 { throw SystemCallError(.lock, Errno(rawValue: errno)) }
        let wait = Wait(descriptor: duplicate, range: range, type: type)
        do throws(OwnThread.Obstacle) {
            try OwnThread { wait.run() }.detach()
        } catch {
            _ = close(duplicate)
            throw SystemCallError(.lock, error.errno)
        }
        _ = wait.done.wait(timeout: .now(plus: timeout))
        switch wait.result.withLock({ $0 }) {
        case .success: return true
        case .failure(let error): throw error
        case nil: return false
        }
    }
}

extension DispatchTime {
    /// A time from now; what is further away than a century never comes.
    static func now(plus duration: Duration) -> DispatchTime {
        let (seconds, attoseconds) = duration.components
        if seconds > 100 * 365 * 86_400 { return .distantFuture }
        return .now() + .nanoseconds(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
    }
}
