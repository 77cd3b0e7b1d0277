import Synchronization

/// The recovery of a whole store: one listing, then what crashes have left, then a look at every other document.
struct StoreRecovery {
    let context: StoreContext

    func run(
        on listing: StoreListing, isDryRun: Bool, progress: (@Sendable (StoreProgress) -> Void)?
    ) -> RecoveryReport {
        var report = RecoveryReport(isDryRun: isDryRun, documentCount: listing.names.count)
        report.warnings = listing.warnings
        let everything = listing.everything
        let completed = Atomic(0)
        let recoverer = Recoverer(context: context)
        func recoverAll(
            _ documents: [DocumentName], hasRemnants: Bool, width: Int
        ) -> [(DocumentName, RecoveryReport.Document)] {
            let findings = parallelMap(documents, width: width) { document in
                let result = recover(document, recoverer, hasRemnants: hasRemnants, isDryRun: isDryRun)
                let count = completed.add(1, ordering: .relaxed).newValue
                progress?(StoreProgress(completed: count, total: everything.count, document: document.description))
                return result
            }
            report.warnings += findings.flatMap(\.warnings)
            return zip(documents, findings).compactMap { document, finding in finding.report.map { (document, $0) } }
        }
        let isBroken = listing.remnants.contains
        let broken = listing.remnants.isEmpty ? [] : everything.filter(isBroken)
        let whole = broken.isEmpty ? everything : everything.filter { !isBroken($0) }
        // A recovery waits for flushes, and shares them with others; a look at a whole document takes a core.
        var found =
            recoverAll(broken, hasRemnants: true, width: context.flushingParallelism)
            + recoverAll(whole, hasRemnants: false, width: context.parallelism)
        if !isDryRun, broken.count > 1, context.flushingParallelism > 1 {
            // A document on its way to another name takes two locks, of which another recovery may have held one.
            found = found.compactMap { document, result in
                result.skipped == nil ? (document, result) : recoverer.recover(document).map { (document, $0) }
            }
        }
        report.documents = found.sorted { $0.0 < $1.0 }.map(\.1)
        for warning in report.warnings { context.options.observer?(.warning(warning)) }
        if !report.isClean { context.options.observer?(.recovered(report)) }
        return report
    }

    private struct Finding: Sendable {
        var report: RecoveryReport.Document?
        var warnings: [Warning] = []
    }

    private func recover(
        _ document: DocumentName, _ recoverer: Recoverer, hasRemnants: Bool, isDryRun: Bool
    ) -> Finding {
        var finding = Finding()
        do {
            guard try hasRemnants || hasOrphans(document, &finding.warnings) else { return finding }
        } catch {
            var report = RecoveryReport.Document(name: document.description, found: [], actions: [])
            report.failure = HoldfastError.wrapping(error, document: nil).description
            return Finding(report: report)
        }
        finding.report = recoverer.recover(document, isDryRun: isDryRun)
        return finding
    }

    private func hasOrphans(_ document: DocumentName, _ warnings: inout [Warning]) throws -> Bool {
        guard let directory = try context.root.subdirectoryIfPresent(document.entry) else { return false }
        // Most entries are no temporary files, and nothing is made of them.
        let suffix = DocumentName.temporarySuffix.utf8
        let candidates = try directory.gatherEntries(.once, into: [(name: EntryName, kind: EntryKind?)]()) {
            if $1.count >= suffix.count, $1.suffix(suffix.count).elementsEqual(suffix) {
                $0.append((EntryName(bytes: $1), $2))
            }
        }
        var hasOrphans = false
        for (name, kind) in candidates where context.isOrphan(name, .file) {
            switch try directory.kind(kind, of: name) {
            case .file: hasOrphans = true
            case nil: break
            case .some(let kind):
                let message = "`\(name)` is a \(kind), and in the way of saves; it is left as it is"
                warnings.append(Warning(document: document.description, message: message))
            }
        }
        return hasOrphans
    }
}
