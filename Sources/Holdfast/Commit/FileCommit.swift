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
    /// From before the batch's first change.
    private let moment: StoreContext.FlushMoment
    /// The managed files that the plan has looked at.
    private let found: [KnownDurability.File]
    /// The document's other managed files, where this store doesn't know that they are durable.
    private var others: [EntryName: KnownDurability.File]?
    /// The file that is replaced, and the new one.
    private var replaced, written: KnownDurability.File?
    /// What the directory is like, as far as it was this commit that changed it.
    private var place: FileStatus?
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
        flushing: FlushProtocol, since moment: StoreContext.FlushMoment
    ) {
        document = plan.document
        self.name = name
        data = plan.changes.writes[name] ?? Data()
        existing = plan.compared[name]
        expected = plan.files[name]?.status ?? existing?.status
        self.directory = directory
        self.context = context
        self.flushing = flushing
        self.moment = moment
        found = plan.found
        receipt = context.receipt(document, .replacedFile, flushing)
    }

    // Step 3.
    func stage() throws {
        if flushing != .none, try !context.durability.holds(document, directory.status(), found) {
            others = try context.managedFiles(in: directory).filter { $0.key != name }
        }
        try namingTheFile(writeTemporary)
    }

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
        replaced = KnownDurability.File(status)
        if expected == nil { expected = status }
        let file = try createTemporary()
        self.file = file
        place = try directory.status()
        try file.writeAll(data)
        let pair = CopyMetadata.Pair(from: existing, to: file, entry: name)
        loss = try CopyMetadata.copyAccess(pair, status: status)
        if flushing != .none { written = KnownDurability.File(try file.status()) }
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
        guard let others else { return }
        receipt.flushes += try context.settle(others, of: document, in: directory, flushing, since: moment)
    }

    private func close() throws {
        try file?.close()
        file = nil
    }

    // Step 5.
    func swap(_ locks: StoreLocks.Held) throws {
        guard let place else { throw conflict() }
        let now = try context.checkPlace(of: document, place.identity)
        guard let standing = try directory.statusIfPresent(of: name), expected?.isSameContent(as: standing) == true
        else {
            throw conflict()
        }
        try namingTheFile { try directory.rename(temporary, to: name) }
        receipt.method = .rename
        if now.change == place.change { self.place = context.look(directory) ?? place }
    }

    // Step 6.
    var namesDirectory: Directory { directory }

    /// Where others have left the document as it is.
    var isNameDoubtful: Bool { others != nil }

    /// What was there before is gone.
    func undo(_ locks: StoreLocks.Held) -> Bool { false }

    func doubtUnsettled() {
        let known = context.durability.files(of: document)
        context.durability.doubt((others ?? [:]).values.filter { !known.contains($0) }.map(\.identity))
    }

    func doubt() {
        context.durability.doubt([place?.identity, written?.identity].compactMap { $0 })
        // Of these too it was the flush.
        if flushing == .orderedJournal { doubtUnsettled() }
    }

    // It is durable.
    func finish(sharedFlushes: Int) -> Receipt {
        noteDurability()
        receipt.files = [Receipt.File(name: name.description, change: .written, bytes: Int64(data.count))]
        receipt.bytesWritten = Int64(data.count)
        receipt.flushes += sharedFlushes
        if let loss { receipt.warnings.append(context.warn(document, loss)) }
        return receipt
    }

    private func noteDurability() {
        guard let place, let written else { return }
        var untouched = others.map { Set($0.values) } ?? context.durability.files(of: document)
        if let replaced { untouched.remove(replaced) }
        if !context.durability.note(document, place, written: [written], untouched: untouched) {
            receipt.lowerForDoubt()
        }
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
