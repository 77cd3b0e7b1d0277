/// What one call changes in one document.
struct Save: Sendable, CustomStringConvertible {
    var document: String
    /// Managed files that are written, and how long their content is.
    var writes: [String: Int] = [:]
    /// Managed files that go.
    var removals: [String] = []
    /// Unmanaged entries that go.
    var unmanagedRemovals: [String] = []
    /// Unmanaged files that come, and how long their content is.
    var additions: [String: Int] = [:]
    /// The document's name from then on, where that changes too.
    var newName: String?

    var description: String {
        let changes =
            writes.keys.sorted().map { "write \($0)" } + removals.map { "remove \($0)" }
            + unmanagedRemovals.map { "remove \($0)" } + additions.keys.sorted().map { "add \($0)" }
            + (newName.map { ["rename to \($0)"] } ?? [])
        return "\(document): \(changes.joined(separator: ", "))"
    }
}

/// One step of the workload: what is acknowledged by one mark.
struct Step: Sendable, CustomStringConvertible {
    enum Change: Sendable {
        /// `update`.
        case save(Save)
        /// `updateBatch`: each document is whole by itself.
        case batch([Save])
        case rename(String, to: String)
        case remove(String)
        /// `AtomicFile`, outside the store.
        case settings(length: Int)
        /// A person saves and flushes a file of their own; while that goes on, its content is their own affair.
        case personWrites(document: String, path: String, length: Int)
        /// A person makes and flushes a link.
        case personLinks(document: String, path: String, target: String)
    }

    /// Steps are numbered from 1.
    let number: Int
    let change: Change

    /// The names of the documents that become their next generation together, each group by itself.
    var groups: [[String]] {
        switch change {
        case .save(let save): [[save.document] + (save.newName.map { [$0] } ?? [])]
        case .batch(let saves): saves.map { [$0.document] }
        case .rename(let from, let to): [[from, to]]
        case .remove(let document): [[document]]
        case .settings: []
        case .personWrites(let document, _, _), .personLinks(let document, _, _): [[document]]
        }
    }

    /// The entries of a document that may be anything until the step is acknowledged.
    var unsettled: (document: String, paths: Set<String>)? {
        switch change {
        case .personWrites(let document, let path, _):
            (document, [path, Self.swapFile(path), path.split(separator: "/").dropLast().joined(separator: "/")])
        case .personLinks(let document, let path, _): (document, [path])
        default: nil
        }
    }

    /// The file that a person's editor writes before it renames it over the one that is edited.
    static func swapFile(_ path: String) -> String { path + "~" }

    /// Changes a tree as the step changes the store.
    func apply(to tree: inout StoreTree) {
        switch change {
        case .save(let save): apply(save, to: &tree)
        case .batch(let saves): for save in saves { apply(save, to: &tree) }
        case .rename(let from, let to): tree.documents[to] = tree.documents.removeValue(forKey: from)
        case .remove(let document): tree.documents[document] = nil
        case .settings(let length): tree.settings = .file(content("outside", "settings", length))
        case .personWrites(let document, let path, let length):
            if let slash = path.firstIndex(of: "/") {
                tree.documents[document]?[String(path[..<slash])] = .folder
            }
            tree.documents[document]?[path] = .file(content(document, path, length))
        case .personLinks(let document, let path, let target):
            tree.documents[document]?[path] = .link(to: target)
        }
    }

    private func apply(_ save: Save, to tree: inout StoreTree) {
        var document = tree.documents[save.document] ?? [:]
        for (file, length) in save.writes { document[file] = .file(content(save.document, file, length)) }
        for (file, length) in save.additions { document[file] = .file(content(save.document, file, length)) }
        for name in save.removals + save.unmanagedRemovals { document[name] = nil }
        tree.documents[save.document] = nil
        tree.documents[save.newName ?? save.document] = document
    }

    /// What the step writes to a file.
    func content(_ document: String, _ file: String, _ length: Int) -> Content {
        Content(document: document, file: file, step: number, length: length)
    }

    var description: String { "step \(number): \(change)" }
}
