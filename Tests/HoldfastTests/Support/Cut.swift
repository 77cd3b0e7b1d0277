import Holdfast
import HoldfastTesting
import Synchronization

/// The end of a process at its Nth call that changes the disk: that call and all behind it do nothing.
final class Cut: Sendable {
    private let remaining: Mutex<Int>

    /// Creates a cut that lets so many changes happen.
    init(after changes: Int) { remaining = Mutex(changes) }

    /// Whether the process has ended.
    var hasHappened: Bool { remaining.withLock { $0 < 0 } }

    var hook: InterposedFileSystem.Hook {
        { [self] (call, entry) throws(SystemCallError) in
            guard Self.changes(call, entry) else { return }
            let isOver = remaining.withLock { left in
                left -= 1
                return left < 0
            }
            if isOver { throw SystemCallError(call, .inputOutput, entry: entry) }
        }
    }

    static func changes(_ call: SystemCall, _ entry: EntryName?) -> Bool {
        // Opening creates only what these names say; the lock file may come at any time.
        call == .openat
            ? entry?.hasSuffix(".tmp") == true || entry?.hasPrefix(".commit-") == true
            : call.isMutating
    }
}

/// One failure, at one call.
final class Fault: Sendable {
    private let remaining: Mutex<Int>
    private let error: Errno
    private let isMeant: @Sendable (SystemCall, EntryName?) -> Bool

    /// Creates a failure of the Nth call that is meant.
    init(
        _ error: Errno, at number: Int = 0,
        in isMeant: @escaping @Sendable (SystemCall, EntryName?) -> Bool = {
            // Opening creates only by name, and the store is not what is tested.
            $0.isMutating && ($0 != .openat || $1 != nil) && $0 != .mkdir
        }
    ) {
        remaining = Mutex(number)
        self.error = error
        self.isMeant = isMeant
    }

    var hasHappened: Bool { remaining.withLock { $0 < 0 } }

    var hook: InterposedFileSystem.Hook {
        { [self] (call, entry) throws(SystemCallError) in
            guard isMeant(call, entry) else { return }
            let isNow = remaining.withLock { left in
                defer { left -= 1 }
                return left == 0
            }
            if isNow { throw SystemCallError(call, error, entry: entry) }
        }
    }
}

/// Something that happens once, at the first call that is meant: a person, another process.
final class Meanwhile: Sendable {
    private let isDone = Mutex(false)
    private let isMeant: @Sendable (SystemCall, EntryName?) -> Bool
    private let action: @Sendable () throws -> Void

    init(
        _ isMeant: @escaping @Sendable (SystemCall, EntryName?) -> Bool, _ action: @escaping @Sendable () throws -> Void
    ) {
        self.isMeant = isMeant
        self.action = action
    }

    var hasHappened: Bool { isDone.withLock { $0 } }

    var hook: InterposedFileSystem.Hook {
        { [self] (call, entry) throws(SystemCallError) in
            guard isMeant(call, entry),
                (isDone.withLock { done in
                    defer { done = true }; return !done
                })
            else { return }
            do {
                try action()
            } catch {
                throw SystemCallError(call, .inputOutput, entry: entry)
            }
        }
    }
}

/// A signal at every call: each fails with EINTR once, and is made when it is tried again.
final class Interruptions: Sendable {
    private struct State {
        var last: (SystemCall, EntryName?)?
        var count = 0
    }
    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    var hook: InterposedFileSystem.Hook {
        { [self] (call, entry) throws(SystemCallError) in
            // A close that was interrupted has closed; it is not made again.
            if call == .close || call == .unlock { return }
            let isSecond = state.withLock { state in
                if let last = state.last, last == (call, entry) {
                    state.last = nil
                    return true
                }
                state.last = (call, entry)
                state.count += 1
                return false
            }
            if !isSecond { throw SystemCallError(call, .interrupted, entry: entry) }
        }
    }
}
