import Synchronization

/// The recovery of a whole store: one listing, then every document, on all cores.
struct StoreRecovery {
    let context: StoreContext

    func run(isDryRun: Bool, progress: (@Sendable (StoreProgress) -> Void)?) -> RecoveryReport {
        var report = RecoveryReport(isDryRun: isDryRun, documentCount: 0)
        let listing: StoreListing
        do {
            listing = try StoreListing(of: context.root)
        } catch {
            report.warnings.append(context.warn(nil, "the store can't be listed: \(error)"))
            return report
        }
        report.documentCount = listing.documents.count
        report.warnings = listing.warnings
        let everything = Set(listing.documents).union(listing.remnants).sorted()
        let completed = Atomic(0)
        let found = parallelMap(everything, width: context.parallelism) { document in
            let result = recover(document, hasRemnants: listing.remnants.contains(document), isDryRun: isDryRun)
            let count = completed.add(1, ordering: .relaxed).newValue
            progress?(StoreProgress(completed: count, total: everything.count, document: document.description))
            return result
        }
        report.documents = found.compactMap { $0 }
        for warning in report.warnings { context.options.observer?(.warning(warning)) }
        if !report.isClean { context.options.observer?(.recovered(report)) }
        return report
    }

    private func recover(
        _ document: DocumentName, hasRemnants: Bool, isDryRun: Bool
    ) -> RecoveryReport.Document? {
        do {
            guard try hasRemnants || hasOrphans(document) else { return nil }
        } catch {
            var report = RecoveryReport.Document(name: document.description, found: [], actions: [])
            report.failure = HoldfastError.wrapping(error, document: document.description).description
            return report
        }
        return Recoverer(context: context).recover(document, isDryRun: isDryRun)
    }

    private func hasOrphans(_ document: DocumentName) throws -> Bool {
        guard let directory = try context.root.subdirectoryIfPresent(document.entry) else { return false }
        return try directory.entries().contains { context.isOrphan($0.name, $0.kind) }
    }
}
