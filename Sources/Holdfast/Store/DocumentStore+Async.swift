import Dispatch

/// The operations for `async` callers: the same, on queues of their own, so that no thread of the cooperative pool waits
/// for a disk or a lock.
extension DocumentStore {
    /// Opens a store, and recovers what a crash has left in it, without blocking the cooperative pool.
    ///
    /// - Parameters:
    ///   - path: The store's directory. It may be reached through symbolic links, but may not be one itself.
    ///   - codecs: The codecs of the documents' managed files.
    ///   - options: How the store works.
    ///   - progress: Told of each document that the recovery is done with, as ``StoreProgress`` says.
    /// - Returns: The store.
    /// - Throws: ``HoldfastError`` where the directory can't be opened or listed.
    public static func open(
        at path: String, codecs: CodecRegistry, options: StoreOptions = StoreOptions(),
        progress: (@Sendable (StoreProgress) -> Void)? = nil
    ) async throws(HoldfastError) -> DocumentStore {
        try await onQueue {
            Swift.Result { () throws(HoldfastError) in
                try open(at: path, on: POSIXFileSystem(), codecs: codecs, options: options, progress: progress)
            }
        }.get()
    }

    /// The names of all documents, in order, without blocking the cooperative pool.
    ///
    /// - Returns: The names.
    /// - Throws: ``HoldfastError`` where the store can't be listed.
    public func list() async throws(HoldfastError) -> [String] {
        try await blocking { (store) throws(HoldfastError) in try store.list() }
    }

    /// Tells whether there is a document, without blocking the cooperative pool.
    ///
    /// - Parameter document: The document's name.
    /// - Returns: Whether there is one at some moment of the call.
    /// - Throws: ``HoldfastError`` where the name can't be a document's, or that can't be told.
    public func contains(_ document: String) async throws(HoldfastError) -> Bool {
        try await blocking { (store) throws(HoldfastError) in try store.contains(document) }
    }

    /// Reads a document's managed files, all of one generation, without blocking the cooperative pool.
    ///
    /// - Parameters:
    ///   - document: The document's name.
    ///   - filenames: The files to read, where not all of them are wanted.
    /// - Returns: The snapshot.
    /// - Throws: ``HoldfastError``, with code ``HoldfastError/Code/notFound`` where there is no such document, and
    ///   ``HoldfastError/Code/unmanagedFilename`` where no codec claims one of the filenames.
    public func snapshot(_ document: String, of filenames: [String]? = nil) async throws(HoldfastError) -> Snapshot {
        try await blocking { (store) throws(HoldfastError) in try store.snapshot(document, of: filenames) }
    }

    /// Reads, modifies and saves a document under its lock, without blocking the cooperative pool.
    ///
    /// - Parameters:
    ///   - document: The document's name.
    ///   - newName: Another name that the document is to have from this save on; nil to keep it. With another name than
    ///     it has, the document has to exist.
    ///   - body: Makes the changes, on another thread.
    /// - Returns: What was done.
    /// - Throws: ``HoldfastError``, or what `body` throws; the document is as it was before then, save for
    ///   ``HoldfastError/Code/durabilityUnknown``.
    @discardableResult
    public func update(
        _ document: String, renamingTo newName: String? = nil,
        _ body: @escaping @Sendable (inout Draft) throws -> Void
    ) async throws -> Receipt {
        try await blocking { store in try store.update(document, renamingTo: newName, body) }
    }

    /// Reads, modifies and saves a document under its lock, and returns what the body makes of it, without blocking the
    /// cooperative pool.
    ///
    /// - Parameters:
    ///   - document: The document's name.
    ///   - newName: Another name that the document is to have from this save on; nil to keep it.
    ///   - type: What `body` returns.
    ///   - body: Makes the changes, on another thread.
    /// - Returns: What `body` has returned, and what was done.
    /// - Throws: ``HoldfastError``, or what `body` throws; the document is as it was before then, save for
    ///   ``HoldfastError/Code/durabilityUnknown``.
    public func update<Value: Sendable>(
        _ document: String, renamingTo newName: String? = nil, returning type: Value.Type,
        _ body: @escaping @Sendable (inout Draft) throws -> Value
    ) async throws -> (value: Value, receipt: Receipt) {
        try await blocking { store in try store.update(document, renamingTo: newName, returning: type, body) }
    }

    /// Updates several documents, each atomically, with flushes that they share, without blocking the cooperative pool.
    ///
    /// - Parameters:
    ///   - documents: The documents' names, each once.
    ///   - body: Makes the changes of one document, on another thread; called for each, in order.
    /// - Returns: What was done, or why it was not, for each document, in order.
    /// - Throws: ``HoldfastError``, or what `body` throws; nothing is changed then.
    public func updateBatch(
        _ documents: [String], _ body: @escaping @Sendable (inout Draft) throws -> Void
    ) async throws -> [Result<Receipt, HoldfastError>] {
        try await blocking { store in try store.updateBatch(documents, body) }
    }

    /// Gives a document another name, in one step, without blocking the cooperative pool.
    ///
    /// - Parameters:
    ///   - document: The document's name.
    ///   - newName: Its new name.
    /// - Returns: What was done.
    /// - Throws: ``HoldfastError``, with code ``HoldfastError/Code/alreadyExists`` where there is a document of the new
    ///   name.
    @discardableResult
    public func rename(_ document: String, to newName: String) async throws(HoldfastError) -> Receipt {
        try await blocking { (store) throws(HoldfastError) in try store.rename(document, to: newName) }
    }

    /// Removes a document with all that is in it, without blocking the cooperative pool.
    ///
    /// - Parameter document: The document's name.
    /// - Returns: What was done.
    /// - Throws: ``HoldfastError``, with code ``HoldfastError/Code/notFound`` where there is no such document.
    @discardableResult
    public func remove(_ document: String) async throws(HoldfastError) -> Receipt {
        try await blocking { (store) throws(HoldfastError) in try store.remove(document) }
    }

    /// Mends what crashes have left, without blocking the cooperative pool.
    ///
    /// - Parameters:
    ///   - isDryRun: Whether only to say what would be done.
    ///   - progress: Told of each document that is done, as ``StoreProgress`` says.
    /// - Returns: What was found and done.
    /// - Throws: ``HoldfastError`` where the store can't be listed.
    @discardableResult
    public func recover(
        dryRun isDryRun: Bool = false, progress: (@Sendable (StoreProgress) -> Void)? = nil
    ) async throws(HoldfastError) -> RecoveryReport {
        try await blocking { (store) throws(HoldfastError) in
            try store.recover(dryRun: isDryRun, progress: progress)
        }
    }

    /// Validates every managed file of every document, without blocking the cooperative pool.
    ///
    /// - Parameters:
    ///   - response: What happens to damaged documents.
    ///   - progress: Told of each document that is done, as ``StoreProgress`` says.
    /// - Returns: What is damaged.
    /// - Throws: ``HoldfastError`` where the store can't be listed.
    @discardableResult
    public func verify(
        _ response: DamageResponse = .report, progress: (@Sendable (StoreProgress) -> Void)? = nil
    ) async throws(HoldfastError) -> VerificationReport {
        try await blocking { (store) throws(HoldfastError) in try store.verify(response, progress: progress) }
    }

    /// Waits until nothing is left of the clean-up in the background, without blocking the cooperative pool.
    public func finishCleanup() async {
        await Self.onQueue { [self] in finishCleanup() }
    }

    private func blocking<Result: Sendable, Failure: Error>(
        _ body: @escaping @Sendable (DocumentStore) throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        try await Self.onQueue { Swift.Result { () throws(Failure) in try body(self) } }.get()
    }

    /// Runs a body where it may block.
    ///
    /// A serial queue of its own gets a thread at once, whatever others wait for (libdispatch lets serial queues
    /// overcommit, up to 255 on Linux); on a shared concurrent queue, a few waits for a lock would hold up everything
    /// behind them.
    private static func onQueue<Result: Sendable>(
        _ body: @escaping @Sendable () -> Result
    ) async -> Result {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "holdfast").async { continuation.resume(returning: body()) }
        }
    }
}
