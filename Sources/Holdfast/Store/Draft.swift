public import FoundationEssentials

/// A document's next generation in the making: what an update reads, and what it changes.
///
/// The document's lock is held while a draft lives, so what is read can't be changed by another kernel before the draft
/// is committed. Everything is encoded at once; the disk is touched only when the update's body has returned.
public struct Draft: ~Copyable {
    /// The document's name.
    public let document: String

    /// Whether the document does not exist yet.
    public var isNew: Bool { directory == nil }

    /// What codecs get from the store's options.
    package var userInfo: [CodingUserInfoKey: any Sendable] { context.options.userInfo }

    let name: DocumentName
    let directory: Directory?
    let context: StoreContext
    var changes = DraftChanges()
    /// Managed files as they are on disk, as far as they have been read.
    private(set) var files: [EntryName: DraftFile] = [:]
    /// Managed files that were looked for, and were not there.
    private(set) var missing: Set<EntryName> = []
    /// Unmanaged files as they were when they were read.
    private var unmanagedReads: [EntryName: FileStatus] = [:]

    init(_ name: DocumentName, directory: Directory?, context: StoreContext) {
        self.document = name.description
        self.name = name
        self.directory = directory
        self.context = context
    }

    // MARK: - Reading

    /// Reads a managed file's value, as the draft has it now.
    ///
    /// - Parameter key: The file, and the type of its value.
    /// - Returns: The value; nil where there is no such file.
    /// - Throws: ``HoldfastError`` where the file can't be read or decoded.
    public mutating func value<Value: Decodable>(
        _ key: ManagedFile<Value>
    ) throws(HoldfastError) -> Value? {
        guard let data = try bytes(key.filename) else { return nil }
        return try CodecCall(document: document, filename: key.filename, context: context).decode(
            Value.self, from: data)
    }

    /// Reads a managed file's bytes, as the draft has them now.
    ///
    /// - Parameter filename: The file's name.
    /// - Returns: The bytes; nil where there is no such file.
    /// - Throws: ``HoldfastError`` where no codec claims the name, or the file can't be read.
    public mutating func bytes(_ filename: String) throws(HoldfastError) -> Data? {
        let entry = try managed(filename)
        if changes.removals.contains(entry) { return nil }
        if let written = changes.writes[entry] { return written }
        return try current(entry)
    }

    /// The managed files, as the draft has them now, in order.
    ///
    /// - Returns: Their names.
    /// - Throws: ``HoldfastError`` where the document can't be listed.
    public func managedFiles() throws(HoldfastError) -> [String] {
        let onDisk = try entries().filter { $0.kind == .file && context.codecs.manages($0.name) }.map(\.name)
        return Set(onDisk).subtracting(changes.removals).union(changes.writes.keys).sorted().map(\.description)
    }

    /// The unmanaged entries, as the draft has them now, in order.
    ///
    /// - Returns: Their names; bytes that are not UTF-8 show as U+FFFD.
    /// - Throws: ``HoldfastError`` where the document can't be listed.
    public func unmanagedEntries() throws(HoldfastError) -> [String] {
        let onDisk = try entries().filter { name, kind in
            !context.isManaged(name, kind) && !context.isOrphan(name, kind) && !isDeletedButOpen(name)
        }.map(\.name)
        return Set(onDisk).subtracting(changes.unmanagedRemovals.keys).union(changes.additions.keys).sorted().map(
            \.description)
    }

    /// Reads an unmanaged file, as it is with the draft's changes.
    ///
    /// - Parameter name: The file's name in the document.
    /// - Returns: Its bytes; nil where there is no such file, or the draft removes it.
    /// - Throws: ``HoldfastError`` where a codec claims the name, or the file can't be read.
    public mutating func unmanagedBytes(_ name: String) throws(HoldfastError) -> Data? {
        let entry = try unmanaged(name)
        if let path = changes.additions[entry] {
            return try attempt {
                let outside = try OutsideEntry(path, on: context.root.fileSystem)
                return try Self.readFile(outside.name, in: outside.parent)?.data
            }
        }
        if changes.unmanagedRemovals[entry] != nil { return nil }
        let directory = directory
        let file = try attempt { try Self.readFile(entry, in: directory) }
        unmanagedReads[entry] = file?.status
        return file?.data
    }

    // MARK: - Changing

    /// Sets a managed file's value; it is encoded at once.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - key: The file.
    /// - Throws: ``HoldfastError`` where no codec claims the file, or the value can't be encoded; the draft is as before
    ///   then.
    public mutating func set<Value: Encodable>(
        _ value: Value, for key: ManagedFile<Value>
    ) throws(HoldfastError) {
        let entry = try managed(key.filename)
        let current = CurrentFile(files[entry])
        let directory = directory
        let data = try CodecCall(document: document, filename: key.filename, context: context).encode(value) {
            try current.bytes { try Self.readFile(entry, in: directory) }
        }
        // What the new bytes were made from is to be there still when they replace it.
        if let file = current.file { note(file, entry) }
        changes.write(entry, data)
    }

    /// Sets a managed file's bytes, which its codec validates first.
    ///
    /// - Parameters:
    ///   - bytes: The bytes of the whole file.
    ///   - filename: The file's name.
    /// - Throws: ``HoldfastError`` where no codec claims the name, or the bytes are not well-formed.
    public mutating func setBytes(_ bytes: Data, for filename: String) throws(HoldfastError) {
        let entry = try managed(filename)
        try CodecCall(document: document, filename: filename, context: context).validate(bytes)
        changes.write(entry, bytes)
    }

    /// Removes a managed file; nothing happens where there is none.
    ///
    /// - Parameter filename: The file's name.
    /// - Throws: ``HoldfastError`` where no codec claims the name.
    public mutating func remove(_ filename: String) throws(HoldfastError) {
        let entry = try managed(filename)
        changes.remove(entry)
    }

    /// Removes a managed file; nothing happens where there is none.
    ///
    /// - Parameter key: The file.
    /// - Throws: ``HoldfastError`` where no codec claims the name.
    public mutating func remove<Value>(_ key: ManagedFile<Value>) throws(HoldfastError) {
        try remove(key.filename)
    }

    /// Removes an unmanaged entry in the same commit: the document's other changes and this one happen both or neither.
    ///
    /// What a person saves to the entry, or into the folder, after this call is not lost: the entry stays then; a file that
    /// the draft has read stays also where it was saved after that. Only what is written in place to a file of the folder
    /// goes with it, and what is put into a folder within it.
    ///
    /// - Parameter name: The entry's name in the document.
    /// - Returns: Whether there was such an entry, as the draft has them.
    /// - Throws: ``HoldfastError`` where a codec claims the name.
    @discardableResult
    public mutating func removeUnmanaged(_ name: String) throws(HoldfastError) -> Bool {
        let entry = try unmanaged(name)
        if changes.additions.removeValue(forKey: entry) != nil { return true }
        guard let directory, changes.unmanagedRemovals[entry] == nil else { return false }
        guard let status = try attempt({ try directory.statusIfPresent(of: entry) }) else { return false }
        changes.unmanagedRemovals[entry] = unmanagedReads[entry] ?? status
        return true
    }

    /// Copies a file, a link or a folder from outside into the document as an unmanaged entry.
    ///
    /// It is copied when the draft is saved, behind the body that makes the changes, and has to stand there until then.
    ///
    /// - Parameters:
    ///   - name: The entry's name in the document; there must be none yet.
    ///   - path: Where it is now. It stays there.
    /// - Throws: ``HoldfastError`` where a codec claims the name, or there is such an entry already.
    public mutating func addUnmanaged(_ name: String, copying path: String) throws(HoldfastError) {
        let entry = try unmanaged(name)
        if context.isOrphan(entry, .file) {
            throw .invalidEntryName(name, document: document, "it is the temporary name of a managed file")
        }
        let standing = try attempt { try directory?.statusIfPresent(of: entry) }
        if (standing != nil && changes.unmanagedRemovals[entry] == nil) || changes.additions[entry] != nil {
            throw HoldfastError(
                .alreadyExists, "there is already an entry of this name", document: document, file: name,
                remedy: "remove it first, or choose another name")
        }
        changes.additions[entry] = path
    }

    // MARK: - Names and files

    private func managed(_ filename: String) throws(HoldfastError) -> EntryName {
        let entry = try context.managedName(filename, document: document)
        guard entry.count <= 251 else {
            throw .invalidEntryName(filename, document: document, "with `.tmp` it would have \(entry.count + 4) bytes")
        }
        return entry
    }

    private func unmanaged(_ name: String) throws(HoldfastError) -> EntryName {
        let entry = EntryName(name)
        let bytes = entry.bytes
        if bytes.isEmpty || name == "." || name == ".." || bytes.contains(0) || bytes.contains(UInt8(ascii: "/")) {
            throw .invalidEntryName(name, document: document, "it must be one name of a directory entry")
        }
        if context.codecs.manages(entry) {
            throw .invalidEntryName(
                name, document: document, "a codec manages it; use `value`, `bytes`, `set` or `remove`")
        }
        return entry
    }

    private mutating func current(_ entry: EntryName) throws(HoldfastError) -> Data? {
        if let known = files[entry] { return known.data }
        let directory = directory
        let file = try attempt { try Self.readFile(entry, in: directory) }
        note(file, entry)
        return file?.data
    }

    private mutating func note(_ file: DraftFile?, _ entry: EntryName) {
        files[entry] = file
        if file == nil { missing.insert(entry) }
    }

    private static func readFile(_ entry: EntryName, in directory: Directory?) throws -> DraftFile? {
        guard let directory, let (file, status) = try directory.openFileIfPresent(entry) else { return nil }
        return DraftFile(data: try file.readAll(size: status.size), status: status)
    }

    private func entries() throws(HoldfastError) -> [(name: EntryName, kind: EntryKind)] {
        try attempt { try directory?.entries() ?? [] }
    }

    private func attempt<Result>(_ body: () throws -> Result) throws(HoldfastError) -> Result {
        do { return try body() } catch { throw HoldfastError.wrapping(error, document: document) }
    }
}

/// The file that a codec may ask for, which is read at the first call only.
private final class CurrentFile {
    /// The file, once it has been read: nil in it where there is none.
    private(set) var file: DraftFile??

    init(_ known: DraftFile?) { file = known.map { .some($0) } }

    func bytes(_ read: () throws -> DraftFile?) throws -> Data? {
        if let file { return file?.data }
        let found = try read()
        file = .some(found)
        return found?.data
    }
}

/// A file as a draft has read it.
struct DraftFile {
    let data: Data
    let status: FileStatus
}
