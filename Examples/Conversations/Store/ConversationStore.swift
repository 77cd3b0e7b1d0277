import CommandLineKit
import FoundationEssentials
import Holdfast
import HoldfastJSON

/// A store of conversations: the kernel's store, and what is special about conversations.
struct ConversationStore {
    let documents: DocumentStore

    init(_ documents: DocumentStore) {
        self.documents = documents
    }

    /// Where a conversation's directory is.
    func path(of document: String) -> String { PathText(documents.path).appending(document) }

    /// The names of all conversations, oldest first.
    func names() throws -> [ConversationName] {
        try documents.list().map { ConversationName($0) }
    }

    /// Finds a conversation.
    ///
    /// - Parameter prefix: Its directory's name, its id, or any beginning of the name that no other has.
    /// - Returns: The directory's name.
    /// - Throws: ``CommandFailure`` where there is none or more than one.
    func find(_ prefix: String) throws -> String {
        let names = try names()
        func matches(_ text: String) -> Bool { text.utf8.elementsEqual(prefix.utf8) }
        if let exact = names.first(where: { matches($0.description) }) { return exact.description }
        let sameID = names.filter { matches($0.id) }
        let candidates = sameID.isEmpty ? names.filter { $0.description.utf8.starts(with: prefix.utf8) } : sameID
        guard let found = candidates.first, !prefix.isEmpty else {
            throw CommandFailure("no conversation's name begins with `\(prefix)`; see `conversations list`")
        }
        guard candidates.count == 1 else {
            let examples = candidates.prefix(3).map { "`\($0.description)`" }.joined(separator: ", ")
            throw CommandFailure(
                "`\(prefix)` is ambiguous: \(candidates.count) conversations begin with it, such as \(examples)")
        }
        return found.description
    }

    /// Creates a conversation with an id that no other has.
    ///
    /// - Parameters:
    ///   - id: The id; nil for one of the current time.
    ///   - title: The title that the name is made of.
    ///   - fill: Makes the first generation.
    /// - Returns: What was done.
    /// - Throws: ``CommandFailure`` where the id is taken, or what the kernel or `fill` throws.
    func create(id: String?, title: String, _ fill: (inout Draft) throws -> Void) throws -> Receipt {
        try create(fill) { taken in
            let id = id ?? ConversationID.next(after: taken)
            if taken.contains(id) { throw CommandFailure("there is already a conversation with the id \(id)") }
            return ConversationName(id: id, title: title)
        }
    }

    /// Creates a conversation that has a name already.
    func create(named name: ConversationName, _ fill: (inout Draft) throws -> Void) throws -> Receipt {
        try create(fill) { taken in
            if taken.contains(name.id) {
                throw CommandFailure("\(name.description): there is already a conversation with the id \(name.id)")
            }
            return name
        }
    }

    private func create(
        _ fill: (inout Draft) throws -> Void, _ choose: (Swift.Set<String>) throws -> ConversationName
    ) throws -> Receipt {
        // The kernel keeps names apart, and two conversations with one id have different names.
        let creation = try CreationLock(store: documents.path)
        defer { creation.release() }
        let name = try choose(Swift.Set(names().map(\.id)))
        return try documents.update(name.description) { draft in
            guard draft.isNew else {
                throw CommandFailure("\(draft.document): there is already a conversation of this name")
            }
            try fill(&draft)
        }
    }
}

extension JSONObject {
    /// The title in a conversation's metadata.
    var title: String? { self["title"]?.string }
}
