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

    /// A commit on its way.
    ///
    /// Its commit is used by one thread at a time, which is all that it asks for: `parallelMap` gives each element to one
    /// thread, and has joined them all when it returns; every other step is the caller's thread's own.
    private struct Underway: @unchecked Sendable {
        let index: Int
        let commit: any Commit
    }

    /// From so many commits on, what takes processor time is done on all cores: it takes some hundred microseconds each.
    private static let parallelFrom = 4

    /// Files that a batch holds open between their write and their flush.
    private static let openFileLimit = 256

    private let context: StoreContext
    private let locks: StoreLocks.Held
    private let flushing: FlushProtocol
    private var states: [State]
    private var sharedFlushes = 0
    /// From before the first change.
    private let moment: StoreContext.FlushMoment

    private var underway: [Underway] {
        states.indices.compactMap {
            if case .underway(let commit) = states[$0] { Underway(index: $0, commit: commit) } else { nil }
        }
    }

    init(_ plans: [CommitPlan], _ context: StoreContext, _ locks: StoreLocks.Held, _ flushing: FlushProtocol) {
        self.context = context
        self.locks = locks
        self.flushing = flushing
        let moment = context.flushMoment
        self.moment = moment
        // What all of them hold open together is bounded, beside the directories of each.
        let openFileLimit = max(1, min(64, Self.openFileLimit / max(1, plans.count)))
        states = plans.map { plan in
            switch (plan.shape, plan.directory) {
            case (.unchanged, _):
                .done(Self.unchanged(plan, context, moment))
            case (.replaceFile(let name), let directory?):
                .underway(
                    FileCommit(
                        plan, replacing: name, in: directory, context: context, flushing: flushing, since: moment))
            case (.replaceFile, nil), (.nextGeneration, _):
                .underway(
                    SwapCommit(
                        plan, context: context, flushing: flushing, since: moment, openFileLimit: openFileLimit))
            }
        }
    }

    private static func unchanged(
        _ plan: CommitPlan, _ context: StoreContext, _ moment: StoreContext.FlushMoment
    ) -> Result<Receipt, HoldfastError> {
        var receipt = context.receipt(plan.document, .unchanged)
        guard receipt.durability == .powerLoss, let directory = plan.directory else { return .success(receipt) }
        do {
            try settle(plan, directory, context, moment, &receipt)
            return .success(receipt)
        } catch {
            return .failure(
                HoldfastError.wrapping(
                    error, document: plan.document.description,
                    while: "nothing had changed, but it could not be made sure of that it is durable"))
        }
    }

    /// Makes durable what was found in place as it is to be, once for each document that this store has not saved itself, or
    /// that others have changed since.
    private static func settle(
        _ plan: CommitPlan, _ directory: Directory, _ context: StoreContext, _ moment: StoreContext.FlushMoment,
        _ receipt: inout Receipt
    ) throws {
        let status = try directory.status()
        if context.durability.isDoubtful(status.identity) { return receipt.lowerForDoubt() }
        if context.durability.holds(plan.document, status, plan.found) { return }
        receipt.flushProtocol = .eachFile
        let files = try context.managedFiles(in: directory)
        receipt.flushes = try context.settle(files, of: plan.document, in: directory, .eachFile, since: moment) + 1
        try context.doubting([status.identity]) {
            try directory.flush()
            if try context.flushNames(since: moment) { receipt.flushes += 1 }
        }
        if !context.durability.note(plan.document, status, written: [], untouched: files.values) {
            receipt.lowerForDoubt()
        }
    }

    /// Does a step for each commit that is still under way; one that fails is over.
    private mutating func step(_ body: (any Commit) throws -> Void) {
        for turn in underway {
            do {
                try body(turn.commit)
            } catch {
                abandon(turn.index, turn.commit, error)
            }
        }
    }

    /// Calls a body for each commit that is still under way, for many on all cores.
    private func onAllCores<Result: Sendable>(
        _ body: @escaping @Sendable (any Commit) -> Result
    ) -> [(turn: Underway, result: Result)] {
        let turns = underway
        let width = turns.count < Self.parallelFrom ? 1 : context.parallelism
        return Array(zip(turns, parallelMap(turns, width: width) { body($0.commit) }))
    }

    private mutating func abandon(_ index: Int, _ commit: any Commit, _ error: any Error) {
        let isAbandoned = commit.abandon()
        var failure = HoldfastError.wrapping(
            error, document: commit.document.description,
            while: isAbandoned
                ? "the save failed, and nothing was saved"
                : "the save failed between its two renames; the next recovery goes on, or back")
        if !isAbandoned { failure.code = .durabilityUnknown }
        states[index] = .done(.failure(failure))
    }

    // Step 3.
    mutating func stage() {
        let failures = onAllCores { commit -> (any Error)? in
            do {
                try commit.stage()
                return nil
            } catch {
                return error
            }
        }
        for case (let turn, let error?) in failures { abandon(turn.index, turn.commit, error) }
    }

    // Step 4.
    mutating func flush() {
        switch flushing {
        case .none, .eachFile, .orderedJournal: step { try $0.flush() }
        case .wholeFileSystem:
            if underway.isEmpty { return }
            do {
                if try context.flushFileSystem(since: moment) { sharedFlushes += 1 }
            } catch {
                for turn in underway { turn.commit.doubtUnsettled() }
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
        case .orderedJournal:
            // In one journal, what changed last takes with it all that changed before.
            if let last = underway.last?.commit.namesDirectory { flushNames(in: last, underway) }
            return
        case .eachFile, .wholeFileSystem: break
        }
        var groups: [(directory: Directory, commits: [Underway])] = []
        var places: [ObjectIdentifier: Int] = [:]
        func add(_ turn: Underway, to directory: Directory) {
            let place = places[ObjectIdentifier(directory), default: groups.count]
            if place == groups.count { groups.append((directory, [])) }
            places[ObjectIdentifier(directory)] = place
            groups[place].commits.append(turn)
        }
        for turn in underway {
            add(turn, to: turn.commit.namesDirectory)
            if turn.commit.isNameDoubtful { add(turn, to: context.root) }
        }
        if flushing == .wholeFileSystem, groups.contains(where: { $0.directory !== context.root }) {
            let (context, moment) = (context, moment)
            flush(underway) { () throws(SystemCallError) in try context.flushFileSystem(since: moment) }
        } else {
            for (directory, commits) in groups where commits.contains(where: isUnderway) {
                flushNames(in: directory, commits)
            }
        }
    }

    private func isUnderway(_ turn: Underway) -> Bool {
        if case .underway = states[turn.index] { true } else { false }
    }

    private mutating func flushNames(in directory: Directory, _ commits: [Underway]) {
        let (context, moment) = (context, moment)
        flush(commits) { () throws(SystemCallError) in try context.flushNames(in: directory, since: moment) }
    }

    /// The body flushes, and returns whether it made a flush of its own.
    private mutating func flush(_ commits: [Underway], _ body: () throws(SystemCallError) -> Bool) {
        do {
            if try body() { sharedFlushes += 1 }
        } catch {
            for turn in commits {
                guard case .underway(let commit) = states[turn.index] else { continue }
                commit.doubt()
                let failure = FailedFlush(document: commit.document, error: error)
                let told = failure.takeBack(in: commit.namesDirectory, context) { commit.undo(locks) }
                states[turn.index] = .done(.failure(told))
            }
        }
    }

    // Step 7.
    mutating func finish() -> [Result<Receipt, HoldfastError>] {
        // One for each commit that is under way, in their order.
        var outcomes = (leaveCleanup() ? [] : onAllCores { $0.cleanup?.run() }).makeIterator()
        return states.map { state in
            switch state {
            case .done(let result): return result
            case .underway(let commit):
                var receipt = commit.finish(sharedFlushes: sharedFlushes)
                sharedFlushes = 0
                if let outcome = outcomes.next()?.result {
                    receipt.reconciled += outcome.reconciled
                    receipt.flushes += outcome.flushes
                    receipt.warnings += outcome.warnings.map { context.warn(commit.document, $0) }
                }
                return .success(receipt)
            }
        }
    }

    /// - Returns: Whether another thread does step 7, behind the return.
    private func leaveCleanup() -> Bool {
        guard let backgroundCleanup = context.backgroundCleanup else { return false }
        let cleanups = underway.compactMap(\.commit.cleanup)
        if cleanups.isEmpty { return true }
        return backgroundCleanup.add(locks) {
            cleanups.flatMap { cleanup -> [StoreEvent] in
                let document = cleanup.document.description
                let outcome = cleanup.run()
                return outcome.warnings.map { .warning(Warning(document: document, message: $0)) }
                    + (outcome.reconciled.isEmpty ? [] : [.reconciled(document: document, outcome.reconciled)])
            }
        }
    }
}
