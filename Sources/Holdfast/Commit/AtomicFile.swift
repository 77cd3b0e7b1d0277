public import FoundationEssentials

/// One file outside any document, replaced as a whole or not at all.
///
/// The file-level commit of the kernel: `NAME.tmp` beside the file, a flush, a rename over the file, a flush of the
/// directory. It takes no lock: of two writers at the same time, the later one's content stays. A crash may leave
/// `NAME.tmp` behind, which is nobody's to remove but yours: what stands there, whosever it is, is not touched, and
/// the next write takes `NAME.tmp-1`.
public struct AtomicFile: Sendable {
    /// The file's path; where a symbolic link stands there, the file that it leads to is replaced.
    public let path: String

    /// What a write survives once it has returned.
    public let durability: Durability

    private let fileSystem: any FileSystem

    /// As many links as Linux follows in one path: path_resolution(7).
    private static let linkLimit = 40

    /// Names a file.
    ///
    /// - Parameters:
    ///   - path: The file's path. Its directory must exist; the file need not.
    ///   - durability: What a write survives once it has returned.
    public init(_ path: String, durability: Durability = .powerLoss) {
        self.init(path, durability: durability, on: POSIXFileSystem())
    }

    package init(_ path: String, durability: Durability, on fileSystem: any FileSystem) {
        self.path = path
        self.durability = durability
        self.fileSystem = fileSystem
    }

    /// Replaces the file's content; creates the file where there is none.
    ///
    /// Owner, mode, and extended attributes stay as they are, as far as this process may give them: another user's file
    /// becomes this one's. A new file gets the mode 0666 without the process's umask.
    ///
    /// - Parameter bytes: The new content.
    /// - Throws: ``HoldfastError``. The file is untouched then, and the temporary file gone unless the error names it, save for
    ///   ``HoldfastError/Code/durabilityUnknown``, after which the new content is in place.
    public func write(_ bytes: Data) throws(HoldfastError) {
        do {
            let place = try resolve()
            try replace(place, with: bytes)
        } catch {
            throw HoldfastError.wrapping(
                error, document: nil, file: path, while: "the file can't be written, and was not changed")
        }
    }

    private struct Place {
        let directory: Directory
        let name: EntryName
    }

    private func replace(_ place: Place, with bytes: Data) throws {
        let (file, temporary) = try create(place)
        do {
            try fill(file, place, bytes)
            try place.directory.rename(temporary, to: place.name)
        } catch {
            do {
                try place.directory.removeFile(temporary)
            } catch let removal {
                throw HoldfastError(
                    .ioFailed, "the file can't be written, nor can `\(temporary)` be removed (\(removal))", file: path,
                    remedy: "remove it, then write again", underlying: error)
            }
            throw error
        }
        if durability == .processCrash { return }
        do {
            try place.directory.flush()
        } catch {
            throw HoldfastError(
                .durabilityUnknown,
                "the new content is in place, but the flush behind it failed: it may not survive a power loss",
                file: path, operation: error.call.rawValue, errno: error.errno.rawValue,
                remedy: "check the disk, then write again")
        }
    }

    private func create(_ place: Place) throws(SystemCallError) -> (OpenFile, EntryName) {
        let isNew = try place.directory.statusIfPresent(of: place.name) == nil
        let first = place.name + DocumentName.temporarySuffix
        var number = 0
        while true {
            let temporary = number == 0 ? first : first + "-\(number)"
            do {
                return (try place.directory.create(temporary, mode: isNew ? 0o666 : 0o600), temporary)
            } catch  where error.errno == .exists {
                // Another writer's, a crash's, or a person's.
                number += 1
            }
        }
    }

    private func fill(_ file: OpenFile, _ place: Place, _ bytes: Data) throws {
        try file.writeAll(bytes)
        if let existing = try place.directory.openFileIfPresent(place.name) {
            // There is no receipt for what can't be kept.
            _ = try CopyMetadata.copyAccess(
                CopyMetadata.Pair(from: existing.file, to: file, entry: place.name),
                status: existing.status)
        }
        if durability == .powerLoss { try file.flush() }
        try file.close()
    }

    /// Finds the directory and the name behind the path's last component, through all links.
    private func resolve() throws -> Place {
        try HoldfastError.checkPath(path)
        var path = path
        for _ in 0..<Self.linkLimit {
            let (folder, name) = Self.split(path)
            guard name.count > 0, name != EntryName("."), name != EntryName("..") else {
                throw HoldfastError(.invalidName, "this path names no file", remedy: "end it with the file's name")
            }
            // With `.` behind it, so that a folder which is a link is followed.
            let directory = try Directory(path: folder + ".", on: fileSystem)
            guard let kind = try directory.statusIfPresent(of: name)?.kind else {
                return Place(directory: directory, name: name)
            }
            switch kind {
            case .file: return Place(directory: directory, name: name)
            case .symbolicLink:
                guard let target = String(validating: try directory.symbolicLink(name), as: UTF8.self) else {
                    throw HoldfastError(
                        .invalidName, "the link `\(name)` leads to a name that is not UTF-8",
                        remedy: "name the file itself, or another link to it")
                }
                path = target.utf8.first == UInt8(ascii: "/") ? target : folder + target
            case .directory, .fifo, .socket, .device:
                throw HoldfastError.notARegularFile(name.description, found: kind)
            }
        }
        throw SystemCallError(.openat, .loop)
    }

    private static func split(_ path: String) -> (folder: String, name: EntryName) {
        // By bytes: a slash and a combining character behind it are one `Character`.
        let bytes = Array(path.utf8)
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return ("./", EntryName(path)) }
        return (String(decoding: bytes[...slash], as: UTF8.self), EntryName(bytes: bytes[(slash + 1)...]))
    }
}
