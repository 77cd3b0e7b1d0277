/// A directory of documents, each of which is always whole: exactly one of its generations, whatever crashes.
///
/// Every operation is there twice: blocking, and `async`, which does its work on another thread and never
/// blocks the cooperative pool. Stores of the same directory in any number of processes may be open at once.
///
/// ```swift
/// let store = try DocumentStore.open(at: "notes", codecs: CodecRegistry(JSONCodec("note.json")))
/// try store.update("groceries") { draft in
///     try draft.set(Note(text: "milk"), for: ManagedFile("note.json"))
/// }
/// ```
public final class DocumentStore: Sendable {
    /// The path that the store was opened at.
    public let path: String

    /// What recovery found when the store was opened.
    public let recoveryReport: RecoveryReport

    /// What validation found when the store was opened; nil where the options asked for none.
    public let validationReport: VerificationReport?

    let context: StoreContext

    private init(
        path: String, context: StoreContext, listing: StoreListing, progress: (@Sendable (StoreProgress) -> Void)?
    ) throws {
        self.path = path
        self.context = context
        recoveryReport = StoreRecovery(context: context).run(
            on: listing, isDryRun: context.options.recoveryAtOpening == .report, progress: progress)
        switch context.options.validationAtOpening {
        case .none: validationReport = nil
        case .report: validationReport = try StoreVerification(context: context).run(.report, progress: nil)
        case .trash: validationReport = try StoreVerification(context: context).run(.trash, progress: nil)
        }
    }

    // MARK: - Opening

    /// Opens a store, and recovers what a crash has left in it.
    ///
    /// It costs one listing of the store, one of each document, and the work for the remnants that there are.
    ///
    /// - Parameters:
    ///   - path: The store's directory. It may be reached through symbolic links, but may not be one itself.
    ///   - codecs: The codecs of the documents' managed files.
    ///   - options: How the store works.
    ///   - progress: Told of each document that the recovery is done with, as ``StoreProgress`` says.
    /// - Returns: The store.
    /// - Throws: ``HoldfastError`` where the directory can't be opened or listed. A document that can't be recovered does
    ///   not hide the others: it is in ``recoveryReport``.
    public static func open(
        at path: String, codecs: CodecRegistry, options: StoreOptions = StoreOptions(),
        progress: (@Sendable (StoreProgress) -> Void)? = nil
    ) throws(HoldfastError) -> DocumentStore {
        try open(at: path, on: POSIXFileSystem(), codecs: codecs, options: options, progress: progress)
    }

    /// Opens a store on any file system behind the seam.
    package static func open(
        at path: String, on fileSystem: any FileSystem, codecs: CodecRegistry, options: StoreOptions,
        progress: (@Sendable (StoreProgress) -> Void)? = nil
    ) throws(HoldfastError) -> DocumentStore {
        do {
            let root = try StoreDirectory(path: path, fileSystem: fileSystem).open(options)
            let context = StoreContext(
                root: root, kind: try root.kind(), codecs: codecs, options: options,
                capabilities: Capabilities(without: options.withheldCapabilities), locks: StoreLocks(store: root))
            // A store that can't be listed can't be recovered, which must not pass for one that is clean.
            return try DocumentStore(
                path: path, context: context, listing: try StoreListing(of: root), progress: progress)
        } catch {
            throw HoldfastError.wrapping(error, document: nil, file: path, while: "the store can't be opened")
        }
    }

    // MARK: - Reading

    /// The names of all documents, in order.
    ///
    /// It never misses a document that is there all the while, whatever writers are doing, and never shows a remnant.
    ///
    /// - Returns: The names.
    /// - Throws: ``HoldfastError`` where the store can't be listed, with code ``HoldfastError/Code/lockTimeout`` where it had to
    ///   wait for writers in vain.
    public func list() throws(HoldfastError) -> [String] {
        try kernel(nil) { try QuietListing(context: context).read().names }
    }

    /// Tells whether there is a document, whatever writers are doing.
    ///
    /// - Parameter document: The document's name.
    /// - Returns: Whether there is one at some moment of the call.
    /// - Throws: ``HoldfastError`` where the name can't be a document's, or that can't be told.
    public func contains(_ document: String) throws(HoldfastError) -> Bool {
        do {
            _ = try snapshot(document, of: [])
            return true
        } catch  where error.code == .notFound {
            return false
        }
    }

    /// Reads a document's managed files, all of one generation, while writers go on.
    ///
    /// - Parameters:
    ///   - document: The document's name.
    ///   - filenames: The files to read, where not all of them are wanted: the others cost nothing then, and unmanaged entries
    ///     are not listed.
    /// - Returns: The snapshot.
    /// - Throws: ``HoldfastError``, with code ``HoldfastError/Code/notFound`` where there is no such document,
    ///   ``HoldfastError/Code/unmanagedFilename`` where no codec claims one of the filenames, and
    ///   ``HoldfastError/Code/lockTimeout`` where it had to wait for a writer in vain.
    public func snapshot(_ document: String, of filenames: [String]? = nil) throws(HoldfastError) -> Snapshot {
        let name = try DocumentName(document)
        let wanted = try filenames.map { (filenames) throws(HoldfastError) in
            var names: Set<EntryName> = []
            for filename in filenames { names.insert(try context.managedName(filename, document: document)) }
            return names.sorted()
        }
        return try kernel(document) {
            Snapshot(
                name, try SnapshotReader(context: context, wanted: wanted).read(name), of: wanted, context: context)
        }
    }

    // MARK: - Writing

    /// Reads, modifies and saves a document under its lock; one that does not exist yet is created with the first change.
    ///
    /// All changes of the draft are saved, or none. Values are encoded as they are set, so one that can't be encoded
    /// changes nothing on disk. With ``Durability/powerLoss`` the save is durable on return.
    ///
    /// Calls of the same document wait for each other, also between processes. `body` must not update a document itself, nor
    /// take a snapshot of this one: it would wait for the lock that this call holds. The same goes for
    /// ``StoreOptions/observer``.
    ///
    /// - Parameters:
    ///   - document: The document's name.
    ///   - newName: Another name that the document is to have from this save on, all or nothing of both; nil to keep it. It
    ///     takes two renames, between which there is neither name for who reads the files without Holdfast. With another name
    ///     than it has, the document has to exist.
    ///   - body: Makes the changes.
    /// - Returns: What was done.
    /// - Throws: ``HoldfastError``, or what `body` throws; the document is as it was before then, save for
    ///   ``HoldfastError/Code/durabilityUnknown``.
    @discardableResult
    public func update(
        _ document: String, renamingTo newName: String? = nil, _ body: (inout Draft) throws -> Void
    ) throws -> Receipt {
        let name = try DocumentName(document)
        // Compared by their bytes: two Unicode forms of a name are two names.
        let renamed = try newName.map { (name) throws(HoldfastError) in try DocumentName(name) }
        let target = renamed == name ? nil : renamed
        let update = DocumentUpdate(context: context)
        let locks = try kernel(document) { try update.lock([name] + (target.map { [$0] } ?? [])) }
        defer { locks.release() }
        var draft = try kernel(document) { try update.draft(name, target: target) }
        try body(&draft)
        let plan = try kernel(document) { try CommitPlan(draft, of: name, newName: target, isAlone: true) }
        return try kernel(document) {
            let results = Committer(context: context).commit([plan], locks)
            return try finished(results)[0].get()
        }
    }

    /// Reads, modifies and saves a document as `update(_:renamingTo:_:)` does, and returns what the body makes of it.
    ///
    /// - Parameters:
    ///   - document: The document's name.
    ///   - newName: Another name that the document is to have from this save on; nil to keep it.
    ///   - type: What `body` returns.
    ///   - body: Makes the changes.
    /// - Returns: What `body` has returned, and what was done.
    /// - Throws: ``HoldfastError``, or what `body` throws; the document is as it was before then, save for
    ///   ``HoldfastError/Code/durabilityUnknown``.
    public func update<Value>(
        _ document: String, renamingTo newName: String? = nil, returning type: Value.Type,
        _ body: (inout Draft) throws -> Value
    ) throws -> (value: Value, receipt: Receipt) {
        var value: Value?
        let receipt = try update(document, renamingTo: newName) { value = try body(&$0) }
        guard let value else { preconditionFailure("an update that has not called its body throws") }
        return (value, receipt)
    }

    /// Updates several documents, each atomically, with flushes that they share.
    ///
    /// Nothing is written before `body` has returned for all of them.
    ///
    /// - Parameters:
    ///   - documents: The documents' names, each once. While it runs, it holds up to three descriptors for each, and some
    ///     250 more.
    ///   - body: Makes the changes of one document; called for each, in order.
    /// - Returns: What was done, or why it was not, for each document, in order.
    /// - Throws: ``HoldfastError`` where a lock can't be had or a document can't be read, or what `body` throws; nothing is
    ///   changed then.
    public func updateBatch(
        _ documents: [String], _ body: (inout Draft) throws -> Void
    ) throws -> [Result<Receipt, HoldfastError>] {
        var names: [DocumentName] = []
        for document in documents { names.append(try DocumentName(document)) }
        if let twice = Dictionary(grouping: names, by: { $0 }).first(where: { $0.value.count > 1 })?.key {
            throw HoldfastError.twiceInBatch(twice.description)
        }
        let update = DocumentUpdate(context: context)
        let locks = try kernel(nil) { try update.lock(names) }
        defer { locks.release() }
        var plans: [CommitPlan] = []
        for name in names {
            var draft = try kernel(name.description) { try update.draft(name, target: nil) }
            try body(&draft)
            plans.append(try kernel(name.description) { try CommitPlan(draft, of: name, isAlone: names.count == 1) })
        }
        return finished(Committer(context: context).commit(plans, locks))
    }

    /// Gives a document another name, in one step.
    ///
    /// - Parameters:
    ///   - document: The document's name.
    ///   - newName: Its new name; nothing is done where it has that already.
    /// - Returns: What was done.
    /// - Throws: ``HoldfastError``, with code ``HoldfastError/Code/notFound`` where there is no such document,
    ///   ``HoldfastError/Code/alreadyExists`` where there is one of the new name, which is never replaced, and
    ///   ``HoldfastError/Code/durabilityUnknown`` where the flush behind it has failed.
    @discardableResult
    public func rename(_ document: String, to newName: String) throws(HoldfastError) -> Receipt {
        let name = try DocumentName(document)
        let target = try DocumentName(newName)
        return try kernel(document) {
            let update = DocumentUpdate(context: context)
            let locks = try update.lock([name, target])
            defer { locks.release() }
            return report(try update.rename(name, to: target, locks))
        }
    }

    /// Removes a document with all that is in it.
    ///
    /// - Parameter document: The document's name.
    /// - Returns: What was done.
    /// - Throws: ``HoldfastError``, with code ``HoldfastError/Code/notFound`` where there is no such document, and
    ///   ``HoldfastError/Code/durabilityUnknown`` where the flush behind it has failed.
    @discardableResult
    public func remove(_ document: String) throws(HoldfastError) -> Receipt {
        let name = try DocumentName(document)
        return try kernel(document) {
            let update = DocumentUpdate(context: context)
            let locks = try update.lock([name])
            defer { locks.release() }
            return report(try update.remove(name, locks))
        }
    }

    // MARK: - Care

    /// Waits until nothing is left of the clean-up that commits have left to the background.
    ///
    /// With ``Cleanup/inBackground``: before a host ends, moves the store or unmounts what it is on. What it does not wait
    /// for, the next start does. Where something could not be removed, ``StoreOptions/observer`` is told,
    /// maybe a moment later.
    public func finishCleanup() {
        context.backgroundCleanup?.finish()
    }

    /// Mends what crashes have left, as opening does; unless it only looks, it waits for the store's own clean-up in the
    /// background first.
    ///
    /// - Parameters:
    ///   - isDryRun: Whether only to say what would be done.
    ///   - progress: Told of each document that is done, as ``StoreProgress`` says.
    /// - Returns: What was found and done. A document whose lock is held is left alone.
    /// - Throws: ``HoldfastError`` where the store can't be listed.
    @discardableResult
    public func recover(
        dryRun isDryRun: Bool = false, progress: (@Sendable (StoreProgress) -> Void)? = nil
    ) throws(HoldfastError) -> RecoveryReport {
        if !isDryRun { finishCleanup() }
        let listing = try kernel(nil) { try StoreListing(of: context.root) }
        return StoreRecovery(context: context).run(on: listing, isDryRun: isDryRun, progress: progress)
    }

    /// Validates every managed file of every document with its codec.
    ///
    /// - Parameters:
    ///   - response: What happens to damaged documents.
    ///   - progress: Told of each document that is done, as ``StoreProgress`` says.
    /// - Returns: What is damaged. One bad document never hides the others.
    /// - Throws: ``HoldfastError`` where the store can't be listed.
    @discardableResult
    public func verify(
        _ response: DamageResponse = .report, progress: (@Sendable (StoreProgress) -> Void)? = nil
    ) throws(HoldfastError) -> VerificationReport {
        try kernel(nil) { try StoreVerification(context: context).run(response, progress: progress) }
    }

    // MARK: - Errors and events

    /// Makes every error of the kernel's own work a ``HoldfastError``.
    private func kernel<Result: ~Copyable>(_ document: String?, _ body: () throws -> Result) throws(HoldfastError)
        -> Result
    {
        do { return try body() } catch { throw HoldfastError.wrapping(error, document: document) }
    }

    private func finished(_ results: [Result<Receipt, HoldfastError>]) -> [Result<Receipt, HoldfastError>] {
        for case .success(let receipt) in results { _ = report(receipt) }
        return results
    }

    private func report(_ receipt: Receipt) -> Receipt {
        context.options.observer?(.committed(receipt))
        return receipt
    }
}
