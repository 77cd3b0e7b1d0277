/// Carries out a ``RecoveryPlan``, under the document's lock.
struct Recoverer {
    let context: StoreContext
    /// From before the first look: a flush that fails from then on may have lost what is recovered.
    private let moment: StoreContext.FlushMoment

    init(context: StoreContext) {
        self.context = context
        moment = context.flushMoment
    }

    private var root: Directory { context.root }

    /// Whether a document has any remnant beside it, at the cost of four look-ups.
    func hasRemnants(_ document: DocumentName) throws(SystemCallError) -> Bool {
        for name in [document.staging, document.old, document.removed, document.record]
        where try root.statusIfPresent(of: name) != nil {
            return true
        }
        return false
    }

    /// Recovers a document.
    ///
    /// - Parameters:
    ///   - document: The document.
    ///   - locks: The locks that the caller holds, its own among them; nil to take it here, without waiting.
    ///   - locked: Which documents' locks these are.
    ///   - isDryRun: Whether nothing is changed.
    /// - Returns: What was found and done; nil where there was nothing.
    func recover(
        _ document: DocumentName, locks: StoreLocks.Held? = nil, locked: [DocumentName] = [], isDryRun: Bool = false
    ) -> RecoveryReport.Document? {
        attempt(document, locks: locks, locked: locked, isDryRun: isDryRun)?.report
    }

    /// Recovers a document, as ``recover(_:locks:locked:isDryRun:)`` does.
    ///
    /// - Returns: The report, and the error whose text it has.
    func attempt(
        _ document: DocumentName, locks: StoreLocks.Held?, locked: [DocumentName], isDryRun: Bool = false
    ) -> (report: RecoveryReport.Document, error: HoldfastError?)? {
        var report = RecoveryReport.Document(name: document.description, found: [], actions: [])
        do {
            let seen = try look(document)
            if let seen {
                note(seen, document, &report)
                if report.found.isEmpty { return nil }
                if case .unexpected(let kind) = seen.live {
                    report.failure = "a \(kind) stands where the document's directory should be; nothing was touched"
                }
                if report.actions.isEmpty || isDryRun { return (report, nil) }
            } else if isDryRun {
                report.skipped = "a writer is at work on the document"
                return (report, nil)
            }
            var origin = seen?.commitRecord?.origin?.document
            var own = try lock(document, origin, besides: locks == nil ? nil : locked)
            defer { own?.release() }
            // Only now nobody else changes it.
            var remnants = try Remnants(of: document, in: context)
            while let present = remnants.commitRecord?.origin?.document, present != origin {
                // The record came between the look and the lock.
                own?.release()
                origin = present
                own = try lock(document, origin, besides: locks == nil ? nil : locked)
                remnants = try Remnants(of: document, in: context)
            }
            guard let held = locks ?? own else { return nil }
            note(remnants, document, &report)
            if report.found.isEmpty { return nil }
            try apply(report.actions, to: document, remnants, held, &report)
        } catch let error as HoldfastError where error.code == .lockTimeout {
            report.skipped = "a writer holds the document's lock"
        } catch {
            var failure = HoldfastError.wrapping(error, document: document.description)
            // The report names the document already.
            failure.document = nil
            report.failure = failure.description
            return (report, failure)
        }
        return (report, nil)
    }

    /// Looks at a document without its lock.
    ///
    /// - Returns: What was seen; nil where a writer was moving it.
    private func look(_ document: DocumentName) throws -> Remnants? {
        do {
            return try Remnants(of: document, in: context)
        } catch let error as SystemCallError where error.errno == .notFound || error.errno == .notADirectory {
            return nil
        }
    }

    private func note(_ remnants: Remnants, _ document: DocumentName, _ report: inout RecoveryReport.Document) {
        report.found = found(remnants, document)
        report.actions = RecoveryPlan.actions(for: remnants)
    }

    /// Takes the locks that the caller does not hold, without waiting.
    private func lock(
        _ document: DocumentName, _ origin: DocumentName?, besides locked: [DocumentName]?
    ) throws -> StoreLocks.Held? {
        var wanted = locked == nil ? [document] : []
        if let origin, locked?.contains(where: { $0.lockRange == origin.lockRange }) != true { wanted.append(origin) }
        return wanted.isEmpty ? nil : try context.lock(wanted, timeout: .zero)
    }

    private func found(_ remnants: Remnants, _ document: DocumentName) -> [String] {
        var names: [EntryName] = []
        if remnants.staging == .directory { names.append(document.staging) }
        if remnants.old == .directory { names.append(document.old) }
        if remnants.removed == .directory { names.append(document.removed) }
        switch remnants.record {
        case .whole, .broken: names.append(document.record)
        case .absent, .unexpected: break
        }
        return names.map(\.description) + remnants.orphans.map { "\(document)/\($0)" }
    }

    // MARK: - Actions

    /// First everything that moves, then a flush, then everything that deletes what was a generation.
    private func apply(
        _ actions: [RecoveryAction], to document: DocumentName, _ remnants: Remnants, _ locks: StoreLocks.Held,
        _ report: inout RecoveryReport.Document
    ) throws {
        try move(actions, document, remnants, locks)
        let emptiesGeneration = actions.contains(.removeOld) || actions.contains(.restoreManagedFiles)
        // What never was in place may go at once: nothing rests on it.
        if actions.contains(where: { $0 != .removeStaging && $0 != .removeTemporaryFiles }) {
            try flush(wholly: emptiesGeneration)
        }
        for action in actions {
            switch action {
            case .finishRename, .restoreOld: break
            case .restoreManagedFiles:
                report.reconciled += try restoreManagedFiles(document, remnants.commitRecord ?? CommitRecord(), locks)
            case .reconcileUnmanaged:
                report.reconciled += try reconcile(document, remnants.commitRecord ?? CommitRecord())
            case .removeOld:
                if let old = try root.subdirectoryIfPresent(document.old) {
                    try OldGeneration(document: document, context: context).removeEmptied(old, named: document.old)
                }
            case .removeStaging:
                // Of a rename that never began: behind its record, also on the device.
                if actions.first == .removeRecord { try context.flushNames(since: moment) }
                try remove(document.staging)
            case .finishRemoval: try remove(document.removed)
            case .removeTemporaryFiles: report.reconciled += try removeOrphans(document)
            case .removeRecord:
                // In this order also on the device: an old generation without its record would bring back what was
                // dropped.
                if emptiesGeneration { try context.flushNames(since: moment) }
                try root.removeFile(document.record)
            }
        }
    }

    private func move(
        _ actions: [RecoveryAction], _ document: DocumentName, _ remnants: Remnants, _ locks: StoreLocks.Held
    ) throws {
        guard actions.contains(.finishRename) || actions.contains(.restoreOld) else { return }
        try context.locks.movingNames(locks, timeout: context.options.lockTimeout) {
            if actions.contains(.finishRename) {
                if let origin = remnants.commitRecord?.origin, remnants.originStands {
                    try context.renameWithoutReplacing(origin.document.entry, in: root, to: document.old, in: root)
                }
                if remnants.live == .absent {
                    try context.renameWithoutReplacing(document.staging, in: root, to: document.entry, in: root)
                }
            }
            if actions.contains(.restoreOld) {
                try context.renameWithoutReplacing(
                    document.old, in: root, to: try nameBefore(document, remnants), in: root)
            }
        }
    }

    /// The name that a previous generation goes back to: the one before a rename that has failed.
    private func nameBefore(_ document: DocumentName, _ remnants: Remnants) throws(SystemCallError) -> EntryName {
        guard let origin = remnants.commitRecord?.origin?.document.entry,
            try root.statusIfPresent(of: origin) == nil
        else { return document.entry }
        return origin
    }

    /// Puts what X holds, none of it managed, into `.old-X`, which then is X again.
    ///
    /// Not the managed files into X: with some of them there and some not, a crash would leave what passes for a whole
    /// generation. This way it leaves, until the last rename, an X without managed files beside a whole `.old-X`.
    ///
    /// What the commit was to drop is dropped: both that and the managed files happen, or neither.
    private func restoreManagedFiles(
        _ document: DocumentName, _ record: CommitRecord, _ locks: StoreLocks.Held
    ) throws -> [Receipt.Reconciliation] {
        let old = try Directory(document.old, in: root)
        let live = try Directory(document.entry, in: root)
        let status = try old.status()
        try old.makeWritable(status)
        try live.makeWritable()
        let dropped = try entries(of: live, beside: old) { _, label, _, status in record.settles(label, status) }
        var reconciler = Reconciler(document: document, context: context, flushing: .always, prefersArrivals: true)
        defer { for warning in reconciler.warnings { _ = context.warn(document, warning) } }
        try reconciler.drain(
            live, into: old, carried: try standing(live, in: old, ContentIndex(old), except: dropped), dropped: dropped,
            path: "")
        if status.mode & 0o700 != 0o700 { try old.setMode(status.mode) }
        try OldGeneration(document: document, context: context).removeEmptied(live, named: document.entry)
        try context.locks.movingNames(locks, timeout: context.options.lockTimeout) {
            try context.renameWithoutReplacing(document.old, in: root, to: document.entry, in: root)
        }
        return reconciler.actions
    }

    /// Makes what stays durable before anything goes.
    ///
    /// With `wholly`, also the document itself, whose writer may have flushed nothing. Recoveries on several threads share
    /// both.
    private func flush(wholly isWhole: Bool) throws {
        try context.flushNames(since: moment)
        if isWhole { try context.flushFileSystem(since: moment) }
    }

    private func remove(_ name: EntryName) throws {
        if try !RemoveTree.remove(name, in: root) {
            _ = context.warn(nil, "`\(name)` holds files that are deleted but open; it goes when they are closed")
        }
    }

    /// - Returns: Those that went to the trash, because nobody knows whose they are.
    private func removeOrphans(_ document: DocumentName) throws -> [Receipt.Reconciliation] {
        var trashed: [Receipt.Reconciliation] = []
        let live = try Directory(document.entry, in: root)
        for (name, kind) in try live.entries() where context.isOrphan(name, kind) {
            // A commit's own stands beside the file that it was to replace.
            let target = name.dropping(suffix: DocumentName.temporarySuffix)
            if try context.options.knowsManagedNames || live.statusIfPresent(of: target)?.kind == .file {
                try live.removeFile(name)
            } else {
                _ = try Trash(context: context).move(name, from: live, of: document)
                trashed.append(Receipt.Reconciliation(path: name.description, action: .trashed))
            }
        }
        return trashed
    }

    // MARK: - Reconciliation without a list of what was carried

    private func reconcile(
        _ document: DocumentName, _ record: CommitRecord
    ) throws -> [Receipt.Reconciliation] {
        guard let old = try root.subdirectoryIfPresent(document.old) else { return [] }
        let live = try Directory(document.entry, in: root)
        try old.makeWritable()
        let dropped = try entries(of: old, beside: live) { name, label, kind, status in
            try record.settles(label, status) || isDispensable(name, labelled: label, kind, in: live)
        }
        var reconciler = Reconciler(document: document, context: context, flushing: .always)
        defer { for warning in reconciler.warnings { _ = context.warn(document, warning) } }
        try reconciler.drain(
            old, into: live, carried: try standing(old, in: live, ContentIndex(live), except: dropped),
            dropped: dropped, path: "")
        return reconciler.actions
    }

    /// Whether a managed file of the old generation goes with it, or a temporary one.
    ///
    /// Where it is only a guess that a codec manages it, one goes that another has replaced.
    private func isDispensable(
        _ name: EntryName, labelled label: EntryName, _ kind: EntryKind, in live: Directory
    ) throws(SystemCallError) -> Bool {
        if context.options.knowsManagedNames {
            return context.isManaged(name, kind) || context.isOrphan(label, kind)
        }
        guard context.isManaged(name, kind) else { return false }
        return try live.statusIfPresent(of: name)?.kind == .file
    }

    /// The entries of a generation that are meant, by the labels that they had for names before a commit took them.
    private func entries(
        of directory: Directory, beside other: Directory,
        where isMeant: (_ name: EntryName, _ label: EntryName, EntryKind, FileStatus) throws -> Bool
    ) throws -> [EntryName: FileStatus] {
        var meant: [EntryName: FileStatus] = [:]
        for (name, kind) in try directory.entries() {
            guard let status = try directory.statusIfPresent(of: name) else { continue }
            let label = try Reconciler.label(of: name, beside: other)
            if try isMeant(name, label, kind, status) { meant[label] = status }
        }
        return meant
    }

    /// Which entries of the old generation stand in the new one: by inode or content, whatever their name.
    private func standing(
        _ old: Directory, in live: Directory?, _ index: ContentIndex, except dropped: [EntryName: FileStatus] = [:],
        level: Int = 0
    ) throws -> [EntryName: CarryOver.Entry] {
        var standing: [EntryName: CarryOver.Entry] = [:]
        for (entry, kind) in try old.entries() where !isDeletedButOpen(entry) {
            let name = try Reconciler.label(of: entry, beside: live)
            if dropped[name] != nil { continue }
            guard let status = try old.statusIfPresent(of: entry) else { continue }
            // What is mounted there is not the document's to empty.
            if status.isMountPoint { throw SystemCallError(.unlinkat, .busy, entry: entry) }
            if kind != .directory {
                if try stands(name, status, at: entry, old, live, index) {
                    standing[name] = CarryOver.Entry(status: status, isLinked: index.holds(status.identity))
                }
                continue
            }
            // Somebody may move folders about.
            guard let directory = try old.folderIfPresent(entry) else { continue }
            if level == Nesting.mostInRecovery { throw HoldfastError.nestedTooDeep([entry]) }
            let counterpart = try live?.folderIfPresent(name)
            let children = try Nesting.enter(level: level + 1) {
                try self.standing(directory, in: counterpart, index, level: level + 1)
            }
            // A folder that is no more, and all of whose files are elsewhere, was renamed or cleared out.
            let entries = try directory.entries()
            if counterpart != nil || (!entries.isEmpty && children.count == entries.count) {
                standing[name] = CarryOver.Entry(status: status, isLinked: false, children: children)
            }
        }
        return standing
    }

    /// Whether an entry of the old generation that is no directory stands in the new one.
    private func stands(
        _ name: EntryName, _ status: FileStatus, at entry: EntryName, _ old: Directory, _ live: Directory?,
        _ index: ContentIndex
    ) throws -> Bool {
        func isElsewhere() throws -> Bool {
            try index.holds(status.identity) || index.holdsContent(of: entry, status, in: old)
        }
        guard let live, let other = try live.statusIfPresent(of: name) else { return try isElsewhere() }
        if other.identity == status.identity { return true }
        if other.kind == status.kind {
            if status.kind == .file, status.size == 0, other.size == 0 { return true }
            if status.kind == .symbolicLink, try old.symbolicLink(entry) == live.symbolicLink(name) { return true }
        }
        if status.modification <= other.modification { return try isElsewhere() }
        // The newer of two versions keeps the name, though it may stand under another: an editor's save is a rename, and the
        // file that it renames may have been carried over under its first name.
        guard status.kind == .file, other.kind == .file, status.size == other.size,
            let file = try old.openFileIfPresent(entry)?.file, let standing = try live.openFileIfPresent(name)?.file
        else { return false }
        return try ContentIndex.isSameContent(file, standing, size: status.size)
    }
}
