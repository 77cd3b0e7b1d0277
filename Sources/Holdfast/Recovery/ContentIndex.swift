/// What stands anywhere in a document: by inode, and by content where there is no link.
///
/// Recovery asks it whether an entry of the previous generation is still there, maybe under another name.
struct ContentIndex {
    private let root: Directory
    private var identities: Set<FileIdentity> = []
    private var filesBySize: [Int64: [[EntryName]]] = [:]

    init(_ root: Directory) throws {
        self.root = root
        try add(root, path: [])
    }

    private mutating func add(_ directory: Directory, path: [EntryName]) throws {
        if path.count > Nesting.mostInRecovery { throw HoldfastError.nestedTooDeep(path) }
        for (name, kind) in try directory.entries() {
            // An editor's own files come and go, and somebody may move folders about.
            guard let status = try directory.statusIfPresent(of: name) else { continue }
            if kind == .directory {
                // What is mounted there is not the document's.
                guard !status.isMountPoint, let folder = try directory.folderIfPresent(name) else { continue }
                try Nesting.enter(level: path.count + 1) { try add(folder, path: path + [name]) }
            } else {
                identities.insert(status.identity)
                if kind == .file { filesBySize[status.size, default: []].append(path + [name]) }
            }
        }
    }

    /// Whether an inode stands in the document.
    func holds(_ identity: FileIdentity) -> Bool { identities.contains(identity) }

    /// Whether the content of an entry that is no directory stands in the document.
    func holdsContent(of name: EntryName, _ status: FileStatus, in directory: Directory) throws -> Bool {
        // An empty file has no content to recognize it by.
        guard status.kind == .file, status.size > 0, let candidates = filesBySize[status.size],
            let file = try directory.openFileIfPresent(name)?.file
        else { return false }
        // The one of the same name first: most have not been renamed, and many files may have one size.
        for path in candidates.filter({ $0.last == name }) + candidates.filter({ $0.last != name })
        where try isSameContent(file, path, size: status.size) {
            return true
        }
        return false
    }

    private func isSameContent(_ file: OpenFile, _ path: [EntryName], size: Int64) throws -> Bool {
        var directory = root
        for component in path.dropLast() {
            guard let folder = try directory.folderIfPresent(component) else { return false }
            directory = folder
        }
        guard let name = path.last, let other = try directory.openFileIfPresent(name)?.file else { return false }
        return try Self.isSameContent(file, other, size: size)
    }

    /// Whether two files of a size hold the same bytes.
    static func isSameContent(_ file: OpenFile, _ other: OpenFile, size: Int64) throws -> Bool {
        let capacity = 1 << 16
        let buffers = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * capacity, alignment: 4096)
        defer { buffers.deallocate() }
        let first = UnsafeMutableRawBufferPointer(rebasing: buffers[..<capacity])
        let second = UnsafeMutableRawBufferPointer(rebasing: buffers[capacity...])
        var offset: Int64 = 0
        while offset < size {
            let count = try file.readFully(into: first, at: offset)
            guard count > 0, try other.readFully(into: second, at: offset) == count,
                first.prefix(count).elementsEqual(second.prefix(count))
            else { return false }
            offset += Int64(count)
        }
        return true
    }
}
