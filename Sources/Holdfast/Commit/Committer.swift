/// Carries out commits, step by step, side by side: what can be shared between documents is done once.
struct Committer {
    let context: StoreContext

    /// Commits planned changes, each document's by itself.
    ///
    /// - Returns: One result a plan, in order.
    func commit(_ plans: [CommitPlan], _ locks: StoreLocks.Held) -> [Result<Receipt, HoldfastError>] {
        let changed = plans.count { if case .unchanged = $0.shape { false } else { true } }
        // What other threads save is as good as a part of the batch: they share its flushes.
        let underway = context.documentsUnderway.add(changed, ordering: .relaxed).newValue
        defer { context.documentsUnderway.subtract(changed, ordering: .relaxed) }
        var batch = Batch(plans, context, locks, context.flushProtocol(documents: underway))
        batch.stage()
        batch.flush()
        batch.swap()
        batch.flushNames()
        return batch.finish()
    }
}

/// The commits of one batch, and what became of each.
private struct Batch {
    private enum State {
        case underway(any Commit)
        case done(Result<Receipt, HoldfastError>)
    }

    private let context: StoreContext
    private let locks: StoreLocks.Held
    private let flushing: FlushProtocol
    private var states: [State]
    private var sharedFlushes = 0
    /// From before the first change.
    private let moment: StoreContext.FlushMoment

    init(_ plans: [CommitPlan], _ context: StoreContext, _ locks: StoreLocks.Held, _ flushing: FlushProtocol) {
        self.context = context
        self.locks = locks
        self.flushing = flushing
        moment = context.flushMoment
        states = plans.map { plan in
            switch (plan.shape, plan.directory) {
            case (.unchanged, _):
                .done(.success(context.receipt(plan.document, .unchanged)))
            case (.replaceFile(let name), let directory?):
                .underway(FileCommit(plan, replacing: name, in: directory, context: context, flushing: flushing))
            case (.replaceFile, nil), (.nextGeneration, _):
                .underway(SwapCommit(plan, context: context, flushing: flushing))
            }
        }
    }

    /// Does a step for each commit that is still under way; one that fails is over.
    private mutating func step(_ body: (any Commit) throws -> Void) {
        for index in states.indices {
            guard case .underway(let commit) = states[index] else { continue }
            do {
                try body(commit)
            } catch {
                abandon(index, commit, error)
            }
        }
    }

    private mutating func abandon(_ index: Int, _ commit: any Commit, _ error: any Error) {
        commit.abandon()
        states[index] = .done(
            .failure(
                .wrapping(error, document: commit.document.description, while: "the save failed, and nothing was saved")
            ))
    }

    // Step 3.
    mutating func stage() { step { try $0.stage() } }

    // Step 4.
    mutating func flush() {
        switch flushing {
        case .none, .eachFile, .orderedJournal: step { try $0.flush() }
        case .wholeFileSystem:
            guard states.contains(where: { if case .underway = $0 { true } else { false } }) else { return }
            do {
                if try context.flushFileSystem(since: moment) { sharedFlushes += 1 }
            } catch {
                step { _ in throw error }
            }
        }
    }

    // Step 5.
    mutating func swap() {
        let locks = locks
        step { try $0.swap(locks) }
    }

    // Step 6.
    mutating func flushNames() {
        switch flushing {
        case .none: return
        case .orderedJournal: return flushLastNames()
        case .eachFile, .wholeFileSystem: break
        }
        var directories: [ObjectIdentifier: (directory: Directory, commits: [Int])] = [:]
        for (index, state) in states.enumerated() {
            guard case .underway(let commit) = state else { continue }
            let directory = commit.namesDirectory
            directories[ObjectIdentifier(directory), default: (directory, [])].commits.append(index)
        }
        if flushing == .wholeFileSystem, directories.values.contains(where: { $0.directory !== context.root }) {
            let (context, moment) = (context, moment)
            flush(directories.values.flatMap(\.commits).sorted()) { () throws(SystemCallError) in
                try context.flushFileSystem(since: moment)
            }
        } else {
            for (directory, commits) in directories.values.sorted(by: { $0.commits[0] < $1.commits[0] }) {
                flushNames(in: directory, commits)
            }
        }
    }

    /// In one journal, what changed last takes with it all that changed before.
    private mutating func flushLastNames() {
        var last: Directory?
        var commits: [Int] = []
        for (index, state) in states.enumerated() {
            guard case .underway(let commit) = state else { continue }
            last = commit.namesDirectory
            commits.append(index)
        }
        guard let last else { return }
        flushNames(in: last, commits)
    }

    private mutating func flushNames(in directory: Directory, _ indices: [Int]) {
        let (context, moment) = (context, moment)
        flush(indices) { () throws(SystemCallError) in
            // The store's own directory is what other threads flush at the same moment.
            if directory === context.root { return try context.flushNames(since: moment) }
            try directory.flush()
            return true
        }
    }

    /// The body flushes, and returns whether it made a flush of its own.
    private mutating func flush(_ indices: [Int], _ body: () throws(SystemCallError) -> Bool) {
        do {
            if try body() { sharedFlushes += 1 }
        } catch {
            for index in indices {
                guard case .underway(let commit) = states[index] else { continue }
                let failure = FailedFlush(document: commit.document, error: error)
                let told = failure.takeBack {
                    commit.undo(locks)
                } flush: { () throws(SystemCallError) in
                    if commit.namesDirectory === context.root {
                        try context.flushNames(since: context.flushMoment)
                    } else {
                        try commit.namesDirectory.flush()
                    }
                }
                states[index] = .done(.failure(told))
            }
        }
    }

    // Step 7.
    mutating func finish() -> [Result<Receipt, HoldfastError>] {
        let isLeft = leaveCleanup()
        return states.map { state in
            switch state {
            case .done(let result): return result
            case .underway(let commit):
                var receipt = commit.finish(sharedFlushes: sharedFlushes)
                sharedFlushes = 0
                if !isLeft, let outcome = commit.cleanup?.run() {
                    receipt.reconciled = outcome.reconciled
                    receipt.flushes += outcome.flushes
                    receipt.warnings += outcome.warnings.map { context.warn(commit.document, $0) }
                }
                return .success(receipt)
            }
        }
    }

    /// - Returns: Whether another thread does step 7, behind the return.
    private func leaveCleanup() -> Bool {
        guard context.options.cleanup == .inBackground else { return false }
        let cleanups = states.compactMap { if case .underway(let commit) = $0 { commit.cleanup } else { nil } }
        if cleanups.isEmpty { return true }
        return context.backgroundCleanup.add(locks) {
            cleanups.flatMap { cleanup -> [StoreEvent] in
                let document = cleanup.document.description
                let outcome = cleanup.run()
                return outcome.warnings.map { .warning(Warning(document: document, message: $0)) }
                    + (outcome.reconciled.isEmpty ? [] : [.reconciled(document: document, outcome.reconciled)])
            }
        }
    }
}
