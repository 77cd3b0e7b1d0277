import FoundationEssentials

/// The commit of a whole next generation: built in `.staging-X`, swapped with `X`, and the previous one removed out of
/// `.old-X`.
final class SwapCommit: Commit {
    /// The document's name after the commit.
    let document: DocumentName
    private let plan: CommitPlan
    private let context: StoreContext
    private let flushing: FlushProtocol
    /// The previous generation; nil for a new document.
    private let old: Directory?
    /// What that was like when the next one was begun.
    private var previous: FileStatus?
    /// What the next generation is like behind the swap.
    private var placed: FileStatus?
    /// The managed files that are new, copies of carried ones among them.
    private var newFiles: Set<KnownDurability.File> = []
    private var staging: Directory?
    /// Whether the document was renamed to `.old-X`, or that was tried.
    private var isAside = false
    /// Files that are written and not flushed yet.
    private var written: [OpenFile] = []
    private var record = CommitRecord()
    private var carried: [EntryName: CarryOver.Entry] = [:]
    /// The managed files among them.
    private var carriedFiles: [EntryName: KnownDurability.File] = [:]
    /// Entries of the previous generation that the next one is not to have.
    private var dropped: [EntryName: FileStatus] = [:]
    private var receipt: Receipt
    private var warnings: [String] = []

    /// Files that are held open between their write and their flush, at most.
    private let openFileLimit: Int

    private let root: Directory
    /// From before the batch's first change.
    private let moment: StoreContext.FlushMoment

    init(
        _ plan: CommitPlan, context: StoreContext, flushing: FlushProtocol, since moment: StoreContext.FlushMoment,
        openFileLimit: Int
    ) {
        self.plan = plan
        self.context = context
        root = context.root
        self.moment = moment
        self.openFileLimit = openFileLimit
        self.flushing = flushing
        document = plan.newName ?? plan.document
        old = plan.directory
        receipt = context.receipt(
            document, plan.newName != nil ? .renamed : old == nil ? .created : .swapped, flushing)
    }

    // MARK: - Step 3: the next generation

    func stage() throws {
        let status = try old?.status()
        previous = status
        if let old, let status, try !CarryOver.canBeEmptied(old, status) {
            throw HoldfastError(
                .cannotCarry, "the document's directory belongs to another user, who lets nobody else change it",
                document: plan.document.description, remedy: "check its owner and its mode")
        }
        // Never more open than the document; the rest of its mode follows when it is full.
        try root.makeDirectory(document.staging, mode: status == nil ? 0o777 : 0o700)
        let staging = try openStaging()
        self.staging = staging
        // First, so that new files get what the document's directory hands down: its group, its default ACL.
        let access = try old.flatMap { old in try status.map { try prepareAccess(of: staging, from: old, $0) } }
        if let old, let status { try carryOver(from: old, to: staging, device: status.identity.device) }
        try add(to: staging)
        for (name, data) in plan.changes.writes.sorted(by: { $0.key < $1.key }) { try write(name, data, to: staging) }
        if let access { try access.pair.setMode(access.mode) }
        try plan.closeCompared()
        try writeRecord()
    }

    /// Gives the staging what the document's directory has, but nobody else's access: that comes when it is full.
    ///
    /// - Returns: The mode that it is to get then.
    private func prepareAccess(
        of staging: Directory, from old: Directory, _ status: FileStatus
    ) throws -> (pair: CopyMetadata.Pair, mode: UInt32) {
        let pair = CopyMetadata.Pair(from: old, to: staging, entry: plan.document.entry)
        let ownership = try CopyMetadata.copyOwnership(pair, status: status)
        if let loss = ownership.loss { warnings.append(loss) }
        // With set-group-ID, files get the directory's group (inode(7)); an ACL's other entries get nothing for now (acl(5)).
        let closed = 0o700 | ownership.mode & 0o2000
        if ownership.present != closed { try pair.setMode(closed) }
        return (pair, ownership.mode)
    }

    private func openStaging() throws(SystemCallError) -> Directory {
        do {
            return try Directory(document.staging, in: root)
        } catch {
            // Out of descriptors, maybe: the directory was only just made.
            do { try root.removeDirectory(document.staging) } catch {
                warnings.append("what was staged could not be removed (\(error)); the next recovery does it")
            }
            throw error
        }
    }

    private func carryOver(from old: Directory, to staging: Directory, device: UInt64) throws {
        var carryOver = CarryOver(document: document, context: context, device: device, flushing: flushing)
        // Not `.once`: it was opened before the update's body, and btrfs lists what was there then (readdir(3) leaves that
        // open).
        for (name, kind) in try old.entries() where !isDeletedButOpen(name) {
            if let status = try replacement(of: name, kind, in: old) {
                if status.isFixed {
                    throw HoldfastError.cannotCarry(
                        name.description, document: document.description, CarryOver.fixed, errno: nil)
                }
                dropped[name] = status
            } else {
                let entry = try carryOver.carry(name, kind: kind, from: old, to: staging, path: name.description)
                carried[name] = entry
                if let entry, context.isManaged(name, entry.status.kind) {
                    carriedFiles[name] = KnownDurability.File(entry.status)
                    if !entry.isLinked, flushing != .none {
                        newFiles.insert(KnownDurability.File(try staging.status(of: name)))
                    }
                }
            }
        }
        receipt.carryOver = carryOver.result
        receipt.flushes += carryOver.flushes
        warnings += carryOver.losses
    }

    /// Whether an entry of the previous generation is left behind.
    ///
    /// - Returns: What the entry was like when that was decided; nil where it is carried over.
    private func replacement(
        of name: EntryName, _ kind: EntryKind, in old: Directory
    ) throws -> FileStatus? {
        if context.isOrphan(name, kind) { return try old.statusIfPresent(of: name) }
        if kind == .file, plan.changes.writes[name] != nil || plan.changes.removals.contains(name) {
            if plan.missing.contains(name) { throw HoldfastError.changedMeanwhile(name.description) }
            return try plan.files[name]?.status ?? plan.compared[name]?.status ?? old.statusIfPresent(of: name)
        }
        guard let decided = plan.changes.unmanagedRemovals[name] else { return nil }
        if let now = try old.statusIfPresent(of: name), decided.isUntouched(now) {
            if kind == .directory { try checkRemovable(Directory(name, in: old), path: name.description) }
            record.settled.insert(CommitRecord.Entry(name, decided))
            return decided
        }
        warnings.append("`\(name)` was changed after the update had decided to remove it; it stays")
        return nil
    }

    /// Throws where a folder that is to go can't: its generation would stay, and keep the document from being saved again.
    private func checkRemovable(_ directory: Directory, path: String) throws {
        guard try CarryOver.canBeEmptied(directory, directory.status()) else {
            throw HoldfastError.cannotCarry(path, document: document.description, CarryOver.anothers)
        }
        for (name, kind) in try directory.entries(.once) {
            guard let status = try directory.statusIfPresent(of: name) else { continue }
            let path = "\(path)/\(name)"
            if status.isFixed || status.isMountPoint {
                throw HoldfastError.cannotCarry(
                    path, document: document.description,
                    status.isFixed ? CarryOver.fixed : "something is mounted on it")
            }
            let level = Nesting.level(of: path)
            if kind == .directory, level <= Nesting.most {
                try Nesting.enter(level: level) { try checkRemovable(Directory(name, in: directory), path: path) }
            }
        }
    }

    private func add(to staging: Directory) throws {
        for (name, path) in plan.changes.additions.sorted(by: { $0.key < $1.key }) {
            let source = try OutsideEntry(path, on: root.fileSystem)
            var copying = CarryOver(
                document: document, context: context, device: source.status.identity.device, flushing: flushing,
                copying: path)
            let added = try copying.carry(
                source.name, as: name, kind: source.status.kind, from: source.parent, to: staging,
                path: name.description)
            if added == nil { throw SystemCallError(.statx, .notFound, entry: source.name) }
            receipt.flushes += copying.flushes
            warnings += copying.losses
            receipt.files.append(
                Receipt.File(name: name.description, change: .added, bytes: copying.result.bytesCopied))
            if old != nil { record.settled.insert(CommitRecord.Entry(name, try staging.status(of: name))) }
        }
    }

    private func write(_ name: EntryName, _ data: Data, to staging: Directory) throws {
        let existing = try plan.compared[name] ?? old?.openFileIfPresent(name)
        // Beside a document nobody else reaches it: the staging is this process's alone until it is full.
        let file = try staging.create(name, mode: existing.map { $0.status.mode & 0o777 } ?? 0o666)
        try file.writeAll(data)
        if let existing {
            let pair = CopyMetadata.Pair(from: existing.file, to: file, entry: name)
            if let loss = try CopyMetadata.copyAccess(pair, status: existing.status) { warnings.append(loss) }
        }
        if flushing != .none { newFiles.insert(KnownDurability.File(try file.status())) }
        receipt.files.append(Receipt.File(name: name.description, change: .written, bytes: Int64(data.count)))
        receipt.bytesWritten += Int64(data.count)
        if flushing.isByFile {
            // The device works on it while the next file is written.
            try flushing.start(file)
            written.append(file)
            if written.count == openFileLimit { try flushWritten() }
        } else {
            try file.close()
        }
    }

    private func writeRecord() throws {
        if !plan.changes.removals.isEmpty, plan.changes.writes.isEmpty, carriedFiles.isEmpty {
            // No managed file is left: recovery is not to take that for a loss.
            for (name, status) in dropped { record.settled.insert(CommitRecord.Entry(name, status)) }
        }
        if plan.newName != nil, let previous {
            record.origin = CommitRecord.Origin(document: plan.document, inode: previous.identity.inode)
        }
        let unmanaged = plan.changes.unmanagedRemovals.keys.filter { dropped[$0] != nil }
        for name in plan.changes.removals.union(unmanaged).sorted() {
            receipt.files.append(Receipt.File(name: name.description, change: .removed, bytes: 0))
        }
        if record.isEmpty { return }
        let file = try root.create(document.record, mode: 0o600)
        try file.writeAll(record.data)
        if flushing.isByFile { written.append(file) } else { try file.close() }
    }

    // MARK: - Step 4: durable before the swap

    func flush() throws {
        guard flushing.isByFile else { return }
        try flushWritten()
        if flushing == .eachFile, let staging {
            try staging.flush()
            receipt.flushes += 1
        }
        if let staging {
            receipt.flushes += try context.settle(linkedFiles, of: plan.document, in: staging, flushing, since: moment)
        }
        if record.isEmpty { return }
        // The record tells dropped entries by size and time, which must be as durable as the record is.
        for name in plan.changes.unmanagedRemovals.keys.sorted() where dropped[name]?.kind == .file {
            guard let file = try old?.openFileIfPresent(name)?.file else { continue }
            try file.flush()
            receipt.flushes += 1
        }
        if flushing == .eachFile, try context.flushNames(since: moment) { receipt.flushes += 1 }
    }

    /// The managed files that both generations have.
    private var linkedFiles: [EntryName: KnownDurability.File] {
        carriedFiles.filter { carried[$0.key]?.isLinked == true }
    }

    private func flushWritten() throws {
        for file in written {
            receipt.flushes += try flushing.settle(file)
            try file.close()
        }
        written.removeAll()
    }

    // MARK: - Step 5: the swap

    func swap(_ locks: StoreLocks.Held) throws {
        try context.locks.movingNames(locks, timeout: context.options.lockTimeout) {
            // As late as can be: the lock may have taken its time.
            if let old, let previous, let staging {
                let now = try context.checkPlace(of: plan.document, previous.identity)
                var withdrawal = Withdrawal(context: context, flushing: flushing)
                defer {
                    receipt.reconciled += withdrawal.actions
                    receipt.flushes += withdrawal.flushes
                }
                try withdrawal.withdraw(&carried, from: staging, goneFrom: old, (before: previous, now: now), path: "")
            }
            receipt.method = try swapNames()
        }
        placed = staging.flatMap(context.look)
    }

    private func swapNames() throws -> Receipt.Method {
        guard old != nil else {
            try context.renameWithoutReplacing(document.staging, in: root, to: document.entry, in: root)
            return .rename
        }
        if plan.newName == nil, context.capabilities.has(.exchange), try exchange() { return .exchange }
        isAside = true
        try context.renameWithoutReplacing(plan.document.entry, in: root, to: document.old, in: root)
        do {
            try context.renameWithoutReplacing(document.staging, in: root, to: document.entry, in: root)
        } catch {
            takeBack(document.old, to: plan.document.entry)
            throw error
        }
        return .twoRenames
    }

    /// Exchanges both generations; at no moment is there no document.
    ///
    /// - Returns: Whether the file system can.
    private func exchange() throws -> Bool {
        try context.renameWithoutReplacing(document.staging, in: root, to: document.old, in: root)
        do {
            try root.rename(document.old, to: document.entry, .exchange)
            return true
        } catch {
            takeBack(document.old, to: document.staging)
            guard context.capabilities.isRefusal(error, of: .exchange) else { throw error }
            return false
        }
    }

    /// Takes the first of two renames back, after the second has failed; what stops that is left to recovery.
    private func takeBack(_ name: EntryName, to former: EntryName) {
        do {
            try context.renameWithoutReplacing(name, in: root, to: former, in: root)
        } catch {
            warnings.append("`\(name)` could not be renamed back to `\(former)` (\(error)); the next recovery does it")
        }
    }

    // MARK: - Step 6: the swap is durable

    var namesDirectory: Directory { root }

    var isNameDoubtful: Bool { false }

    func undo(_ locks: StoreLocks.Held) -> Bool {
        do {
            try context.locks.movingNames(locks, timeout: context.options.lockTimeout) {
                switch receipt.method {
                case .exchange:
                    try root.rename(document.old, to: document.entry, .exchange)
                    if !undoneIsReconciled { try root.rename(document.old, to: document.staging) }
                case .twoRenames:
                    try context.renameWithoutReplacing(document.entry, in: root, to: document.staging, in: root)
                    try context.renameWithoutReplacing(document.old, in: root, to: plan.document.entry, in: root)
                    if undoneIsReconciled {
                        try context.renameWithoutReplacing(document.staging, in: root, to: document.old, in: root)
                    }
                case .rename, .none:
                    try context.renameWithoutReplacing(document.entry, in: root, to: document.staging, in: root)
                }
            }
            rescueArrivals()
            return true
        } catch {
            _ = context.warn(document, "the swap could not be taken back after a failed flush: \(error)")
            return false
        }
    }

    /// Moves into the trash what somebody has put into a generation that is `.staging-X` again, and that nothing reconciles.
    private func rescueArrivals() {
        do {
            guard let staging,
                try root.statusIfPresent(of: document.staging)?.identity == staging.status().identity
            else { return }
            let own = Set(plan.changes.writes.keys).union(plan.changes.additions.keys)
            try Arrivals(document: document, context: context).rescue(from: staging, besides: carried, own, path: "")
        } catch {
            _ = context.warn(
                document,
                "what was put there before the save was taken back could not be moved to the trash (\(error)); the next "
                    + "recovery removes it with `\(document.staging)`")
        }
    }

    /// Whether the generation that was taken back stays as `.old-X`: a person may have saved something in it while the flush
    /// took its time, which recovery brings into `X` then.
    ///
    /// Not so where `X` has no managed file, which recovery would take out of `.old-X`, nor where it has another name.
    private var undoneIsReconciled: Bool {
        plan.newName == nil
            && (!carriedFiles.isEmpty || dropped.contains { context.isManaged($0.key, $0.value.kind) })
    }

    // MARK: - Durable: the receipt, and step 7

    func doubtUnsettled() {
        let known = context.durability.files(of: plan.document)
        context.durability.doubt(linkedFiles.values.filter { !known.contains($0) }.map(\.identity))
    }

    func doubt() {
        // The generation that stands there now, whichever that is.
        context.durability.doubt(newFiles.map(\.identity) + [previous, placed].compactMap { $0?.identity })
        // Of the files that both have it was the flush, too.
        if flushing == .orderedJournal { doubtUnsettled() }
    }

    func finish(sharedFlushes: Int) -> Receipt {
        if flushing != .none {
            if plan.newName != nil { context.durability.rename(plan.document, to: document) }
            if let placed {
                let isWhole = context.durability.note(
                    document, placed, written: newFiles, untouched: linkedFiles.values)
                if !isWhole { receipt.lowerForDoubt() }
            } else {
                context.durability.forget(document)
            }
        }
        receipt.flushes += sharedFlushes
        receipt.warnings += warnings.map { context.warn(document, $0) }
        return receipt
    }

    var cleanup: SwapCleanup? {
        var generations: SwapCleanup.Generations?
        if let old, let previous, let staging {
            generations = SwapCleanup.Generations(old: old, previous: previous, new: staging)
        }
        if generations == nil, record.isEmpty { return nil }
        return SwapCleanup(
            document: document, context: context, flushing: flushing, generations: generations, carried: carried,
            dropped: dropped, hasRecord: !record.isEmpty)
    }

    func abandon() -> Bool {
        written.removeAll()
        var isAbandoned = true
        do {
            if isAside, record.origin != nil {
                // With the previous generation aside, recovery takes the staging for whole, and goes on.
                isAbandoned = false
                if try root.statusIfPresent(of: document.old) != nil {
                    throw HoldfastError(.conflict, "the previous generation stands aside in `\(document.old)`")
                }
                // What was renamed back is there before the staging is not whole any more.
                if context.isDurable { try context.flushNames(since: context.flushMoment) }
                isAbandoned = true
            }
            if record.origin != nil {
                // Before the staging, as in recovery: without that, it would tell of a rename that was made.
                try removeRecord()
                if context.isDurable { try context.flushNames(since: context.flushMoment) }
            }
            try removeStaging()
            if record.origin == nil { try removeRecord() }
        } catch {
            warnings.append(
                isAbandoned
                    ? "what was staged could not be removed (\(error)); the next recovery does it"
                    : "the document is between two names (\(error)); the next recovery ends that")
        }
        for warning in warnings { _ = context.warn(document, warning) }
        return isAbandoned
    }

    /// Removes the record, unless a previous generation is aside: recovery needs it to know what that is.
    private func removeRecord() throws {
        guard !record.isEmpty, try root.statusIfPresent(of: document.old) == nil,
            try root.statusIfPresent(of: document.record)?.kind == .file
        else { return }
        try root.removeFile(document.record)
    }

    private func removeStaging() throws {
        guard let staging else { return }
        let identity = try staging.status().identity
        self.staging = nil
        // An exchange that failed, and could not be prepared back, leaves it under the other name.
        for name in [document.staging, document.old]
        where try root.statusIfPresent(of: name)?.identity == identity {
            _ = try RemoveTree.remove(name, in: root)
        }
    }
}
