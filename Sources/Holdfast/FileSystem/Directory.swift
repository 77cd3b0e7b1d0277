import FoundationEssentials

/// A directory that is held open: what the kernel works with, and where EINTR and short transfers are dealt with.
///
/// Only slow calls are interrupted by signals (signal(7)), but file systems in user space make any call slow, so every
/// call is repeated. `close` is not: on Linux the descriptor is gone also after EINTR (close(2)).
///
/// Errors carry the name of the entry that the call was about.
package final class Directory: OpenEntry {
    package let fileSystem: any FileSystem
    package let descriptor: Descriptor

    /// Opens a directory by path.
    package init(path: String, on fileSystem: any FileSystem) throws(SystemCallError) {
        self.fileSystem = fileSystem
        self.descriptor = try Self.uninterrupted(nil) { () throws(SystemCallError) in
            try fileSystem.openDirectory(path: path)
        }
    }

    /// Opens a subdirectory; a symbolic link fails with ELOOP or ENOTDIR.
    package init(_ name: EntryName, in parent: Directory) throws(SystemCallError) {
        fileSystem = parent.fileSystem
        descriptor = try parent.call(name) { () throws(SystemCallError) in
            try parent.fileSystem.open(name, in: parent.descriptor, .directory, mode: 0)
        }
    }

    deinit {
        // Nothing is written through a directory's descriptor, so its close has nothing to report.
        do { try fileSystem.close(descriptor) } catch {}
    }

    // MARK: - Looking

    package func status() throws(SystemCallError) -> FileStatus {
        try call(nil) { () throws(SystemCallError) in try fileSystem.status(descriptor) }
    }

    package func status(of name: EntryName) throws(SystemCallError) -> FileStatus {
        try call(name) { () throws(SystemCallError) in try fileSystem.status(of: name, in: descriptor) }
    }

    /// The status of an entry; nil where there is none.
    package func statusIfPresent(of name: EntryName) throws(SystemCallError) -> FileStatus? {
        do { return try status(of: name) } catch  where error.errno == .notFound { return nil }
    }

    /// All entries with their kinds, in the directory's order.
    package func entries(_ use: ListingUse = .shared) throws(SystemCallError) -> [(name: EntryName, kind: EntryKind)] {
        typealias Entries = [(name: EntryName, kind: EntryKind?)]
        let found = try gatherEntries(use, into: Entries()) { $0.append((EntryName(bytes: $1), $2)) }
        var entries: [(name: EntryName, kind: EntryKind)] = []
        entries.reserveCapacity(found.count)
        for (name, kind) in found {
            if let kind = try self.kind(kind, of: name) { entries.append((name, kind)) }
        }
        return entries
    }

    /// An entry's kind as a listing told it, or else as its status does; nil where it has gone since it was listed.
    package func kind(_ listed: EntryKind?, of name: EntryName) throws(SystemCallError) -> EntryKind? {
        if let listed { return listed }
        return try statusIfPresent(of: name)?.kind
    }

    /// Goes through all entries; a kind is nil where the directory doesn't tell it.
    ///
    /// - Parameters:
    ///   - use: Who else lists through this descriptor.
    ///   - initial: What to start from, also where an interrupted listing is done again; the result for a directory that
    ///     was removed while it is held open: ENOENT, getdents(2).
    ///   - body: Adds an entry, whose name is good for the call alone.
    /// - Returns: What was gathered.
    /// - Throws: What the listing met.
    package func gatherEntries<Gathered>(
        _ use: ListingUse = .shared, into initial: Gathered,
        _ body: (inout Gathered, UnsafeBufferPointer<UInt8>, EntryKind?) -> Void
    ) throws(SystemCallError) -> Gathered {
        do {
            return try call(nil) { () throws(SystemCallError) in
                var gathered = initial
                try fileSystem.visitEntries(of: descriptor, use) { body(&gathered, $0, $1) }
                return gathered
            }
        } catch {
            if error.errno == .notFound { return initial }
            throw error
        }
    }

    /// A subdirectory; nil where there is none.
    package func subdirectoryIfPresent(_ name: EntryName) throws(SystemCallError) -> Directory? {
        do { return try Directory(name, in: self) } catch  where error.errno == .notFound { return nil }
    }

    /// A subdirectory; nil where there is none, or something else.
    package func folderIfPresent(_ name: EntryName) throws(SystemCallError) -> Directory? {
        do {
            return try subdirectoryIfPresent(name)
        } catch  where error.errno == .notADirectory || error.errno == .loop {
            return nil
        }
    }

    package func symbolicLink(_ name: EntryName) throws(SystemCallError) -> [UInt8] {
        try call(name) { () throws(SystemCallError) in
            try fileSystem.readSymbolicLink(name, in: descriptor)
        }
    }

    // MARK: - Files

    /// Opens a file for reading.
    package func open(_ name: EntryName) throws(SystemCallError) -> OpenFile {
        OpenFile(
            try call(name) { () throws(SystemCallError) in
                try fileSystem.open(name, in: descriptor, .read, mode: 0)
            }, name: name, on: fileSystem)
    }

    /// Opens a regular file for reading; nil where there is none.
    ///
    /// - Throws: ``HoldfastError`` with code `unexpectedEntry` where something else stands there, and with `conflict` where a
    ///   file comes and goes again and again, or is only remembered: file systems in user space keep what they know for a while.
    package func openFileIfPresent(_ name: EntryName) throws -> (file: OpenFile, status: FileStatus)? {
        for _ in 0..<10 {
            if let file = try openUnlessOddOrAbsent(name) {
                let status = try file.status()
                guard status.kind == .file else {
                    throw HoldfastError.notARegularFile(name.description, found: status.kind)
                }
                return (file, status)
            }
            guard let kind = try statusIfPresent(of: name)?.kind else { return nil }
            // A file has only just come.
            if kind != .file { throw HoldfastError.notARegularFile(name.description, found: kind) }
        }
        throw HoldfastError.changedMeanwhile(name.description)
    }

    /// Opens a file; nil where there is none, or one that can't be opened for what it is: a link is ELOOP under
    /// `O_NOFOLLOW`, a socket is ENXIO (open(2)).
    private func openUnlessOddOrAbsent(_ name: EntryName) throws(SystemCallError) -> OpenFile? {
        do {
            return try open(name)
        } catch {
            switch error.errno {
            case .notFound, .loop, .noSuchDevice: return nil
            default: throw error
            }
        }
    }

    /// Creates a file that must not exist; no link is followed.
    package func create(_ name: EntryName, mode: UInt32) throws(SystemCallError) -> OpenFile {
        OpenFile(
            try call(name) { () throws(SystemCallError) in
                try fileSystem.open(name, in: descriptor, .createNew, mode: mode)
            }, name: name, on: fileSystem)
    }

    /// Opens a file for reading and writing, and creates it where there is none.
    package func openOrCreate(_ name: EntryName, mode: UInt32) throws(SystemCallError) -> OpenFile {
        OpenFile(
            try call(name) { () throws(SystemCallError) in
                try fileSystem.open(name, in: descriptor, .readWriteOrCreate, mode: mode)
            }, name: name, on: fileSystem)
    }

    // MARK: - Names

    package func makeDirectory(_ name: EntryName, mode: UInt32) throws(SystemCallError) {
        try call(name) { () throws(SystemCallError) in
            try fileSystem.makeDirectory(name, in: descriptor, mode: mode)
        }
    }

    package func makeSymbolicLink(to target: [UInt8], named name: EntryName) throws(SystemCallError) {
        try call(name) { () throws(SystemCallError) in
            try fileSystem.makeSymbolicLink(to: target, named: name, in: descriptor)
        }
    }

    package func removeFile(_ name: EntryName) throws(SystemCallError) {
        try call(name) { () throws(SystemCallError) in try fileSystem.removeFile(name, in: descriptor) }
    }

    package func removeDirectory(_ name: EntryName) throws(SystemCallError) {
        try call(name) { () throws(SystemCallError) in try fileSystem.removeDirectory(name, in: descriptor) }
    }

    package func rename(
        _ name: EntryName, to newName: EntryName, in other: Directory? = nil, _ mode: RenameMode = .replace
    ) throws(SystemCallError) {
        try call(name) { () throws(SystemCallError) in
            try fileSystem.rename(name, in: descriptor, to: newName, in: (other ?? self).descriptor, mode)
        }
    }

    package func link(
        _ name: EntryName, to newName: EntryName, in other: Directory
    ) throws(SystemCallError) {
        try call(name) { () throws(SystemCallError) in
            try fileSystem.link(name, in: descriptor, to: newName, in: other.descriptor)
        }
    }

    // MARK: - Metadata

    package func setMode(_ mode: UInt32) throws(SystemCallError) {
        try call(nil) { () throws(SystemCallError) in try fileSystem.setMode(descriptor, to: mode) }
    }

    /// Lets the owner work in the directory: a person may have made it read-only, and its owner can still empty it.
    ///
    /// - Parameter status: What is known of it; nil to look.
    /// - Throws: What the look or the change met.
    package func makeWritable(_ status: FileStatus? = nil) throws(SystemCallError) {
        let mode = if let status { status.mode } else { try self.status().mode }
        if mode & 0o700 != 0o700 { try setMode(mode | 0o700) }
    }

    /// Whether this process may add entries to the directory and remove some.
    func mayModify() throws(SystemCallError) -> Bool {
        try call(nil) { () throws(SystemCallError) in try fileSystem.mayModify(descriptor) }
    }

    /// Runs a body while its owner may change what is in some directories.
    ///
    /// - Throws: What the body met, or a change of their modes, as where they are another user's.
    static func makingWritable(
        _ directories: [Directory], _ body: () throws(SystemCallError) -> Void
    ) throws(SystemCallError) {
        guard let directory = directories.first else { return try body() }
        let status = try directory.status()
        try directory.makeWritable(status)
        let result = Result { () throws(SystemCallError) in try makingWritable(Array(directories.dropFirst()), body) }
        if status.mode & 0o700 != 0o700 { try directory.setMode(status.mode) }
        try result.get()
    }

    package func setOwner(of name: EntryName, user: UInt32, group: UInt32) throws(SystemCallError) {
        try call(name) { () throws(SystemCallError) in
            try fileSystem.setOwner(of: name, in: descriptor, user: user, group: group)
        }
    }

    package func setTimes(
        of name: EntryName, access: Timestamp, modification: Timestamp
    ) throws(SystemCallError) {
        try call(name) { () throws(SystemCallError) in
            try fileSystem.setTimes(of: name, in: descriptor, access: access, modification: modification)
        }
    }

    package func kind() throws(SystemCallError) -> FileSystemKind {
        try call(nil) { () throws(SystemCallError) in try fileSystem.kind(of: descriptor) }
    }

    // MARK: - Durability

    /// Makes the directory's names durable.
    package func flush() throws(SystemCallError) {
        try call(nil) { () throws(SystemCallError) in try fileSystem.flush(descriptor) }
    }

    /// Makes the whole file system durable.
    package func flushFileSystem() throws(SystemCallError) {
        try call(nil) { () throws(SystemCallError) in try fileSystem.flushFileSystem(descriptor) }
    }

    // MARK: - EINTR

    @inline(__always)
    private func call<Result>(
        _ entry: EntryName?, _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        try Self.uninterrupted(entry, body)
    }

    @inline(__always)
    static func uninterrupted<Result>(
        _ entry: EntryName?, _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        while true {
            do {
                return try body()
            } catch {
                if error.errno == .interrupted { continue }
                throw SystemCallError(error.call, error.errno, entry: entry)
            }
        }
    }
}
