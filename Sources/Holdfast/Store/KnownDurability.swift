import Synchronization

/// What a store knows of whether its documents, as they are, would survive a power loss.
///
/// It has to know: a writer that was killed, or that did not flush, leaves files in place that only look saved.
final class KnownDurability: Sendable {
    /// A managed file's bytes, to be known again by: whoever replaces the file changes the one, who writes into it the other.
    struct File: Hashable {
        let identity: FileIdentity
        private let modification: Timestamp

        init(_ status: FileStatus) {
            identity = status.identity
            modification = status.modification
        }
    }

    /// A document that this store has made durable.
    private struct Document {
        let directory: FileIdentity
        /// When its directory had last changed; nil where some of its files are in doubt.
        ///
        /// Whoever renames something in it, or the directory itself, changes that.
        let change: Timestamp?
        let files: Set<File>
    }

    private struct State {
        var documents: [DocumentName: Document] = [:]
        /// Files and directories of which a flush has failed: the kernel may have dropped their pages, and no later flush
        /// would tell.
        var doubtful: Set<FileIdentity> = []
    }

    private let state = Mutex(State())

    // MARK: - What is durable

    /// Whether a document is as it was when this store made it durable.
    ///
    /// - Parameters:
    ///   - document: Its name.
    ///   - status: What its directory is like.
    ///   - files: The managed files that were looked at.
    /// - Returns: Whether that is known.
    func holds(_ document: DocumentName, _ status: FileStatus, _ files: [File]) -> Bool {
        state.withLock { state in
            guard let known = state.documents[document], known.directory == status.identity,
                known.change == status.change
            else { return false }
            // A flush may have failed since of what was written into one of them.
            return files.allSatisfy(known.files.contains)
                && (state.doubtful.isEmpty || !known.files.contains { state.doubtful.contains($0.identity) })
        }
    }

    /// The files of a document that are known to be durable.
    func files(of document: DocumentName) -> Set<File> { state.withLock { $0.documents[document]?.files ?? [] } }

    /// Remembers that a document was made durable.
    ///
    /// - Parameters:
    ///   - document: Its name.
    ///   - status: What its directory was like, before the flush of the names in it.
    ///   - written: Its managed files that are new.
    ///   - untouched: Those that were there already, before their flush.
    /// - Returns: Whether all of it is durable: a doubt of the latter stays.
    func note(
        _ document: DocumentName, _ status: FileStatus, written: Set<File>, untouched: some Sequence<File>
    ) -> Bool {
        state.withLock { state in
            // A doubt of what had these inodes before; a directory in doubt takes a new one.
            if !state.doubtful.isEmpty { state.doubtful.subtract(written.map(\.identity) + [status.identity]) }
            var files = written
            var isWhole = true
            for file in untouched {
                if state.doubtful.contains(file.identity) { isWhole = false } else { files.insert(file) }
            }
            state.documents[document] = Document(
                directory: status.identity, change: isWhole ? status.change : nil, files: files)
            return isWhole
        }
    }

    /// Forgets a document that is there no more.
    func forget(_ document: DocumentName) { state.withLock { $0.documents[document] = nil } }

    /// What is known of a document's files is known of them under another name too.
    func rename(_ document: DocumentName, to target: DocumentName) {
        state.withLock { $0.documents[target] = $0.documents.removeValue(forKey: document) }
    }

    // MARK: - What is in doubt

    /// Remembers that a flush of files or directories has failed.
    func doubt(_ identities: some Sequence<FileIdentity>) { state.withLock { $0.doubtful.formUnion(identities) } }

    /// Whether a flush of a file or directory has failed.
    func isDoubtful(_ identity: FileIdentity) -> Bool { state.withLock { $0.doubtful.contains(identity) } }

    /// Whether any flush has failed.
    var hasDoubts: Bool { state.withLock { !$0.doubtful.isEmpty } }
}
