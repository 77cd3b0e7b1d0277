/// Step 7 of a commit by swap: the old generation goes.
struct SwapCleanup: Sendable {
    let document: DocumentName
    let context: StoreContext
    let flushing: FlushProtocol
    struct Generations {
        let old: Directory
        /// What the old one was like before the swap.
        let previous: FileStatus
        let new: Directory
    }

    /// The previous generation, and the one that came in its place; nil for a new document.
    let generations: Generations?
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
            if let generations {
                try reconcile(generations, &outcome)
                try OldGeneration(document: document, context: context)
                    .removeEmptied(generations.old, named: document.old)
            }
            try removeRecord(&outcome, moment)
        } catch {
            outcome.warnings.append(
                "the previous generation could not be removed (\(error)); the next recovery goes on")
        }
        return outcome
    }

    private func reconcile(_ generations: Generations, _ outcome: inout Outcome) throws {
        let (old, new) = (generations.old, generations.new)
        var reconciler = Reconciler(
            document: document, context: context, flushing: flushing == .none ? .never : .ifChanged)
        defer {
            outcome.reconciled = reconciler.actions
            outcome.warnings += reconciler.warnings
        }
        // Somebody may have moved the document away and put another in its place, in the last moment before the swap.
        let now = try old.status()
        let standing = try context.root.statusIfPresent(of: document.old)
        guard standing?.identity == now.identity else {
            if standing == nil { throw HoldfastError(.conflict, "somebody has taken away `\(document.old)`") }
            // Recovery would take it for a generation of this document, and delete its managed files.
            let place = try Trash(context: context).move(document.old, from: context.root, labelled: document.entry)
            throw HoldfastError(
                .conflict, "`\(document.old)` was not the generation that was replaced; it is `\(place)` now")
        }
        let before = generations.previous
        if (now.mode, now.user, now.group) != (before.mode, before.user, before.group) {
            // Closed to others meanwhile, maybe.
            let loss = try CopyMetadata.copyAccess(
                CopyMetadata.Pair(from: old, to: new, entry: document.entry), status: now)
            if let loss { outcome.warnings.append(loss) }
        }
        try old.makeWritable(now)
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
