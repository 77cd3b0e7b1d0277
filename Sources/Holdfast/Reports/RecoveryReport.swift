/// What a recovery found, and what it did or would do.
public struct RecoveryReport: Sendable, Codable, Hashable {
    /// One document's remnants, and what became of them.
    public struct Document: Sendable, Codable, Hashable {
        /// The document's name.
        public var name: String
        /// What was found, such as `.old-X` or `X/events.json.tmp`.
        public var found: [String]
        /// What was done about it, in order; in a dry run, what would be done; beside a ``failure``, what was tried, of
        /// which the rest is still to be done.
        public var actions: [RecoveryAction]
        /// Unmanaged entries brought back from the old generation.
        public var reconciled: [Receipt.Reconciliation] = []
        /// Why the document was left alone: another writer holds its lock.
        public var skipped: String?
        /// What could not be done, and why.
        public var failure: String?
    }

    /// Whether nothing was changed.
    public var isDryRun: Bool
    /// How many documents the store has.
    public var documentCount: Int
    /// The documents that had remnants, by name.
    public var documents: [Document] = []
    /// Anything unexpected, reported and left as it is.
    public var warnings: [Warning] = []

    /// Whether there was nothing to do and nothing to report.
    public var isClean: Bool { documents.isEmpty && warnings.isEmpty }

    /// Whether all that had to be done was done.
    public var isComplete: Bool { documents.allSatisfy { $0.skipped == nil && $0.failure == nil } }
}
