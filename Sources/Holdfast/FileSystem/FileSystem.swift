/// Every system call that the kernel makes, and nothing else: the seam between the protocol and the machine.
///
/// Each requirement is one call with the semantics of its man page: it may fail with EINTR, and reads and writes may be
/// short. ``Directory`` deals with both, once. ``POSIXFileSystem`` is the implementation that reaches the
/// disk; `HoldfastTesting` has one in memory that can lose un-flushed data, fail any call and cut at any call.
///
/// All work is relative to a directory that is held open, and no symbolic link is ever followed: `openat(2)` with
/// `O_NOFOLLOW`, `fstatat(2)` with `AT_SYMLINK_NOFOLLOW`.
package protocol FileSystem: Sendable {
    /// Opens a directory by path, following no link in the last component. `open(2)`.
    func openDirectory(path: String) throws(SystemCallError) -> Descriptor
    /// Creates a directory by path. `mkdir(2)`.
    func makeDirectory(path: String, mode: UInt32) throws(SystemCallError)

    /// `openat(2)`.
    func open(
        _ name: EntryName, in directory: Descriptor, _ access: FileAccess, mode: UInt32
    ) throws(SystemCallError) -> Descriptor
    /// `close(2)`. The descriptor is gone whatever the result.
    func close(_ descriptor: Descriptor) throws(SystemCallError)

    /// `pread(2)`: may read less than asked; 0 at the end.
    func read(
        _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemCallError) -> Int
    /// `pwrite(2)`: may write less than asked.
    func write(
        _ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws(SystemCallError) -> Int
    /// `ftruncate(2)`: sets the size in bytes.
    func truncate(_ descriptor: Descriptor, to size: Int64) throws(SystemCallError)
    /// `lseek(2)` with `SEEK_DATA`, then `SEEK_HOLE`: the next run of data at or behind an offset; nil where only a hole
    /// is left. Throws EINVAL where the file system can't tell.
    func nextData(_ descriptor: Descriptor, from offset: Int64) throws(SystemCallError) -> Range<Int64>?
    /// `ioctl(FICLONE)`: makes the destination share the source's blocks.
    func clone(_ source: Descriptor, to destination: Descriptor) throws(SystemCallError)
    /// `copy_file_range(2)`: copies within the kernel; may copy less than asked; 0 at the end.
    func copyRange(
        _ source: Descriptor, to destination: Descriptor, at offset: Int64, count: Int
    ) throws(SystemCallError) -> Int

    /// `statx(2)` of a descriptor.
    func status(_ descriptor: Descriptor) throws(SystemCallError) -> FileStatus
    /// `statx(2)` of an entry, following no link.
    func status(of name: EntryName, in directory: Descriptor) throws(SystemCallError) -> FileStatus
    /// `getdents64(2)` to the end, without `.` and `..`. A kind is nil where the directory doesn't tell it; names are good
    /// for the call of the body alone. A directory that has been removed while it is held open is empty.
    func visitEntries(
        of directory: Descriptor, _ use: ListingUse, _ body: (UnsafeBufferPointer<UInt8>, EntryKind?) -> Void
    ) throws(SystemCallError)

    /// `mkdirat(2)`.
    func makeDirectory(_ name: EntryName, in directory: Descriptor, mode: UInt32) throws(SystemCallError)
    /// `unlinkat(2)`.
    func removeFile(_ name: EntryName, in directory: Descriptor) throws(SystemCallError)
    /// `unlinkat(2)` with `AT_REMOVEDIR`.
    func removeDirectory(_ name: EntryName, in directory: Descriptor) throws(SystemCallError)
    /// `renameat2(2)`, or `renameat(2)` for ``RenameMode/replace``.
    func rename(
        _ name: EntryName, in directory: Descriptor, to newName: EntryName, in newDirectory: Descriptor,
        _ mode: RenameMode
    ) throws(SystemCallError)
    /// `linkat(2)` without `AT_SYMLINK_FOLLOW`: a link to the entry itself.
    func link(
        _ name: EntryName, in directory: Descriptor, to newName: EntryName, in newDirectory: Descriptor
    ) throws(SystemCallError)
    /// `symlinkat(2)`.
    func makeSymbolicLink(
        to target: [UInt8], named name: EntryName, in directory: Descriptor
    ) throws(SystemCallError)
    /// `readlinkat(2)`.
    func readSymbolicLink(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) -> [UInt8]

    /// `fchmod(2)`.
    func setMode(_ descriptor: Descriptor, to mode: UInt32) throws(SystemCallError)
    /// `fchown(2)`.
    func setOwner(_ descriptor: Descriptor, user: UInt32, group: UInt32) throws(SystemCallError)
    /// `fchownat(2)`, following no link: for symbolic links, which can't be opened.
    func setOwner(
        of name: EntryName, in directory: Descriptor, user: UInt32, group: UInt32
    ) throws(SystemCallError)
    /// `futimens(2)`.
    func setTimes(_ descriptor: Descriptor, access: Timestamp, modification: Timestamp) throws(SystemCallError)
    /// `utimensat(2)`, following no link.
    func setTimes(
        of name: EntryName, in directory: Descriptor, access: Timestamp, modification: Timestamp
    ) throws(SystemCallError)
    /// `flistxattr(2)`. ACLs are among them, as `system.posix_acl_access`.
    func extendedAttributeNames(_ descriptor: Descriptor) throws(SystemCallError) -> [EntryName]
    /// `fgetxattr(2)`.
    func extendedAttribute(_ name: EntryName, of descriptor: Descriptor) throws(SystemCallError) -> [UInt8]
    /// `fremovexattr(2)`.
    func removeExtendedAttribute(_ name: EntryName, of descriptor: Descriptor) throws(SystemCallError)
    /// `fsetxattr(2)`.
    func setExtendedAttribute(
        _ name: EntryName, of descriptor: Descriptor, to value: [UInt8]
    ) throws(SystemCallError)

    /// `fsync(2)`: what the descriptor's file or directory holds is durable on return.
    func flush(_ descriptor: Descriptor) throws(SystemCallError)
    /// `syncfs(2)`: all of the file system is durable on return.
    func flushFileSystem(_ descriptor: Descriptor) throws(SystemCallError)
    /// `sync_file_range(2)` on the whole file: the file's data is on its way to the device (`start`), or there (`wait`),
    /// but in the device's cache only, and without its metadata.
    func writeBack(_ descriptor: Descriptor, _ mode: WriteBackMode) throws(SystemCallError)

    /// `fcntl(F_OFD_SETLK)`, or a wait for it in the kernel's queue.
    ///
    /// - Returns: Whether the lock was had within the time.
    func lock(
        _ descriptor: Descriptor, _ range: LockRange, _ mode: LockMode, timeout: Duration
    ) throws(SystemCallError) -> Bool
    /// `fcntl(F_OFD_SETLK)` with `F_UNLCK`.
    func unlock(_ descriptor: Descriptor, _ range: LockRange) throws(SystemCallError)
    /// Who holds a lock that conflicts, where the system can tell: `process 4711 (conversations)`.
    func lockHolder(_ descriptor: Descriptor, _ range: LockRange) -> String?

    /// `fstatfs(2)`.
    func kind(of descriptor: Descriptor) throws(SystemCallError) -> FileSystemKind
    /// The clock that the file system stamps its files with.
    func now() -> Timestamp
    /// The process's effective user.
    func effectiveUser() -> UInt32
    /// `faccessat(2)`: whether the effective user may add and remove a directory's entries, as far as its mode tells.
    func mayModify(_ directory: Descriptor) throws(SystemCallError) -> Bool
}

/// Who else lists through a descriptor, which has only one position in its directory.
package enum ListingUse: Hashable, Sendable {
    /// Maybe other threads at the same time: the directory is opened again for the listing.
    case shared
    /// Nobody: it was opened for this one listing, right before it.
    case once
}

/// A system call of the seam, by the name under which a trace shows it.
package enum SystemCall: String, Sendable, CaseIterable, Codable {
    case openat, mkdir, close, pread, pwrite, ftruncate, lseek, ficlone, copy_file_range, statx, getdents64
    case mkdirat, unlinkat, rmdirat, renameat2, linkat, symlinkat, readlinkat
    case fchmod, fchown, fchownat, futimens, utimensat, flistxattr, fgetxattr, fsetxattr, fremovexattr, faccessat
    case fsync, syncfs, sync_file_range, lock, unlock, fstatfs
}

/// An open file or directory.
package struct Descriptor: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
}

/// What a file is opened for.
///
/// Every kind implies `O_CLOEXEC` and `O_NOFOLLOW`.
package enum FileAccess: Hashable, Sendable {
    /// `O_RDONLY | O_NONBLOCK`: a FIFO in the file's place doesn't block the open.
    case read
    /// `O_RDONLY | O_DIRECTORY`.
    case directory
    /// `O_RDWR | O_CREAT | O_EXCL`: never an existing file, never through a link.
    case createNew
    /// `O_RDWR | O_CREAT`: the lock file.
    case readWriteOrCreate
}

/// How a rename treats the new name.
package enum RenameMode: Hashable, Sendable {
    /// What stands there is replaced.
    case replace
    /// EEXIST where something stands there. `RENAME_NOREPLACE`.
    case noReplace
    /// Both names swap what they stand for, in one step. `RENAME_EXCHANGE`.
    case exchange
}

/// How far `sync_file_range` goes.
package enum WriteBackMode: Hashable, Sendable {
    case start, wait
}

/// A lock's strength.
package enum LockMode: Hashable, Sendable {
    case shared, exclusive
}

/// A range of bytes in the lock file.
package struct LockRange: Hashable, Sendable, Comparable {
    package let start: Int64
    package let count: Int64

    package init(start: Int64, count: Int64 = 1) {
        self.start = start
        self.count = count
    }

    package static func < (a: LockRange, b: LockRange) -> Bool { a.start < b.start }
}

/// What kind of thing a directory entry is.
package enum EntryKind: String, Hashable, Sendable, Codable, CustomStringConvertible {
    case file, directory, symbolicLink, fifo, socket, device

    package var description: String {
        switch self {
        case .file: "regular file"
        case .directory: "directory"
        case .symbolicLink: "symbolic link"
        case .fifo: "FIFO"
        case .socket: "socket"
        case .device: "device"
        }
    }
}

/// A time since 1970.
package struct Timestamp: Hashable, Sendable, Comparable {
    package let seconds: Int64
    package let nanoseconds: Int64

    package init(seconds: Int64, nanoseconds: Int64) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package static func < (a: Timestamp, b: Timestamp) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }
}

/// Which file, whatever its names: equal for all hard links of one inode.
package struct FileIdentity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// What `statx(2)` tells.
package struct FileStatus: Hashable, Sendable {
    package let identity: FileIdentity
    package let kind: EntryKind
    /// Permission bits, set-user-ID, set-group-ID and sticky bit: `st_mode & 07777`.
    package let mode: UInt32
    package let linkCount: UInt64
    package let user: UInt32
    package let group: UInt32
    package let size: Int64
    package let access: Timestamp
    package let modification: Timestamp
    package let change: Timestamp
    /// Whether another file system, or another part of this one, is mounted here: `STATX_ATTR_MOUNT_ROOT`.
    package let isMountPoint: Bool
    /// Whether it may be neither removed nor renamed: `STATX_ATTR_IMMUTABLE`, `STATX_ATTR_APPEND`.
    package let isFixed: Bool

    package init(
        identity: FileIdentity, kind: EntryKind, mode: UInt32, linkCount: UInt64, user: UInt32, group: UInt32,
        size: Int64, access: Timestamp, modification: Timestamp, change: Timestamp, isMountPoint: Bool = false,
        isFixed: Bool = false
    ) {
        self.identity = identity
        self.kind = kind
        self.mode = mode
        self.linkCount = linkCount
        self.user = user
        self.group = group
        self.size = size
        self.access = access
        self.modification = modification
        self.change = change
        self.isMountPoint = isMountPoint
        self.isFixed = isFixed
    }
}

/// Which file system, as far as the protocol cares.
///
/// ext4 is one with a journal in itself; without, it counts as ext2, whose number it has. xfs is one that keeps the store's
/// files where its log is; a realtime device of their own is not flushed with it, and makes it `other`.
package enum FileSystemKind: String, Hashable, Sendable, Codable {
    case ext2, ext4, xfs, btrfs, tmpfs, overlayfs, zfs, fuse, nfs, smb, apfs, other

    /// Whether `syncfs` is known to flush it.
    package var flushesAsAWhole: Bool {
        switch self {
        case .ext2, .ext4, .xfs, .btrfs, .tmpfs: true
        default: false
        }
    }

    /// Whether a directory's times come from this machine's clock, at the moment of a change.
    package var stampsAtOnce: Bool {
        switch self {
        case .ext2, .ext4, .xfs, .btrfs, .tmpfs: true
        default: false
        }
    }
}
