import Testing

@testable import Holdfast

/// The recovery table as a pure function, over everything that can be seen.
@Suite struct RecoveryPlanTests {
    private static let standings: [Remnants.Standing] = [.absent, .directory, .unexpected(.symbolicLink)]

    private func everything() throws -> [Remnants] {
        var renaming = CommitRecord()
        renaming.origin = CommitRecord.Origin(document: try DocumentName("W"), inode: 1)
        let records: [Remnants.Record] = [
            .absent, .broken, .whole(CommitRecord()), .whole(renaming), .unexpected(.directory),
        ]
        var all: [Remnants] = []
        for live in Self.standings {
            for staging in Self.standings {
                for old in Self.standings {
                    for removed in Self.standings {
                        for record in records {
                            for bits in 0..<16 {
                                var remnants = Remnants(
                                    live: live, staging: staging, old: old, removed: removed, record: record)
                                remnants.originStands = bits & 1 != 0
                                remnants.liveIsManaged = bits & 2 != 0
                                remnants.oldIsManaged = bits & 4 != 0
                                remnants.orphans = bits & 8 != 0 ? [EntryName("a.tmp")] : []
                                all.append(remnants)
                            }
                        }
                    }
                }
            }
        }
        return all
    }

    @Test func `the only copy is never deleted`() throws {
        for remnants in try everything() {
            let actions = RecoveryPlan.actions(for: remnants)
            if actions.contains(.removeOld) {
                #expect(remnants.live == .directory || actions.contains(.finishRename), "\(remnants)")
            }
            if actions.contains(.removeStaging) {
                // Staging is no copy of anything: it was never committed.
                #expect(
                    remnants.commitRecord?.origin == nil || remnants.old != .directory || remnants.live == .directory)
            }
            // Managed files go back either to X, or X's entries to them.
            #expect(!(actions.contains(.removeOld) && actions.contains(.restoreManagedFiles)))
            if remnants.oldIsManaged, !remnants.liveIsManaged, remnants.live == .directory, remnants.old == .directory {
                #expect(actions.contains(.restoreManagedFiles), "\(remnants)")
            }
            if remnants.old == .directory, remnants.live == .absent {
                #expect(actions.contains(.restoreOld) || actions.contains(.finishRename), "\(remnants)")
            }
        }
    }

    @Test func `what is unexpected is left alone`() throws {
        for remnants in try everything() {
            let actions = RecoveryPlan.actions(for: remnants)
            if case .unexpected = remnants.live { #expect(actions.isEmpty) }
            if case .unexpected = remnants.staging { #expect(!actions.contains(.removeStaging)) }
            if case .unexpected = remnants.removed { #expect(!actions.contains(.finishRemoval)) }
            if case .unexpected = remnants.record { #expect(!actions.contains(.removeRecord)) }
            if case .unexpected = remnants.old {
                #expect(!actions.contains(.restoreOld))
                #expect(!actions.contains(.removeOld) || actions.contains(.finishRename))
            }
        }
    }

    @Test func `of a rename that never began the record goes first`() throws {
        for remnants in try everything() where remnants.commitRecord?.origin != nil {
            let actions = RecoveryPlan.actions(for: remnants)
            #expect(actions.count { $0 == .removeRecord } <= 1)
            guard remnants.old == .absent, actions.contains(.removeStaging) else { continue }
            #expect(actions.first == .removeRecord, "\(remnants)")
        }
    }

    @Test func `reconciliation always precedes the removal of the old generation`() throws {
        for remnants in try everything() {
            let actions = RecoveryPlan.actions(for: remnants)
            guard let removal = actions.firstIndex(of: .removeOld) else { continue }
            let reconciliation = try #require(actions.firstIndex(of: .reconcileUnmanaged))
            #expect(reconciliation < removal)
            if let record = actions.firstIndex(of: .removeRecord) { #expect(removal < record) }
        }
    }
}
