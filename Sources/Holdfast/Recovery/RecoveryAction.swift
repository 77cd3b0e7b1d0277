/// One step of a recovery.
public enum RecoveryAction: String, Sendable, Codable, Hashable, CaseIterable {
    /// `.staging-X` is deleted: it was never committed.
    case removeStaging
    /// `.old-X` becomes X again: it is the only whole generation.
    case restoreOld
    /// What X holds moves to the managed files in `.old-X`, which becomes X again: X has none of its own.
    case restoreManagedFiles
    /// Unmanaged entries that stand only in `.old-X` are moved into X.
    case reconcileUnmanaged
    /// `.old-X` is deleted: X is whole.
    case removeOld
    /// The deletion of a removed document is finished.
    case finishRemoval
    /// A managed file's `NAME.tmp` is deleted: it was never renamed over `NAME`.
    case removeTemporaryFiles
    /// The old name's directory gives way to the renamed document.
    case finishRename
    /// The commit record is deleted.
    case removeRecord
}
