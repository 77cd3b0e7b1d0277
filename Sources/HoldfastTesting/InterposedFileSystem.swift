import Holdfast

/// A file system that lets a test watch, change or fail every call to another one, such as the real one.
package struct InterposedFileSystem: FileSystem {
    /// What a test does about a call: it may throw in place of it, and sees its name and the entry that it is about.
    package typealias Hook = @Sendable (SystemCall, EntryName?) throws(SystemCallError) -> Void

    private let base: any FileSystem
    private let before: Hook
    private let after: Hook
    /// Which entries a directory's listing shows; nil for all.
    private let lists: (@Sendable (EntryName) -> Bool)?

    /// Creates it.
    ///
    /// - Parameters:
    ///   - base: The file system that does the work.
    ///   - before: Called before each call; what it throws is thrown in place of the call.
    ///   - after: Called behind each call that did not throw; what it throws is thrown although the call was made.
    ///   - lists: Which entries a directory's listing shows; nil for all.
    package init(
        _ base: any FileSystem = POSIXFileSystem(),
        before: @escaping Hook = { (_, _) throws(SystemCallError) in },
        after: @escaping Hook = { (_, _) throws(SystemCallError) in },
        lists: (@Sendable (EntryName) -> Bool)? = nil
    ) {
        self.base = base
        self.before = before
        self.after = after
        self.lists = lists
    }

    private func intercept<Result>(
        _ call: SystemCall, _ entry: EntryName?, _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        try before(call, entry)
        let result = try body()
        try after(call, entry)
        return result
    }

    package func openDirectory(path: String) throws(SystemCallError) -> Descriptor {
        try intercept(.openat, nil) { () throws(SystemCallError) in try base.openDirectory(path: path) }
    }

    package func makeDirectory(path: String, mode: UInt32) throws(SystemCallError) {
        try intercept(.mkdir, nil) { () throws(SystemCallError) in try base.makeDirectory(path: path, mode: mode) }
    }

    package func open(_ name: EntryName, in directory: Descriptor, _ access: FileAccess, mode: UInt32)
        throws(SystemCallError) -> Descriptor
    {
        try intercept(.openat, name) { () throws(SystemCallError) in
            try base.open(name, in: directory, access, mode: mode)
        }
    }

    package func close(_ descriptor: Descriptor) throws(SystemCallError) {
        try intercept(.close, nil) { () throws(SystemCallError) in try base.close(descriptor) }
    }

    package func read(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64)
        throws(SystemCallError) -> Int
    {
        try intercept(.pread, nil) { () throws(SystemCallError) in try base.read(descriptor, into: buffer, at: offset) }
    }

    package func write(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64)
        throws(SystemCallError) -> Int
    {
        try intercept(.pwrite, nil) { () throws(SystemCallError) in try base.write(descriptor, bytes, at: offset) }
    }

    package func truncate(_ descriptor: Descriptor, to size: Int64) throws(SystemCallError) {
        try intercept(.ftruncate, nil) { () throws(SystemCallError) in try base.truncate(descriptor, to: size) }
    }

    package func nextData(_ descriptor: Descriptor, from offset: Int64) throws(SystemCallError) -> Range<Int64>? {
        try intercept(.lseek, nil) { () throws(SystemCallError) in try base.nextData(descriptor, from: offset) }
    }

    package func clone(_ source: Descriptor, to destination: Descriptor) throws(SystemCallError) {
        try intercept(.ficlone, nil) { () throws(SystemCallError) in try base.clone(source, to: destination) }
    }

    package func copyRange(_ source: Descriptor, to destination: Descriptor, at offset: Int64, count: Int)
        throws(SystemCallError) -> Int
    {
        try intercept(.copy_file_range, nil) { () throws(SystemCallError) in
            try base.copyRange(source, to: destination, at: offset, count: count)
        }
    }

    package func status(_ descriptor: Descriptor) throws(SystemCallError) -> FileStatus {
        try intercept(.statx, nil) { () throws(SystemCallError) in try base.status(descriptor) }
    }

    package func status(of name: EntryName, in directory: Descriptor) throws(SystemCallError) -> FileStatus {
        try intercept(.statx, name) { () throws(SystemCallError) in try base.status(of: name, in: directory) }
    }

    package func visitEntries(
        of directory: Descriptor, _ use: ListingUse, _ body: (UnsafeBufferPointer<UInt8>, EntryKind?) -> Void
    ) throws(SystemCallError) {
        try intercept(.getdents64, nil) { () throws(SystemCallError) in
            try base.visitEntries(of: directory, use) { name, kind in
                if lists?(EntryName(bytes: name)) != false { body(name, kind) }
            }
        }
    }

    package func makeDirectory(_ name: EntryName, in directory: Descriptor, mode: UInt32) throws(SystemCallError) {
        try intercept(.mkdirat, name) { () throws(SystemCallError) in
            try base.makeDirectory(name, in: directory, mode: mode)
        }
    }

    package func removeFile(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) {
        try intercept(.unlinkat, name) { () throws(SystemCallError) in try base.removeFile(name, in: directory) }
    }

    package func removeDirectory(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) {
        try intercept(.rmdirat, name) { () throws(SystemCallError) in try base.removeDirectory(name, in: directory) }
    }

    package func rename(
        _ name: EntryName, in directory: Descriptor, to newName: EntryName, in newDirectory: Descriptor,
        _ mode: RenameMode
    ) throws(SystemCallError) {
        try intercept(.renameat2, name) { () throws(SystemCallError) in
            try base.rename(name, in: directory, to: newName, in: newDirectory, mode)
        }
    }

    package func link(_ name: EntryName, in directory: Descriptor, to newName: EntryName, in newDirectory: Descriptor)
        throws(SystemCallError)
    {
        try intercept(.linkat, name) { () throws(SystemCallError) in
            try base.link(name, in: directory, to: newName, in: newDirectory)
        }
    }

    package func makeSymbolicLink(to target: [UInt8], named name: EntryName, in directory: Descriptor)
        throws(SystemCallError)
    {
        try intercept(.symlinkat, name) { () throws(SystemCallError) in
            try base.makeSymbolicLink(to: target, named: name, in: directory)
        }
    }

    package func readSymbolicLink(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) -> [UInt8] {
        try intercept(.readlinkat, name) { () throws(SystemCallError) in try base.readSymbolicLink(name, in: directory)
        }
    }

    package func setMode(_ descriptor: Descriptor, to mode: UInt32) throws(SystemCallError) {
        try intercept(.fchmod, nil) { () throws(SystemCallError) in try base.setMode(descriptor, to: mode) }
    }

    package func setOwner(_ descriptor: Descriptor, user: UInt32, group: UInt32) throws(SystemCallError) {
        try intercept(.fchown, nil) { () throws(SystemCallError) in
            try base.setOwner(descriptor, user: user, group: group)
        }
    }

    package func setOwner(of name: EntryName, in directory: Descriptor, user: UInt32, group: UInt32)
        throws(SystemCallError)
    {
        try intercept(.fchownat, name) { () throws(SystemCallError) in
            try base.setOwner(of: name, in: directory, user: user, group: group)
        }
    }

    package func setTimes(_ descriptor: Descriptor, access: Timestamp, modification: Timestamp) throws(SystemCallError)
    {
        try intercept(.futimens, nil) { () throws(SystemCallError) in
            try base.setTimes(descriptor, access: access, modification: modification)
        }
    }

    package func setTimes(of name: EntryName, in directory: Descriptor, access: Timestamp, modification: Timestamp)
        throws(SystemCallError)
    {
        try intercept(.utimensat, name) { () throws(SystemCallError) in
            try base.setTimes(of: name, in: directory, access: access, modification: modification)
        }
    }

    package func extendedAttributeNames(_ descriptor: Descriptor) throws(SystemCallError) -> [EntryName] {
        try intercept(.flistxattr, nil) { () throws(SystemCallError) in try base.extendedAttributeNames(descriptor) }
    }

    package func extendedAttribute(_ name: EntryName, of descriptor: Descriptor) throws(SystemCallError) -> [UInt8] {
        try intercept(.fgetxattr, nil) { () throws(SystemCallError) in try base.extendedAttribute(name, of: descriptor)
        }
    }

    package func setExtendedAttribute(_ name: EntryName, of descriptor: Descriptor, to value: [UInt8])
        throws(SystemCallError)
    {
        try intercept(.fsetxattr, nil) { () throws(SystemCallError) in
            try base.setExtendedAttribute(name, of: descriptor, to: value)
        }
    }

    package func removeExtendedAttribute(_ name: EntryName, of descriptor: Descriptor) throws(SystemCallError) {
        try intercept(.fremovexattr, nil) { () throws(SystemCallError) in
            try base.removeExtendedAttribute(name, of: descriptor)
        }
    }

    package func flush(_ descriptor: Descriptor) throws(SystemCallError) {
        try intercept(.fsync, nil) { () throws(SystemCallError) in try base.flush(descriptor) }
    }

    package func flushFileSystem(_ descriptor: Descriptor) throws(SystemCallError) {
        try intercept(.syncfs, nil) { () throws(SystemCallError) in try base.flushFileSystem(descriptor) }
    }

    package func writeBack(_ descriptor: Descriptor, _ mode: WriteBackMode) throws(SystemCallError) {
        try intercept(.sync_file_range, nil) { () throws(SystemCallError) in try base.writeBack(descriptor, mode) }
    }

    package func lock(_ descriptor: Descriptor, _ range: LockRange, _ mode: LockMode, timeout: Duration)
        throws(SystemCallError) -> Bool
    {
        try intercept(.lock, nil) { () throws(SystemCallError) in
            try base.lock(descriptor, range, mode, timeout: timeout)
        }
    }

    package func unlock(_ descriptor: Descriptor, _ range: LockRange) throws(SystemCallError) {
        try intercept(.unlock, nil) { () throws(SystemCallError) in try base.unlock(descriptor, range) }
    }

    package func lockHolder(_ descriptor: Descriptor, _ range: LockRange) -> String? {
        base.lockHolder(descriptor, range)
    }

    package func kind(of descriptor: Descriptor) throws(SystemCallError) -> FileSystemKind {
        try intercept(.fstatfs, nil) { () throws(SystemCallError) in try base.kind(of: descriptor) }
    }

    package func now() -> Timestamp { base.now() }

    package func effectiveUser() -> UInt32 { base.effectiveUser() }

    package func mayModify(_ directory: Descriptor) throws(SystemCallError) -> Bool {
        try intercept(.faccessat, nil) { () throws(SystemCallError) in try base.mayModify(directory) }
    }
}
