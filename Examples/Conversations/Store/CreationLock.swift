import CommandLineKit
import Glibc

/// Keeps two processes from giving one id to two new conversations.
///
/// It is a lock of the store's directory itself, which is not the kernel's lock file, and it vanishes with the process:
/// flock(2).
struct CreationLock {
    private let descriptor: Int32

    init(store path: String) throws(CommandFailure) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        while flock(descriptor, LOCK_EX) != 0 {
            if errno == EINTR { continue }
            let failure = Self.failure(path)
            close(descriptor)
            throw failure
        }
    }

    /// Nothing was written through the descriptor, so closing it can lose nothing.
    func release() { close(descriptor) }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure("\(path): the store can't be locked: \(String(cString: strerror(errno)))")
    }
}
