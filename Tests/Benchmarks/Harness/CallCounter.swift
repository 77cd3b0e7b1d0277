import Holdfast
import HoldfastTesting
import Synchronization

/// Counts the kernel's system calls, by the names of the seam; listing a directory counts as one.
final class CallCounter: Sendable {
    private let counted = Mutex<[SystemCall: Int]>([:])

    var counts: [SystemCall: Int] { counted.withLock { $0 } }

    func reset() { counted.withLock { $0 = [:] } }

    func interposed(on base: any FileSystem) -> InterposedFileSystem {
        InterposedFileSystem(base) { [self] (call, _) throws(SystemCallError) in
            counted.withLock { $0[call, default: 0] += 1 }
        }
    }
}
