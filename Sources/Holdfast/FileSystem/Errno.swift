#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An error number of the C library.
package struct Errno: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let interrupted = Errno(rawValue: EINTR)
    package static let notFound = Errno(rawValue: ENOENT)
    package static let exists = Errno(rawValue: EEXIST)
    package static let notEmpty = Errno(rawValue: ENOTEMPTY)
    package static let notADirectory = Errno(rawValue: ENOTDIR)
    package static let isADirectory = Errno(rawValue: EISDIR)
    package static let loop = Errno(rawValue: ELOOP)
    package static let invalid = Errno(rawValue: EINVAL)
    package static let notImplemented = Errno(rawValue: ENOSYS)
    package static let notSupported = Errno(rawValue: EOPNOTSUPP)
    package static let notPermitted = Errno(rawValue: EPERM)
    package static let accessDenied = Errno(rawValue: EACCES)
    package static let tooManyLinks = Errno(rawValue: EMLINK)
    package static let crossDevice = Errno(rawValue: EXDEV)
    package static let busy = Errno(rawValue: EBUSY)
    package static let again = Errno(rawValue: EAGAIN)
    package static let inputOutput = Errno(rawValue: EIO)
    package static let noSpace = Errno(rawValue: ENOSPC)
    package static let quota = Errno(rawValue: EDQUOT)
    package static let readOnly = Errno(rawValue: EROFS)
    package static let nameTooLong = Errno(rawValue: ENAMETOOLONG)
    package static let tooManyOpen = Errno(rawValue: EMFILE)
    package static let tooManyOpenInSystem = Errno(rawValue: ENFILE)
    package static let tooLarge = Errno(rawValue: EFBIG)
    package static let noMemory = Errno(rawValue: ENOMEM)
    package static let noSuchDevice = Errno(rawValue: ENXIO)
    package static let noData = Errno(rawValue: ENODATA)
    package static let textBusy = Errno(rawValue: ETXTBSY)
    package static let range = Errno(rawValue: ERANGE)
    package static let stale = Errno(rawValue: ESTALE)
    package static let noLocks = Errno(rawValue: ENOLCK)
    package static let badDescriptor = Errno(rawValue: EBADF)
    package static let notATerminal = Errno(rawValue: ENOTTY)

    /// The C library's text, such as `No space left on device`.
    package var description: String {
        // strerror_r is the thread-safe form; Glibc's module shows the XSI variant, which fills the buffer.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress, strerror_r(rawValue, base, buffer.count) == 0 else {
                return "error \(rawValue)"
            }
            return String(cString: base)
        }
    }

    /// What a person can do about it, where that is clear from the number alone.
    var remedy: String? {
        switch self {
        case .noSpace, .quota: "free space, or inodes, on the disk and save again"
        case .tooLarge: "files may be no larger here (ulimit -f, or the file system); save less, or raise the limit"
        case .noMemory: "this takes more memory than there is: look for a file that has grown too large"
        case .readOnly: "the file system is mounted read-only; check it, then save again"
        case .inputOutput: "the disk reports a fault; check it before you go on"
        case .accessDenied, .notPermitted: "check owners and modes, of the store and of what is named"
        case .tooManyOpen, .tooManyOpenInSystem: "close files or raise the limit of open files"
        case .crossDevice: "on an overlay without redirect_dir, put a copy of the directory in its place"
        default: nil
        }
    }
}

/// A failed system call and its error number.
package struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    package let call: SystemCall
    package let errno: Errno
    /// The directory entry that the call was about, where it was about one.
    package var entry: EntryName?

    package init(_ call: SystemCall, _ errno: Errno, entry: EntryName? = nil) {
        self.call = call
        self.errno = errno
        self.entry = entry
    }

    package var description: String {
        "\(call.rawValue)\(entry.map { " of `\($0)`" } ?? ""): \(errno)"
    }
}
