import CHoldfast

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The operating system's file systems: the one place in the kernel that calls the C library.
///
/// Linux is what is tested. On Darwin `CHoldfast` maps the calls to their equivalents (`RENAME_SWAP`, `F_FULLFSYNC`);
/// that is untested.
package struct POSIXFileSystem: FileSystem {
    package init() {}

    // MARK: - Opening and closing

    package func openDirectory(path: String) throws(SystemCallError) -> Descriptor {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        return Descriptor(rawValue: Int32(try check(.openat, Int(path.withCString { systemOpen($0, flags) }))))
    }

    package func makeDirectory(path: String, mode: UInt32) throws(SystemCallError) {
        try check(.mkdir, Int(path.withCString { mkdir($0, mode_t(mode)) }))
    }

    package func open(
        _ name: EntryName, in directory: Descriptor, _ access: FileAccess, mode: UInt32
    ) throws(SystemCallError) -> Descriptor {
        let flags =
            switch access {
            case .read: O_RDONLY | O_NONBLOCK
            case .directory: O_RDONLY | O_DIRECTORY
            case .createNew: O_RDWR | O_CREAT | O_EXCL
            case .readWriteOrCreate: O_RDWR | O_CREAT
            }
        let result = name.withCString { openat(directory.rawValue, $0, flags | O_NOFOLLOW | O_CLOEXEC, mode_t(mode)) }
        return Descriptor(rawValue: Int32(try check(.openat, Int(result))))
    }

    package func close(_ descriptor: Descriptor) throws(SystemCallError) {
        try check(.close, Int(systemClose(descriptor.rawValue)))
    }

    // MARK: - Bytes

    package func read(
        _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try check(.pread, pread(descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(offset)))
    }

    package func write(
        _ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try check(.pwrite, pwrite(descriptor.rawValue, bytes.baseAddress, bytes.count, off_t(offset)))
    }

    package func truncate(_ descriptor: Descriptor, to size: Int64) throws(SystemCallError) {
        try check(.ftruncate, Int(ftruncate(descriptor.rawValue, off_t(size))))
    }

    package func nextData(_ descriptor: Descriptor, from offset: Int64) throws(SystemCallError) -> Range<Int64>? {
        let start = holdfast_seek_data(descriptor.rawValue, offset)
        let end = start < 0 ? start : holdfast_seek_hole(descriptor.rawValue, start)
        if end < 0 {
            // A hole to the end, or somebody has cut the file off between the two calls.
            if errno == ENXIO { return nil }
            throw SystemCallError(.lseek, Errno(rawValue: errno))
        }
        return start..<end
    }

    package func clone(_ source: Descriptor, to destination: Descriptor) throws(SystemCallError) {
        try check(.ficlone, Int(holdfast_clone(source.rawValue, destination.rawValue)))
    }

    package func copyRange(
        _ source: Descriptor, to destination: Descriptor, at offset: Int64, count: Int
    ) throws(SystemCallError) -> Int {
        try check(.copy_file_range, holdfast_copy_range(source.rawValue, destination.rawValue, offset, count))
    }

    // MARK: - Looking

    package func status(_ descriptor: Descriptor) throws(SystemCallError) -> FileStatus {
        var status = holdfast_status()
        try check(.statx, Int(holdfast_get_status(descriptor.rawValue, nil, &status)))
        return FileStatus(status)
    }

    package func status(of name: EntryName, in directory: Descriptor) throws(SystemCallError) -> FileStatus {
        var status = holdfast_status()
        try check(.statx, Int(name.withCString { holdfast_get_status(directory.rawValue, $0, &status) }))
        return FileStatus(status)
    }

    package func visitEntries(
        of directory: Descriptor, _ use: ListingUse, _ body: (UnsafeBufferPointer<UInt8>, EntryKind?) -> Void
    ) throws(SystemCallError) {
        if use == .once { return try readDirectory(directory.rawValue, body) }
        let own = Int32(try check(.openat, Int(openat(directory.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))))
        // Nothing was written through it, so its close has nothing to report.
        defer { _ = systemClose(own) }
        try readDirectory(own, body)
    }

    private func readDirectory(
        _ directory: Int32, _ body: (UnsafeBufferPointer<UInt8>, EntryKind?) -> Void
    ) throws(SystemCallError) {
        typealias Body = (UnsafeBufferPointer<UInt8>, EntryKind?) -> Void
        let result = withoutActuallyEscaping(body) { body in
            var body: Body = body
            return withUnsafeMutablePointer(to: &body) { body in
                holdfast_read_directory(directory, body) { context, name, length, type in
                    guard let name, let context else { return 0 }
                    let bytes = UnsafeRawBufferPointer(start: name, count: length)
                    context.assumingMemoryBound(to: Body.self).pointee(
                        bytes.assumingMemoryBound(to: UInt8.self), EntryKind(directoryType: type))
                    return 0
                }
            }
        }
        try check(.getdents64, Int(result))
    }

    // MARK: - Names

    package func makeDirectory(
        _ name: EntryName, in directory: Descriptor, mode: UInt32
    ) throws(SystemCallError) {
        try check(.mkdirat, Int(name.withCString { mkdirat(directory.rawValue, $0, mode_t(mode)) }))
    }

    package func removeFile(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) {
        try check(.unlinkat, Int(name.withCString { unlinkat(directory.rawValue, $0, 0) }))
    }

    package func removeDirectory(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) {
        try check(.rmdirat, Int(name.withCString { unlinkat(directory.rawValue, $0, AT_REMOVEDIR) }))
    }

    package func rename(
        _ name: EntryName, in directory: Descriptor, to newName: EntryName, in newDirectory: Descriptor,
        _ mode: RenameMode
    ) throws(SystemCallError) {
        let flag =
            switch mode {
            case .replace: HOLDFAST_RENAME_REPLACE
            case .noReplace: HOLDFAST_RENAME_NOREPLACE
            case .exchange: HOLDFAST_RENAME_EXCHANGE
            }
        let result = name.withCString { old in
            newName.withCString { new in
                holdfast_rename(directory.rawValue, old, newDirectory.rawValue, new, Int32(flag))
            }
        }
        try check(.renameat2, Int(result))
    }

    package func link(
        _ name: EntryName, in directory: Descriptor, to newName: EntryName, in newDirectory: Descriptor
    ) throws(SystemCallError) {
        let result = name.withCString { old in
            newName.withCString { new in linkat(directory.rawValue, old, newDirectory.rawValue, new, 0) }
        }
        try check(.linkat, Int(result))
    }

    package func makeSymbolicLink(
        to target: [UInt8], named name: EntryName, in directory: Descriptor
    ) throws(SystemCallError) {
        let result = EntryName(bytes: target).withCString { target in
            name.withCString { symlinkat(target, directory.rawValue, $0) }
        }
        try check(.symlinkat, Int(result))
    }

    package func readSymbolicLink(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) -> [UInt8] {
        var count = 0
        let target = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, initialized in
            count = name.withCString { name in
                buffer.withMemoryRebound(to: CChar.self) {
                    $0.baseAddress.map { readlinkat(directory.rawValue, name, $0, buffer.count) } ?? 0
                }
            }
            initialized = max(count, 0)
        }
        try check(.readlinkat, count)
        return target
    }

    // MARK: - Metadata

    package func setMode(_ descriptor: Descriptor, to mode: UInt32) throws(SystemCallError) {
        try check(.fchmod, Int(fchmod(descriptor.rawValue, mode_t(mode))))
    }

    package func setOwner(_ descriptor: Descriptor, user: UInt32, group: UInt32) throws(SystemCallError) {
        try check(.fchown, Int(fchown(descriptor.rawValue, user, group)))
    }

    package func setOwner(
        of name: EntryName, in directory: Descriptor, user: UInt32, group: UInt32
    ) throws(SystemCallError) {
        let result = name.withCString { fchownat(directory.rawValue, $0, user, group, AT_SYMLINK_NOFOLLOW) }
        try check(.fchownat, Int(result))
    }

    package func setTimes(
        _ descriptor: Descriptor, access: Timestamp, modification: Timestamp
    ) throws(SystemCallError) {
        let times = [timespec(access), timespec(modification)]
        try check(.futimens, Int(futimens(descriptor.rawValue, times)))
    }

    package func setTimes(
        of name: EntryName, in directory: Descriptor, access: Timestamp, modification: Timestamp
    ) throws(SystemCallError) {
        let times = [timespec(access), timespec(modification)]
        let result = name.withCString { utimensat(directory.rawValue, $0, times, AT_SYMLINK_NOFOLLOW) }
        try check(.utimensat, Int(result))
    }

    package func extendedAttributeNames(_ descriptor: Descriptor) throws(SystemCallError) -> [EntryName] {
        let list = try attribute(.flistxattr) { holdfast_list_attributes(descriptor.rawValue, $0, $1) }
        return list.split(separator: 0).map { EntryName(bytes: $0) }
    }

    package func extendedAttribute(
        _ name: EntryName, of descriptor: Descriptor
    ) throws(SystemCallError) -> [UInt8] {
        try attribute(.fgetxattr) { value, size in
            name.withCString { holdfast_get_attribute(descriptor.rawValue, $0, value, size) }
        }
    }

    package func setExtendedAttribute(
        _ name: EntryName, of descriptor: Descriptor, to value: [UInt8]
    ) throws(SystemCallError) {
        let result = name.withCString { holdfast_set_attribute(descriptor.rawValue, $0, value, value.count) }
        try check(.fsetxattr, Int(result))
    }

    package func removeExtendedAttribute(_ name: EntryName, of descriptor: Descriptor) throws(SystemCallError) {
        let result = name.withCString { holdfast_remove_attribute(descriptor.rawValue, $0) }
        try check(.fremovexattr, Int(result))
    }

    /// Asks for the size first; ERANGE says that the value grew in between.
    private func attribute(
        _ call: SystemCall, _ get: (UnsafeMutablePointer<CChar>?, Int) -> Int
    ) throws(SystemCallError) -> [UInt8] {
        while true {
            let size = get(nil, 0)
            if size == 0 { return [] }
            try check(call, size)
            var count = 0
            let value = [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
                count = buffer.withMemoryRebound(to: CChar.self) { get($0.baseAddress, size) }
                initialized = max(count, 0)
            }
            if count < 0, errno == ERANGE { continue }
            try check(call, count)
            return value
        }
    }

    // MARK: - Durability

    package func flush(_ descriptor: Descriptor) throws(SystemCallError) {
        try check(.fsync, Int(holdfast_flush(descriptor.rawValue)))
    }

    package func flushFileSystem(_ descriptor: Descriptor) throws(SystemCallError) {
        try check(.syncfs, Int(holdfast_flush_file_system(descriptor.rawValue)))
    }

    package func writeBack(_ descriptor: Descriptor, _ mode: WriteBackMode) throws(SystemCallError) {
        try check(.sync_file_range, Int(holdfast_write_back(descriptor.rawValue, mode == .wait ? 1 : 0)))
    }

    // MARK: - Locks

    package func lock(
        _ descriptor: Descriptor, _ range: LockRange, _ mode: LockMode, timeout: Duration
    ) throws(SystemCallError) -> Bool {
        let type: Int32 = mode == .shared ? 1 : 2
        if holdfast_lock(descriptor.rawValue, range.start, range.count, type, 0) == 0 { return true }
        guard errno == EAGAIN || errno == EACCES else { throw SystemCallError(.lock, Errno(rawValue: errno)) }
        return timeout <= .zero ? false : try LockWaiter.wait(descriptor, range, type, timeout: timeout)
    }

    package func unlock(_ descriptor: Descriptor, _ range: LockRange) throws(SystemCallError) {
        try check(.unlock, Int(holdfast_lock(descriptor.rawValue, range.start, range.count, 0, 0)))
    }

    package func lockHolder(_ descriptor: Descriptor, _ range: LockRange) -> String? {
        LockHolder.find(descriptor, range)
    }

    // MARK: - Surroundings

    package func kind(of descriptor: Descriptor) throws(SystemCallError) -> FileSystemKind {
        var magic: Int64 = 0
        try check(.fstatfs, Int(holdfast_file_system_magic(descriptor.rawValue, &magic)))
        switch FileSystemKind(magic: magic) {
        case .ext4: return holdfast_has_ordered_journal(descriptor.rawValue, magic) == 1 ? .ext4 : .ext2
        case .xfs: return holdfast_has_ordered_journal(descriptor.rawValue, magic) == 1 ? .xfs : .other
        case let kind: return kind
        }
    }

    package func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(time)
    }

    package func effectiveUser() -> UInt32 { geteuid() }

    package func mayModify(_ directory: Descriptor) throws(SystemCallError) -> Bool {
        if faccessat(directory.rawValue, ".", W_OK | X_OK, AT_EACCESS) == 0 { return true }
        let refusal = Errno(rawValue: errno)
        if [.accessDenied, .notPermitted, .readOnly].contains(refusal) { return false }
        throw SystemCallError(.faccessat, refusal)
    }

    @discardableResult
    private func check(_ call: SystemCall, _ result: Int) throws(SystemCallError) -> Int {
        if result < 0 { throw SystemCallError(call, Errno(rawValue: errno)) }
        return result
    }
}

// Inside the type these names mean its own methods.
private func systemOpen(_ path: UnsafePointer<CChar>, _ flags: Int32) -> Int32 { open(path, flags) }
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }

extension EntryKind {
    /// From a directory entry's `d_type`; nil for `DT_UNKNOWN`.
    init?(directoryType type: UInt8) {
        switch Int32(type) {
        case Int32(DT_REG): self = .file
        case Int32(DT_DIR): self = .directory
        case Int32(DT_LNK): self = .symbolicLink
        case Int32(DT_FIFO): self = .fifo
        case Int32(DT_SOCK): self = .socket
        case Int32(DT_BLK), Int32(DT_CHR): self = .device
        default: return nil
        }
    }
}

extension FileStatus {
    init(_ status: holdfast_status) {
        let kind: EntryKind =
            switch mode_t(status.mode) & S_IFMT {
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFIFO: .fifo
            case S_IFSOCK: .socket
            case S_IFBLK, S_IFCHR: .device
            default: .file
            }
        self.init(
            identity: FileIdentity(device: status.device, inode: status.inode), kind: kind,
            mode: status.mode & 0o7777, linkCount: status.link_count, user: status.user, group: status.group,
            size: status.size,
            access: Timestamp(seconds: status.access_seconds, nanoseconds: status.access_nanoseconds),
            modification: Timestamp(
                seconds: status.modification_seconds, nanoseconds: status.modification_nanoseconds),
            change: Timestamp(seconds: status.change_seconds, nanoseconds: status.change_nanoseconds),
            isMountPoint: status.is_mount_point != 0, isFixed: status.is_fixed != 0)
    }
}

extension Timestamp {
    init(_ time: timespec) {
        self.init(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }
}

extension timespec {
    init(_ time: Timestamp) {
        self.init(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
    }
}

extension FileSystemKind {
    /// From `f_type` of statfs(2).
    init(magic: Int64) {
        switch magic & 0xFFFF_FFFF {
        case 0xEF53: self = .ext4
        case 0x5846_5342: self = .xfs
        case 0x9123_683E: self = .btrfs
        case 0x0102_1994: self = .tmpfs
        case 0x794C_7630: self = .overlayfs
        case 0x2FC1_2FC1: self = .zfs
        case 0x6573_5546: self = .fuse
        case 0x6969: self = .nfs
        case 0xFF53_4D42, 0xFE53_4D42: self = .smb
        default: self = .other
        }
    }
}
