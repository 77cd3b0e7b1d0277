import FoundationEssentials
import Synchronization

/// The verification of a whole store: every managed file, with its codec, on all cores.
struct StoreVerification {
    private struct Finding: Sendable {
        var files = 0
        var bytes: Int64 = 0
        var damage: [VerificationReport.Damage] = []
        var unchecked: [Warning] = []
        var warnings: [Warning] = []
    }

    let context: StoreContext

    /// - Throws: What keeps the store from being listed: that must not pass for one without damage.
    func run(
        _ response: DamageResponse, progress: (@Sendable (StoreProgress) -> Void)?
    ) throws -> VerificationReport {
        let listing = try QuietListing(context: context).read()
        var report = VerificationReport(documentCount: listing.names.count, fileCount: 0, byteCount: 0)
        report.warnings = listing.warnings
        report.warnings += listing.remnants.sorted().map {
            Warning(document: $0.description, message: "a crash or a running writer left something beside it; recover")
        }
        let documents = listing.documents
        let completed = Atomic(0)
        let findings = parallelMap(documents, width: context.parallelism) { document in
            let finding = verify(document, response)
            let count = completed.add(1, ordering: .relaxed).newValue
            progress?(StoreProgress(completed: count, total: documents.count, document: document.description))
            return finding
        }
        for finding in findings {
            report.fileCount += finding.files
            report.byteCount += finding.bytes
            report.damage += finding.damage
            report.unchecked += finding.unchecked
            report.warnings += finding.warnings
        }
        return report
    }

    private func verify(_ document: DocumentName, _ response: DamageResponse) -> Finding {
        var finding = Finding()
        do {
            let snapshot = Snapshot(document, try SnapshotReader(context: context).read(document), context: context)
            finding.files = snapshot.managedFiles.count
            finding.bytes = snapshot.byteCount
            finding.damage = snapshot.damage()
            if response == .trash, !finding.damage.isEmpty { finding.damage = try trash(document) }
            // What a person has put there is nothing to trash a document for.
            finding.damage += snapshot.obstacles.map { name, kind in
                VerificationReport.Damage(
                    document: snapshot.document, file: name.description,
                    problem: "a \(kind) stands where a file should be")
            }
        } catch let error as HoldfastError where error.code == .notFound {
            // Removed since the store was listed.
        } catch {
            var error = HoldfastError.wrapping(error, document: document.description)
            error.document = nil
            if error.errno == Errno.inputOutput.rawValue || error.errno == nil && error.code != .lockTimeout {
                // The disk has lost it, or something else stands in its place.
                let file = error.file
                error.file = nil
                finding.damage.append(
                    VerificationReport.Damage(
                        document: document.description, file: file, problem: error.description))
            } else {
                finding.unchecked.append(Warning(document: document.description, message: error.description))
            }
        }
        return finding
    }

    /// Moves a document that is still damaged under its lock into the trash, with a note.
    private func trash(_ document: DocumentName) throws -> [VerificationReport.Damage] {
        let moment = context.flushMoment
        let locks = try DocumentUpdate(context: context).lock([document])
        defer { locks.release() }
        let contents = try SnapshotReader(context: context).readHoldingLock(document)
        let damage = Snapshot(document, contents, context: context).damage()
        if damage.isEmpty { return [] }
        guard let directory = try context.documentDirectory(document) else { return [] }
        let note = try writeNote(damage, in: directory)
        let place: String
        do {
            _ = try context.settleOldGeneration(since: moment)
            place = try context.locks.movingNames(locks, timeout: context.options.lockTimeout) {
                try Trash(context: context).move(document.entry, from: context.root, labelled: document.entry)
            }
        } catch {
            // It says where the document is.
            do { try directory.removeFile(note) } catch let removal {
                _ = context.warn(document, "it could not be moved to the trash, nor `\(note)` be removed (\(removal))")
            }
            throw error
        }
        _ = context.warn(document, "it is damaged, and was moved to `\(place)`")
        do {
            if context.isDurable { try context.flushNames(since: moment) }
        } catch {
            _ = context.warn(document, "a power loss may bring it back from `\(place)`: a flush failed (\(error))")
        }
        return damage.map {
            var damage = $0
            damage.trashed = place
            return damage
        }
    }

    /// - Returns: The note's name.
    private func writeNote(_ damage: [VerificationReport.Damage], in directory: Directory) throws -> EntryName {
        let lines = damage.map { "- `\($0.file ?? "")`: \($0.problem)\n" }.joined()
        let text = """
            # Damaged

            Holdfast moved this document here because these files could not be read:

            \(lines)
            Mend them, remove this note, and move the directory back into the store.

            """
        var name = EntryName("TRASHED.md")
        var number = 1
        while try directory.statusIfPresent(of: name) != nil {
            name = EntryName("TRASHED-\(number).md")
            number += 1
        }
        let file = try directory.create(name, mode: 0o666)
        do {
            try file.writeAll(Data(text.utf8))
            if context.isDurable { try file.flush() }
            try file.close()
            if context.isDurable { try directory.flush() }
        } catch {
            try directory.removeFile(name)
            throw error
        }
        return name
    }
}
