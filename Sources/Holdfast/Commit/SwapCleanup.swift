/// Step 7 of a commit by swap: the old generation goes.
struct SwapCleanup: Sendable {
    let document: DocumentName
    let context: StoreContext
    let flushing: FlushProtocol
    /// The previous generation, and the one that came in its place; nil for a new document.
    let generations: (old: Directory, new: Directory)?
    let carried: [EntryName: CarryOver.Entry]
    /// Entries of the previous generation that the next one is not to have.
    let dropped: [EntryName: FileStatus]
    let hasRecord: Bool

    /// What was done.
    struct Outcome {
        var reconciled: [Receipt.Reconciliation] = []
        var flushes = 0
        var warnings: [String] = []
    }

    /// Removes what is old.
    ///
    /// It can't fail: the commit is in place and durable. What it could not do is among the warnings.
    func run() -> Outcome {
        var outcome = Outcome()
        let moment = context.flushMoment
        do {
            if let (old, new) = generations {
                try reconcile(old, into: new, &outcome)
                try OldGeneration(document: document, context: context).removeEmptied(old, named: document.old)
            }
            try removeRecord(&outcome, moment)
        } catch {
            outcome.warnings.append(
                "the previous generation could not be removed (\(error)); the next recovery goes on")
        }
        return outcome
    }

    private func reconcile(_ old: Directory, into new: Directory, _ outcome: inout Outcome) throws {
        var reconciler = Reconciler(
            document: document, context: context, flushing: flushing == .none ? .never : .ifChanged)
        defer {
            outcome.reconciled = reconciler.actions
            outcome.warnings = reconciler.warnings
        }
        try old.makeWritable()
        try reconciler.drain(old, into: new, carried: carried, dropped: dropped, path: "")
    }

    private func removeRecord(_ outcome: inout Outcome, _ moment: StoreContext.FlushMoment) throws {
        if !hasRecord { return }
        // In this order also on the device: an old generation without its record would bring back what was dropped.
        switch flushing {
        case .eachFile, .wholeFileSystem:
            if try context.flushNames(since: moment) { outcome.flushes += 1 }
        case .none, .orderedJournal: break
        }
        try context.root.removeFile(document.record)
    }
}
