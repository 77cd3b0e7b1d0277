/// What the operations that change documents have in common: the lock, the recovery of what a crash left of this very
/// document, and the draft.
struct DocumentUpdate {
    let context: StoreContext

    private var root: Directory { context.root }

    /// Step 1 of a commit: takes the locks, and recovers the documents that need it.
    func lock(_ documents: [DocumentName]) throws -> StoreLocks.Held {
        let locks = try context.lock(documents, timeout: context.options.lockTimeout)
        let recoverer = Recoverer(context: context)
        for document in documents where try recoverer.hasRemnants(document) {
            if let (report, error) = recoverer.attempt(document, locks: locks, locked: documents) {
                try conclude(report, error)
            }
            try checkWay(of: document)
        }
        return locks
    }

    private func conclude(_ report: RecoveryReport.Document, _ error: HoldfastError?) throws {
        var whole = RecoveryReport(isDryRun: false, documentCount: 1)
        whole.documents = [report]
        context.options.observer?(.recovered(whole))
        if let reason = report.skipped {
            throw HoldfastError(
                .lockTimeout, "what a crash left of the document can't be recovered yet: \(reason)",
                document: report.name, remedy: "try again; nothing was saved")
        }
        if var error {
            error.message = "what a crash left of the document can't be recovered: \(error.message); nothing was saved"
            error.document = report.name
            throw error
        }
        if let problem = report.failure {
            throw HoldfastError(
                .unexpectedEntry, "what a crash left of the document can't be recovered: \(problem)",
                document: report.name, remedy: "mend that first; nothing was saved")
        }
    }

    /// What recovery has left alone stands where a commit would have to put something.
    private func checkWay(of document: DocumentName) throws {
        for name in [document.staging, document.old, document.record] {
            guard let kind = try root.statusIfPresent(of: name)?.kind else { continue }
            throw HoldfastError(
                .unexpectedEntry, "a \(kind) named `\(name)` stands in the way", document: document.description,
                remedy: "move it away; Holdfast does not follow or replace it")
        }
    }

    /// A draft of a document whose lock is held.
    func draft(_ document: DocumentName, target: DocumentName?) throws -> Draft {
        let directory = try context.documentDirectory(document)
        if let target {
            if directory == nil { throw HoldfastError.notFound(document: document.description) }
            try checkAbsence(of: target)
        }
        return Draft(document, directory: directory, context: context)
    }

    private func checkPresence(of document: DocumentName) throws {
        if try context.documentDirectory(document) == nil {
            throw HoldfastError.notFound(document: document.description)
        }
    }

    private func checkAbsence(of document: DocumentName) throws {
        if try root.statusIfPresent(of: document.entry) != nil {
            throw HoldfastError.alreadyExists(document: document.description)
        }
    }

    // MARK: - Operations of one rename

    func rename(_ document: DocumentName, to target: DocumentName, _ locks: StoreLocks.Held) throws -> Receipt {
        try checkPresence(of: document)
        if document == target { return context.receipt(document, .unchanged) }
        try checkAbsence(of: target)
        var receipt = context.receipt(target, .renamed, context.flushProtocol(documents: 1))
        receipt.method = .rename
        receipt.flushes = try move(document.entry, to: target.entry, of: document, locks)
        context.durability.rename(document, to: target)
        return receipt
    }

    func remove(_ document: DocumentName, _ locks: StoreLocks.Held) throws -> Receipt {
        try checkPresence(of: document)
        var receipt = context.receipt(document, .removed, context.flushProtocol(documents: 1))
        receipt.method = .rename
        try clearRemoved(document)
        receipt.flushes = try move(document.entry, to: document.removed, of: document, locks)
        context.durability.forget(document)
        let context = context
        let isLeft = context.backgroundCleanup?.add(locks) {
            Self.finishRemoval(of: document, context).map {
                .warning(Warning(document: document.description, message: $0))
            }
        }
        if isLeft != true {
            receipt.warnings += Self.finishRemoval(of: document, context).map { context.warn(document, $0) }
        }
        return receipt
    }

    /// - Returns: What it could not do.
    private static func finishRemoval(of document: DocumentName, _ context: StoreContext) -> [String] {
        do {
            if try RemoveTree.remove(document.removed, in: context.root) { return [] }
            return ["it holds files that are deleted but open; it goes when they are closed"]
        } catch {
            return ["not all of it could be deleted (\(error)); the next recovery goes on"]
        }
    }

    /// Moves what is still being removed out of the way of a new `.removed-X`, into the store's trash.
    private func clearRemoved(_ document: DocumentName) throws {
        guard let kind = try root.statusIfPresent(of: document.removed)?.kind else { return }
        guard kind == .directory else {
            throw HoldfastError(
                .unexpectedEntry, "a \(kind) named `\(document.removed)` stands in the way",
                document: document.description, remedy: "move it away")
        }
        if try RemoveTree.remove(document.removed, in: root) { return }
        _ = try Trash(context: context).move(document.removed, from: root, labelled: document.entry)
    }

    /// Moves a document, durably or not at all.
    ///
    /// - Returns: How many flushes it took.
    private func move(
        _ name: EntryName, to newName: EntryName, of document: DocumentName, _ locks: StoreLocks.Held
    ) throws -> Int {
        func rename(_ name: EntryName, to newName: EntryName) throws {
            try context.locks.movingNames(locks, timeout: context.options.lockTimeout) {
                try context.renameWithoutReplacing(name, in: root, to: newName, in: root)
            }
        }
        let moment = context.flushMoment
        var flushes = try context.settleOldGeneration(since: moment)
        try rename(name, to: newName)
        if !context.isDurable { return flushes }
        do throws(SystemCallError) {
            if try context.flushNames(since: moment) { flushes += 1 }
            return flushes
        } catch {
            throw FailedFlush(document: document, error: error).takeBack(in: root, context) {
                do {
                    try rename(newName, to: name)
                    return true
                } catch {
                    _ = context.warn(document, "the rename could not be taken back after a failed flush: \(error)")
                    return false
                }
            }
        }
    }
}
