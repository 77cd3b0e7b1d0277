import CommandLineKit
import FoundationEssentials
import Holdfast

/// `QUERY_MESSAGE.md` in a conversation, or a copy of it on the way there.
///
/// It is written as an entry that the document gains in a commit, under the document's lock: a file that is renamed into
/// the directory by hand would land in the old generation if a save swapped the directory at that moment.
enum DraftFile {
    /// Replaces the draft.
    ///
    /// - Parameters:
    ///   - bytes: The new draft.
    ///   - expected: What the draft must still be; nothing for any.
    ///   - document: The conversation's directory.
    ///   - store: The store.
    /// - Returns: What was done.
    /// - Throws: ``CommandFailure`` where the draft is another by now, or what the kernel throws.
    static func write(
        _ bytes: Data, replacing expected: Data?? = .none, of document: String, in store: ConversationStore
    ) throws -> Receipt {
        try TemporaryFolder.with { folder in
            let path = folder.path(ConversationFiles.draft)
            try AtomicFile(path, durability: .processCrash).write(bytes)
            return try store.documents.update(document) { draft in
                if draft.isNew { throw CommandFailure("\(document): the conversation is gone") }
                let current = try draft.unmanagedBytes(ConversationFiles.draft)
                if case .some(let expected) = expected, expected != current {
                    throw CommandFailure(
                        "\(document): the draft was changed meanwhile; it is as the other writer left it")
                }
                if current == bytes { return }
                if try draft.removeUnmanaged(ConversationFiles.draft) {
                    try folder.copyMode(to: ConversationFiles.draft, from: PathText(store.path(of: document)))
                }
                try draft.addUnmanaged(ConversationFiles.draft, copying: path)
            }
        }
    }

    /// Whether a file is as the editor found it; not where that can't be told.
    private static func holds(_ path: String, _ text: Data) -> Bool {
        do {
            return try InputFile.read(path) == text
        } catch {
            return false
        }
    }

    /// Lets a person edit the draft, and saves it.
    static func edit(_ document: String, in store: ConversationStore) throws -> Receipt {
        var before: Data?
        try store.documents.update(document) { draft in
            if draft.isNew { throw CommandFailure("\(document): the conversation is gone") }
            before = try draft.unmanagedBytes(ConversationFiles.draft)
        }
        return try TemporaryFolder.with { folder in
            let path = folder.path(ConversationFiles.draft)
            let text = before ?? Data()
            try AtomicFile(path, durability: .processCrash).write(text)
            do {
                try Editor().edit(path)
                let edited = try InputFile.read(path)
                // An editor that was left at once makes no draft.
                if edited == text {
                    return try store.documents.update(document) { draft in
                        if draft.isNew { throw CommandFailure("\(document): the conversation is gone") }
                    }
                }
                return try write(edited, replacing: .some(before), of: document, in: store)
            } catch {
                if Self.holds(path, text) { throw error }
                folder.keep()
                throw CommandFailure("\(error); the edited draft is kept in \(path)")
            }
        }
    }
}
