import Synchronization

/// Something that a file system may or may not do, and that the protocol has another way for.
package enum Capability: String, Sendable, Hashable, CaseIterable {
    /// `renameat2(RENAME_EXCHANGE)` of directories.
    case exchange
    /// `renameat2(RENAME_NOREPLACE)`.
    case noReplace
    /// `linkat(2)`.
    case link
    /// `ioctl(FICLONE)`.
    case clone
    /// `copy_file_range(2)`.
    case copyRange
}

/// What the store's file system can do, as found by trying.
///
/// No file system's name tells (ZFS before 2.2 refuses the rename flags, FUSE passes them or not): a call that "should
/// work" is made, and where the answer is that the file system can't, the fallback is taken from then on. That costs
/// nothing where it works. An answer about one file alone, such as EXDEV, is not remembered.
package final class Capabilities: Sendable {
    private let missing: Mutex<Set<Capability>>

    package init(without withheld: Set<Capability> = []) {
        missing = Mutex(withheld)
    }

    package func has(_ capability: Capability) -> Bool {
        missing.withLock { !$0.contains(capability) }
    }

    /// Takes note of a refusal.
    ///
    /// - Returns: Whether the error says that the file system can't, and not that this call failed.
    package func isRefusal(_ error: SystemCallError, of capability: Capability) -> Bool {
        switch error.errno {
        case .invalid where capability == .clone || capability == .copyRange:
            // It may be this file's: a part of it is not written yet, or it was made to be overwritten in place.
            return true
        case .invalid, .notImplemented, .notSupported, .notATerminal:
            missing.withLock { _ = $0.insert(capability) }
            return true
        default: return false
        }
    }
}
