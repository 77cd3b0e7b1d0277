/// What a verification of a store found.
public struct VerificationReport: Sendable, Codable, Hashable {
    /// A damaged file.
    public struct Damage: Sendable, Codable, Hashable, CustomStringConvertible {
        /// The document's name.
        public var document: String
        /// The file's name; nil where the document itself could not be read.
        public var file: String?
        /// The file's format.
        public var format: String?
        /// What is wrong, as one line.
        public var problem: String
        /// Where the document was moved to, relative to the store; nil where it was left in place.
        public var trashed: String?

        /// One line: document, file and problem.
        public var description: String { "\(document)\(file.map { "/\($0)" } ?? ""): \(problem)" }
    }

    /// How many documents were verified.
    public var documentCount: Int
    /// How many managed files were verified.
    public var fileCount: Int
    /// Their bytes.
    public var byteCount: Int64
    /// What is damaged.
    public var damage: [Damage] = []
    /// What could not be read, for want of rights, memory, descriptors or a lock: of its files nobody knows.
    public var unchecked: [Warning] = []
    /// Remnants and anything unexpected.
    public var warnings: [Warning] = []

    /// Whether every managed file was checked, and none is damaged.
    public var isSound: Bool { damage.isEmpty && unchecked.isEmpty }
}

/// How far a recovery or a verification has come.
///
/// It is told once for each document of the store, also of those that need nothing: on the thread that is done with the
/// document, and so on several at once and in no order. None is told any more when the call returns.
public struct StoreProgress: Sendable, Hashable {
    /// Documents done.
    public var completed: Int
    /// Documents in all.
    public var total: Int
    /// The document just done.
    public var document: String
}
