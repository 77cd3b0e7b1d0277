public import FoundationEssentials

/// The managed files of one generation of a document, as they were together at one moment.
///
/// It holds their bytes, so later commits don't touch it. Values are decoded when they are asked for.
public struct Snapshot: Sendable {
    /// The document's name.
    public let document: String
    /// The managed files, in order; of those that were asked for, where not all were.
    public var managedFiles: [String] { files.map(\.name.description) }
    /// The unmanaged entries, in order; none where certain files were asked for.
    ///
    /// Bytes that are not UTF-8 show as U+FFFD.
    public var unmanagedEntries: [String] { unmanaged.map(\.description) }

    private let files: [(name: EntryName, data: Data)]
    private let unmanaged: [EntryName]
    /// The files that were asked for; nil for all of them.
    private let wanted: [EntryName]?
    /// Unmanaged entries that have the names of managed files, but are no files.
    let obstacles: [(name: EntryName, kind: EntryKind)]
    private let context: StoreContext

    init(
        _ document: DocumentName, _ contents: SnapshotReader.Contents, of wanted: [EntryName]? = nil,
        context: StoreContext
    ) {
        self.document = document.description
        self.wanted = wanted
        files = contents.files
        unmanaged = contents.unmanaged
        obstacles = contents.obstacles
        self.context = context
    }

    /// Decodes a managed file's value.
    ///
    /// - Parameter key: The file, and the type of its value.
    /// - Returns: The value; nil where there is no such file.
    /// - Throws: ``HoldfastError`` where no codec claims the file, it is none of those that were asked for, something else
    ///   stands there, or it can't be decoded.
    public func value<Value: Decodable>(_ key: ManagedFile<Value>) throws(HoldfastError) -> Value? {
        guard let data = try bytes(key.filename) else { return nil }
        return try CodecCall(document: document, filename: key.filename, context: context).decode(
            Value.self, from: data)
    }

    /// The bytes of a managed file.
    ///
    /// - Parameter filename: The file's name.
    /// - Returns: The bytes; nil where there is no such file.
    /// - Throws: ``HoldfastError`` where no codec claims the name, it is none of those that were asked for, or something
    ///   else stands there.
    public func bytes(_ filename: String) throws(HoldfastError) -> Data? {
        let name = EntryName(filename)
        if let data = data(name) { return data }
        _ = try context.managedName(filename, document: document)
        if let wanted, !wanted.contains(name) {
            throw HoldfastError(
                .invalidName, "the snapshot was not asked for this file", document: document, file: filename,
                remedy: "name it where the snapshot is taken")
        }
        if let obstacle = obstacles.first(where: { $0.name == name }) {
            var error = HoldfastError.notARegularFile(filename, found: obstacle.kind)
            error.document = document
            throw error
        }
        return nil
    }

    private func data(_ name: EntryName) -> Data? {
        var range = files.indices
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if files[middle].name == name { return files[middle].data }
            range = files[middle].name < name ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    /// Checks every file with its codec.
    func damage() -> [VerificationReport.Damage] {
        files.compactMap { (entry, data) -> VerificationReport.Damage? in
            let name = entry.description
            do throws(HoldfastError) {
                try CodecCall(document: document, filename: name, context: context).validate(data)
                return nil
            } catch {
                var problem = error
                problem.document = nil
                problem.file = nil
                return VerificationReport.Damage(
                    document: document, file: name, format: context.codecs.codec(for: name)?.format,
                    problem: problem.description)
            }
        }
    }

    var byteCount: Int64 { files.reduce(0) { $0 + Int64($1.data.count) } }
}

/// Reads a consistent set of files without a lock, and with one where writers are too busy.
///
/// The directory is opened once, then every file in it; then each name is looked at again, unless a ``QuietStamp`` tells
/// that none has moved. Files are never written in place, so the same inodes under the same names in the same directory
/// mean that all of them belonged together at the moment between the last open and the first of these looks. An inode that
/// is held open is not given to another file.
struct SnapshotReader {
    struct Contents {
        var files: [(name: EntryName, data: Data)] = []
        var unmanaged: [EntryName] = []
        var obstacles: [(name: EntryName, kind: EntryKind)] = []
    }

    private static let attempts = 4
    /// Above this, descriptors are not held for all files at once; the lock keeps them together instead.
    private static let openFileLimit = 256

    let context: StoreContext
    /// The files to read, in order; nil for all of them, which takes a listing.
    var wanted: [EntryName]?

    func read(_ document: DocumentName) throws -> Contents {
        // A directory that is not quiet now is not so a moment later.
        for _ in 0..<(isListingEnough ? Self.attempts : 1) {
            guard let directory = try context.documentDirectory(document) else { break }
            if let contents = try readUnlessGone(document, directory) { return contents }
        }
        // Only the lock tells a document that is not there from one that is just being swapped by two renames.
        return try readLocked(document)
    }

    private func readUnlessGone(_ document: DocumentName, _ directory: Directory) throws -> Contents? {
        do {
            return try readUnlocked(document, directory)
        } catch let error as SystemCallError {
            switch error.errno {
            // Some file systems find what is open by its path, and answer so when a commit has removed it: FUSE, NFS.
            case .notFound, .stale: return nil
            // Under the lock, one file after the other will do.
            case .tooManyOpen, .tooManyOpenInSystem: return nil
            default: throw error
            }
        }
    }

    /// - Returns: The contents; nil where something moved meanwhile.
    private func readUnlocked(_ document: DocumentName, _ directory: Directory) throws -> Contents? {
        let before = try directory.status()
        let stamp = QuietStamp(of: directory, before, on: context.kind)
        guard isListingEnough || stamp != nil else { return nil }
        var contents = Contents()
        let managed = try wanted == nil ? list(directory, &contents) : []
        if max(managed.count, wanted?.count ?? 0) > Self.openFileLimit { return nil }
        var opened: [(name: EntryName, file: OpenFile, status: FileStatus)] = []
        for name in managed {
            guard let (file, status) = try directory.openFileIfPresent(name) else { return nil }
            opened.append((name, file, status))
        }
        for name in wanted ?? context.codecs.literalNames
        where !managed.contains(name) && !contents.unmanaged.contains(name) {
            // One that is missing stays so in this generation: a file comes or goes with a swap.
            guard let (file, status) = try directory.openFileIfPresent(name) else { continue }
            opened.append((name, file, status))
        }
        guard let standing = try context.root.statusIfPresent(of: document.entry), standing.identity == before.identity
        else { return nil }
        if stamp?.holds(standing) != true {
            guard isListingEnough else { return nil }
            for (name, _, status) in opened where try directory.statusIfPresent(of: name)?.identity != status.identity {
                return nil
            }
        }
        for (name, file, status) in opened {
            contents.files.append((name, try file.readAll(size: status.size)))
        }
        contents.files.sort { $0.name < $1.name }
        return contents
    }

    /// Whether a listing can be trusted to have the managed files that only it can find.
    ///
    /// A file that is renamed over while the directory is listed may be missed (readdir(3)), as was seen on btrfs, which
    /// takes the old entry out and puts a new one in. ext4 and xfs change the entry in place.
    private var isListingEnough: Bool {
        if wanted != nil || !context.codecs.hasPatterns { return true }
        switch context.kind {
        case .ext2, .ext4, .xfs: return true
        default: return false
        }
    }

    private func readLocked(_ document: DocumentName) throws -> Contents {
        if try !context.locks.isThere() {
            // Nobody has ever written here, and a reader leaves nothing behind.
            let contents = Result { try readHoldingLock(document) }
            if try !context.locks.isThere() { return try contents.get() }
        }
        let held = try context.lock([document], .shared, timeout: context.options.lockTimeout)
        defer { held.release() }
        return try readHoldingLock(document)
    }

    /// Reads a document whose lock the caller holds.
    func readHoldingLock(_ document: DocumentName) throws -> Contents {
        // Without a writer, a document that is not there was left so by a crash: its previous generation is whole.
        let directory: Directory
        if let live = try context.documentDirectory(document) {
            directory = live
        } else if let old = try context.root.subdirectoryIfPresent(document.old) {
            directory = old
        } else {
            if try context.root.status().linkCount == 0 { throw HoldfastError.storeRemoved }
            throw HoldfastError.notFound(document: document.description)
        }
        var contents = Contents()
        for name in try wanted ?? list(directory, &contents) {
            guard let (file, status) = try directory.openFileIfPresent(name) else { continue }
            contents.files.append((name, try file.readAll(size: status.size)))
        }
        return contents
    }

    /// Lists a document: notes its unmanaged entries, in order.
    ///
    /// - Returns: The managed files, in order.
    private func list(_ directory: Directory, _ contents: inout Contents) throws -> [EntryName] {
        var managed: [EntryName] = []
        for (name, kind) in try directory.entries(.once) {
            let isClaimed = context.codecs.manages(name)
            if isClaimed, kind == .file {
                managed.append(name)
            } else if !context.isOrphan(name, kind), !isDeletedButOpen(name) {
                contents.unmanaged.append(name)
                if isClaimed { contents.obstacles.append((name, kind)) }
            }
        }
        managed.sort()
        contents.unmanaged.sort()
        return managed
    }
}
