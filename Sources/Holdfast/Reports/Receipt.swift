/// What a commit did, and how.
public struct Receipt: Sendable, Codable, Hashable {
    /// What became of the document.
    public enum Outcome: String, Sendable, Codable {
        /// The bytes on disk were those of the draft already: nothing was written, no time stamp changed.
        case unchanged
        /// The document is new.
        case created
        /// One managed file was replaced by one rename; the document's directory is the same as before.
        case replacedFile
        /// The whole document was replaced by its next generation.
        case swapped
        /// The document has another name; where the update changed its files too, all or nothing of both.
        case renamed
        /// The document is gone.
        case removed
    }

    /// The step that made the commit visible.
    public enum Method: String, Sendable, Codable {
        /// Nothing had to be done.
        case none
        /// One `rename`, of a file or of a document's directory.
        case rename
        /// `renameat2` with `RENAME_EXCHANGE`: at no moment was there no document.
        case exchange
        /// The old generation aside, the new one in: where the file system can't exchange, and where a save gives the document
        /// another name.
        case twoRenames
    }

    /// What became of one managed file, or of an unmanaged entry that the draft named.
    public struct File: Sendable, Codable, Hashable {
        /// What became of a file.
        public enum Change: String, Sendable, Codable {
            /// It is new, or has new bytes.
            case written
            /// It is gone.
            case removed
            /// It was copied from outside the store.
            case added
        }
        /// The file's name in the document.
        public var name: String
        /// What became of it.
        public var change: Change
        /// How many bytes were written; 0 for a removed file.
        public var bytes: Int64
    }

    /// How entries came into the next generation that the draft didn't change.
    public struct CarryOver: Sendable, Codable, Hashable {
        /// Files that are hard links to the same inode: no byte was copied.
        public var linked = 0
        /// Files that share their blocks with the old ones.
        public var cloned = 0
        /// Files whose bytes were copied.
        public var copied = 0
        /// Bytes copied.
        public var bytesCopied: Int64 = 0
        /// Subfolders made anew.
        public var directories = 0
        /// Why files were not linked, where they were not: the error, once for each kind.
        public var reasonsNotLinked: [String] = []
    }

    /// What a person did to unmanaged entries while the commit was under way, and what the commit did about it.
    public struct Reconciliation: Sendable, Codable, Hashable {
        /// What was done.
        public enum Action: String, Sendable, Codable {
            /// A new entry was brought into the new generation.
            case created
            /// The person's version replaced the carried one.
            case replaced
            /// The entry was deleted from the new generation too.
            case deleted
            /// Two versions of the same name: the newer kept it, the other went to `.trash/`.
            case trashed
        }
        /// The entry's path in the document.
        public var path: String
        /// What was done.
        public var action: Action
    }

    /// The document's name; after a rename, the new one.
    public var document: String
    /// What became of it.
    public var outcome: Outcome
    /// The step that made it visible.
    public var method: Method = .none
    /// The managed files that were written or removed, and unmanaged entries that the draft added or removed.
    public var files: [File] = []
    /// Bytes of managed files written.
    public var bytesWritten: Int64 = 0
    /// How everything else came along; nil where nothing had to.
    public var carryOver: CarryOver?
    /// What a person did meanwhile.
    ///
    /// With ``Cleanup/inBackground`` it is not known yet; nor are the flushes and warnings of the clean-up.
    public var reconciled: [Reconciliation] = []
    /// The durability asked for.
    public var durabilityAsked: Durability
    /// The durability reached.
    public var durability: Durability
    /// Why that is less than asked, where it is.
    public var durabilityReason: String?
    /// How what was written became durable before it became visible.
    public var flushProtocol: FlushProtocol = .none
    /// How many calls of `fsync` and `syncfs` the commit made.
    ///
    /// What a batch shares counts for its first document, and what commits of several threads share for the one that made
    /// the call.
    public var flushes = 0
    /// What was not as it should be, though the save was made: access that could not be kept, an entry that was to go and had
    /// been changed, and what the clean-up left for the next recovery.
    public var warnings: [Warning] = []

    /// Creates a receipt.
    ///
    /// - Parameters:
    ///   - document: The document's name.
    ///   - outcome: What became of it.
    ///   - durability: The durability asked for and reached.
    public init(document: String, outcome: Outcome, durability: Durability) {
        self.document = document
        self.outcome = outcome
        self.durabilityAsked = durability
        self.durability = durability
    }

    /// Says that something which the save left as it was may not survive a power loss.
    mutating func lowerForDoubt() {
        guard durability == .powerLoss else { return }
        durability = .processCrash
        durabilityReason =
            "a flush of one of its files, or of its directory, has failed, and that was not written anew since"
    }
}
