/// How a ``DocumentStore`` works.
public struct StoreOptions: Sendable {
    /// What a commit survives once it has returned.
    public var durability: Durability = .powerLoss

    /// When a commit removes the generation that it has replaced.
    public var cleanup: Cleanup = .beforeReturning

    /// How long a call waits for locks, in all: writers for each other, readers and listings where they have to wait.
    public var lockTimeout: Duration = .seconds(10)

    /// Whether opening creates the store's directory where there is none.
    ///
    /// Its parent must exist.
    public var createsStore = true

    /// Whether opening recovers what crashes have left, or only reports it.
    public var recoveryAtOpening: RecoveryAtOpening = .recover

    /// Whether every document's managed files are validated when the store is opened, and what happens to damaged ones.
    public var validationAtOpening: ValidationAtOpening = .none

    /// What codecs get as `Encoder.userInfo` and `Decoder.userInfo`.
    public var userInfo: [CodingUserInfoKey: any Sendable] = [:]

    /// Sees every commit, recovery and warning, on the thread that it happens on and before the call returns; for a
    /// host's log.
    ///
    /// The document's lock is held still: it must not update a document, nor wait for who does.
    ///
    /// With ``Cleanup/inBackground``, it sees what became of a clean-up on any thread and at any time, also before the
    /// commit itself.
    public var observer: (@Sendable (StoreEvent) -> Void)?

    /// How many documents of a batch are saved, or of a store recovered or validated, at the same time; nil for one a core,
    /// and for 16 of those that a crash left something of, whose recoveries wait for flushes that they share.
    public var parallelism: Int?

    /// Capabilities of the file system to do without, for tests of the fallbacks.
    package var withheldCapabilities: Set<Capability> = []

    /// Whether the codecs' filenames are those of the program that wrote the store, and no guess.
    ///
    /// Otherwise a recovery keeps what it would drop because it is managed: in the trash, or where it is.
    package var knowsManagedNames = true

    /// How many documents pass for being saved by other threads all the while, for tests of what threads share.
    package var documentsUnderway = 0

    /// Whether background clean-up is done by itself, or only where something waits for it, for tests that need to know
    /// when.
    package var cleansUpByItself = true

    /// Creates the default options: durable against power loss, a lock timeout of 10 seconds, no validation.
    public init() {}
}

/// When a commit removes the generation that it has replaced, and a removal the document's files.
public enum Cleanup: String, Sendable, Codable {
    /// Before it returns: nothing is left then but the document, and the receipt tells all that was done.
    case beforeReturning
    /// On another thread, behind the return, for callers that wait for each save.
    ///
    /// Until then `.old-X`, or `.removed-X`, stands beside the document, whose lock is kept, with those of a batch's other
    /// documents: what needs the document next in this ``DocumentStore`` does first what is left, and all others wait for
    /// the lock, or report a writer. What the end of the process cuts off is a remnant, which the next start removes;
    /// `finishCleanup()` waits until nothing is left. Work that was left goes on when the store itself is let go.
    ///
    /// What is reconciled, and what could not be removed, is told to ``StoreOptions/observer`` alone, and not in the
    /// receipt: ``StoreEvent/reconciled(document:_:)`` and ``StoreEvent/warning(_:)``.
    ///
    /// It is bounded: where 32 documents wait for it, or another thread waits for the same document, a commit cleans up
    /// before it returns; so does a batch of more than 32.
    case inBackground
}

/// What opening a store does about what crashes have left in it.
public enum RecoveryAtOpening: String, Sendable, Codable {
    /// It is mended, and reported in ``DocumentStore/recoveryReport``.
    case recover
    /// What would be done is reported, and not done: for tools that only look, which set ``StoreOptions/createsStore`` to
    /// false, too.
    ///
    /// An update still recovers its own document first.
    case report
}

/// What opening a store does about documents that fail validation.
public enum ValidationAtOpening: String, Sendable, Codable {
    /// Nothing is validated.
    case none
    /// Damage is reported in ``DocumentStore/validationReport``.
    case report
    /// A damaged document is moved to `.trash/` with a `TRASHED.md` that says what was wrong, and reported.
    case trash
}

/// What `DocumentStore.verify(_:progress:)` does about documents that fail validation.
public enum DamageResponse: String, Sendable, Codable {
    /// Damage is reported; nothing is changed.
    case report
    /// A damaged document is moved to `.trash/` with a `TRASHED.md` that says what was wrong, and reported.
    case trash
}

/// Something that a host may want to log.
public enum StoreEvent: Sendable {
    /// An update, a rename or a removal has been made, and is about to return; also an update that had nothing to change.
    case committed(Receipt)
    /// A recovery has found remnants.
    case recovered(RecoveryReport)
    /// A clean-up in the background has found what a person had done while the commit was under way, and done likewise.
    case reconciled(document: String, [Receipt.Reconciliation])
    /// Something was not as it should be, though no call failed for it.
    case warning(Warning)
}

/// Something that was not as it should be, though no call failed for it.
public struct Warning: Sendable, Codable, Hashable, CustomStringConvertible {
    /// The document's name; nil for the store itself.
    public var document: String?
    /// What was found, and what to do, as one line.
    public var message: String

    /// Creates a warning.
    ///
    /// - Parameters:
    ///   - document: The document's name; nil for the store itself.
    ///   - message: What was found, and what to do, as one line.
    public init(document: String?, message: String) {
        self.document = document
        self.message = message
    }

    /// One line: the document and the message.
    public var description: String { document.map { "\($0): \(message)" } ?? message }
}
