/// The recovery table: a pure function from what is seen of a document to what is done about it.
///
/// It never deletes the last copy of a document's managed files, nor of an unmanaged entry, and what it leads to needs
/// nothing more. A crash in the middle of its actions leads to a state that it knows too.
enum RecoveryPlan {
    static func actions(for remnants: Remnants) -> [RecoveryAction] {
        // Not knowing what stands in the document's place, nothing of it is safe to delete.
        if case .unexpected = remnants.live { return [] }
        var actions = generations(remnants)
        if !remnants.orphans.isEmpty { actions.append(.removeTemporaryFiles) }
        if remnants.removed == .directory { actions.append(.finishRemoval) }
        switch remnants.record {
        case .whole where actions.contains(.removeRecord): break
        case .whole, .broken: actions.append(.removeRecord)
        case .absent, .unexpected: break
        }
        return actions
    }

    private static func generations(_ remnants: Remnants) -> [RecoveryAction] {
        let renames = remnants.commitRecord?.origin != nil
        switch (remnants.live == .directory, remnants.staging == .directory, remnants.old == .directory) {
        case (true, false, false) where renames && remnants.originStands:
            // The new name is there, and the old one is to go. Not so with a staging: that would be the document then, and what
            // has its new name is a person's.
            return [.finishRename, .reconcileUnmanaged, .removeOld]
        case (true, false, false), (false, false, false):
            return []
        case (true, true, false), (false, true, false):
            // Of a rename that never began the record goes first: behind a staging that has gone, it would tell of one that was
            // made, to whatever has the new name then.
            return renames ? [.removeRecord, .removeStaging] : [.removeStaging]
        case (true, let staging, true):
            let isGap = !remnants.liveIsManaged && remnants.oldIsManaged
            let merge: [RecoveryAction] = isGap ? [.restoreManagedFiles] : [.reconcileUnmanaged, .removeOld]
            return merge + (staging ? [.removeStaging] : [])
        case (false, true, true):
            // The record of a rename was durable before the swap, and so was the staging.
            return renames ? [.finishRename, .reconcileUnmanaged, .removeOld] : [.restoreOld, .removeStaging]
        case (false, false, true):
            return [.restoreOld]
        }
    }
}
