import FoundationEssentials

/// The commit of exactly one managed file that exists already: `NAME.tmp`, then one rename over `NAME`.
///
/// The directory stays the same, so that a shell or a watcher in it is not cut off.
final class FileCommit: Commit {
    let document: DocumentName
    private let name: EntryName
    private let data: Data
    private let directory: Directory
    private let context: StoreContext
    private let flushing: FlushProtocol
    /// The file that the draft was made from, or that stood there when the commit began.
    private var expected: FileStatus?
    /// The file that stands there, where it is open already.
    private var existing: (file: OpenFile, status: FileStatus)?
    private var file: OpenFile?
    private var receipt: Receipt
    /// What the new file could not be given of what the old one had.
    private var loss: String?

    private var temporary: EntryName { name + DocumentName.temporarySuffix }

    init(
        _ plan: CommitPlan, replacing name: EntryName, in directory: Directory, context: StoreContext,
        flushing: FlushProtocol
    ) {
        document = plan.document
        self.name = name
        data = plan.changes.writes[name] ?? Data()
        existing = plan.compared[name]
        expected = plan.files[name]?.status ?? existing?.status
        self.directory = directory
        self.context = context
        self.flushing = flushing
        receipt = context.receipt(document, .replacedFile, flushing)
    }

    // Step 3.
    func stage() throws { try namingTheFile(writeTemporary) }

    /// Calls a body whose faults with `NAME.tmp` are, for whoever reads of them, faults with `NAME`.
    private func namingTheFile(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as SystemCallError where error.entry == temporary {
            throw SystemCallError(error.call, error.errno, entry: name)
        }
    }

    private func writeTemporary() throws {
        guard let (existing, status) = try existing ?? directory.openFileIfPresent(name) else { throw conflict() }
        self.existing = nil
        if expected == nil { expected = status }
        let file = try createTemporary()
        self.file = file
        try file.writeAll(data)
        let pair = CopyMetadata.Pair(from: existing, to: file, entry: name)
        loss = try CopyMetadata.copyAccess(pair, status: status)
        // What is deleted while it is open stays behind on FUSE.
        try existing.close()
        if flushing.isByFile { try flushing.start(file) } else { try close() }
    }

    /// Creates `NAME.tmp`, in place of one that a crash left behind.
    private func createTemporary() throws -> OpenFile {
        do {
            return try directory.create(temporary, mode: 0o600)
        } catch  where error.errno == .exists {
            if let kind = try directory.statusIfPresent(of: temporary)?.kind {
                guard kind == .file else { throw HoldfastError.notARegularFile(temporary.description, found: kind) }
                try directory.removeFile(temporary)
            }
            return try directory.create(temporary, mode: 0o600)
        }
    }

    // Step 4.
    func flush() throws {
        guard let file else { return }
        try namingTheFile {
            receipt.flushes += try flushing.settle(file)
            try close()
        }
    }

    private func close() throws {
        try file?.close()
        file = nil
    }

    // Step 5.
    func swap(_ locks: StoreLocks.Held) throws {
        try context.checkPlace(of: document, directory.status().identity)
        guard let standing = try directory.statusIfPresent(of: name), expected?.isSameContent(as: standing) == true
        else {
            throw conflict()
        }
        try namingTheFile { try directory.rename(temporary, to: name) }
        receipt.method = .rename
    }

    // Step 6.
    var namesDirectory: Directory { directory }

    /// What was there before is gone.
    func undo(_ locks: StoreLocks.Held) -> Bool { false }

    // It is durable.
    func finish(sharedFlushes: Int) -> Receipt {
        receipt.files = [Receipt.File(name: name.description, change: .written, bytes: Int64(data.count))]
        receipt.bytesWritten = Int64(data.count)
        receipt.flushes += sharedFlushes
        if let loss { receipt.warnings.append(context.warn(document, loss)) }
        return receipt
    }

    /// The rename has left nothing.
    var cleanup: SwapCleanup? { nil }

    func abandon() -> Bool {
        do {
            file = nil
            if try directory.statusIfPresent(of: temporary)?.kind == .file { try directory.removeFile(temporary) }
        } catch {
            _ = context.warn(document, "`\(temporary)` could not be removed (\(error)); the next recovery does it")
        }
        return true
    }

    private func conflict() -> HoldfastError {
        var error = HoldfastError.changedMeanwhile(name.description)
        error.document = document.description
        return error
    }
}
