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
/// up first, the thread is left behind; once it gets the lock it closes the last duplicate, and that releases it. While
/// there are many such threads, because somebody holds a lock for long and others try again and again, waits poll instead,
/// and so they do where there is no thread or descriptor to be had.
enum LockWaiter {
    private static let leftBehind = Atomic(0)
    private static let mostLeftBehind = 16

    private final class Wait: Sendable {
        struct State {
            var result: Result<Void, SystemCallError>?
            var isLeftBehind = false
        }

        let descriptor: Int32
        let range: LockRange
        let type: Int32
        let done = DispatchSemaphore(value: 0)
        let state = Mutex(State())

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
            let isLeftBehind = state.withLock { state in
                state.result = outcome
                return state.isLeftBehind
            }
            if isLeftBehind { leftBehind.subtract(1, ordering: .relaxed) }
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
        if leftBehind.load(ordering: .relaxed) >= mostLeftBehind {
            return try poll(descriptor, range, type, timeout: timeout)
        }
        let duplicate = fcntl(descriptor.rawValue, F_DUPFD_CLOEXEC, 0)
        if duplicate < 0 { return try poll(descriptor, range, type, timeout: timeout) }
        let wait = Wait(descriptor: duplicate, range: range, type: type)
        do throws(OwnThread.Obstacle) {
            try OwnThread { wait.run() }.detach()
        } catch {
            _ = close(duplicate)
            return try poll(descriptor, range, type, timeout: timeout)
        }
        _ = wait.done.wait(for: timeout)
        let result = wait.state.withLock { state in
            state.isLeftBehind = state.result == nil
            return state.result
        }
        switch result {
        case .success: return true
        case .failure(let error): throw error
        case nil:
            leftBehind.add(1, ordering: .relaxed)
            return false
        }
    }

    private static func poll(
        _ descriptor: Descriptor, _ range: LockRange, _ type: Int32, timeout: Duration
    ) throws(SystemCallError) -> Bool {
        let end = ContinuousClock.now + timeout
        var pause: UInt32 = 1_000
        while true {
            if holdfast_lock(descriptor.rawValue, range.start, range.count, type, 0) == 0 { return true }
            guard errno == EAGAIN || errno == EACCES || errno == EINTR else {
                throw SystemCallError(.lock, Errno(rawValue: errno))
            }
            if ContinuousClock.now >= end { return false }
            usleep(pause)
            pause = min(pause * 2, 50_000)
        }
    }
}

extension DispatchSemaphore {
    /// Waits for a signal, a second at a time: on Linux, libdispatch waits until a time of day (sem_timedwait(3)), which
    /// somebody may set meanwhile.
    ///
    /// - Returns: Whether it came within the time.
    func wait(for timeout: Duration) -> Bool {
        let end = ContinuousClock.now + timeout
        while true {
            let left = end - ContinuousClock.now
            let part = max(.zero, min(left, .seconds(1)))
            if wait(timeout: .now() + .nanoseconds(Int(part / .nanoseconds(1)))) == .success { return true }
            if left <= .zero { return false }
        }
    }
}
