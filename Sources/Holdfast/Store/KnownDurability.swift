import Synchronization

/// What a store knows of whether its documents, as they are, would survive a power loss.
///
/// It has to know: a writer that was killed, or that did not flush, leaves files in place that only look saved.
final class KnownDurability: Sendable {
    private enum State {
        /// All was durable when the document's directory was like this, and the newest of its managed files was written then:
        /// whoever renames something in it, or the directory itself, changes the one, who writes in place the other.
        case durable(FileIdentity, change: Timestamp, lastEdit: Timestamp?)
        case doubtful(Doubt)
    }

    /// Managed files whose flush has failed: the kernel may have dropped their pages, and no later flush would tell.
    enum Doubt {
        case all
        case some(Set<EntryName>)

        func contains(_ name: EntryName) -> Bool {
            switch self {
            case .all: true
            case .some(let names): names.contains(name)
            }
        }
    }

    private let states = Mutex<[DocumentName: State]>([:])

    /// Whether a document is as it was when this store made it durable.
    ///
    /// - Parameters:
    ///   - document: Its name.
    ///   - status: What its directory is like.
    ///   - lastEdit: When the newest of its managed files was written, of those that were looked at.
    /// - Returns: Whether that is known.
    func holds(_ document: DocumentName, _ status: FileStatus, lastEdit: Timestamp? = nil) -> Bool {
        guard case .durable(status.identity, status.change, let known) = states.withLock({ $0[document] })
        else { return false }
        guard let lastEdit else { return true }
        return known.map { lastEdit <= $0 } ?? false
    }

    /// Remembers that a document was made durable.
    ///
    /// - Parameters:
    ///   - document: Its name.
    ///   - status: What its directory was like, before the flush of the names in it.
    ///   - lastEdit: When the newest of its managed files was written, of those that were looked at before their flush.
    ///   - untouched: The managed files that were there already: a doubt of these stays.
    func note(
        _ document: DocumentName, _ status: FileStatus, lastEdit: Timestamp?, untouched: Set<EntryName>
    ) {
        states.withLock { states in
            if case .doubtful(let doubt) = states[document] {
                let rest = untouched.filter(doubt.contains)
                if !rest.isEmpty { return states[document] = .doubtful(.some(rest)) }
            }
            var known: Timestamp?
            if case .durable(status.identity, _, let edit) = states[document] { known = edit }
            states[document] = .durable(
                status.identity, change: status.change, lastEdit: .latest(known, lastEdit))
        }
    }

    /// Remembers that a flush has failed.
    ///
    /// - Parameters:
    ///   - document: The document's name.
    ///   - file: The managed file that it was about; nil for all of them.
    func doubt(_ document: DocumentName, _ file: EntryName? = nil) {
        states.withLock { states in
            let known: Set<EntryName>
            switch states[document] {
            case .doubtful(.all): return
            case .doubtful(.some(let names)): known = names
            case .durable, nil: known = []
            }
            states[document] = .doubtful(file.map { .some(known.union([$0])) } ?? .all)
        }
    }

    /// What a failed flush has left in doubt; nil for nothing.
    func doubt(of document: DocumentName) -> Doubt? {
        if case .doubtful(let doubt) = states.withLock({ $0[document] }) { doubt } else { nil }
    }

    /// Forgets a document that is there no more.
    func forget(_ document: DocumentName) { states.withLock { $0[document] = nil } }

    /// A doubt goes with the document to its new name.
    func rename(_ document: DocumentName, to target: DocumentName) {
        states.withLock { states in
            let former = states.removeValue(forKey: document)
            if case .doubtful = former { states[target] = former } else { states[target] = nil }
        }
    }
}

extension Timestamp {
    /// The later of two moments, of those that are known.
    static func latest(_ a: Timestamp?, _ b: Timestamp?) -> Timestamp? {
        guard let a, let b else { return a ?? b }
        return max(a, b)
    }
}
