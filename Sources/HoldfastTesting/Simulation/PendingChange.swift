import Holdfast

/// One name of a directory that comes to stand for another node, or for none.
package struct EntryEdit: Hashable, Sendable {
    package let directory: NodeID
    package let name: EntryName
    package let target: NodeID?
    /// What the name stood for before, in memory.
    package let previous: NodeID?

    struct Place: Hashable {
        let directory: NodeID
        let name: EntryName
    }
    var place: Place { Place(directory: directory, name: name) }
}

/// A change that a call has made in memory, and that a crash may still lose.
package struct PendingChange: Sendable {
    package enum Kind: Sendable {
        case write(NodeID, at: Int64, bytes: [UInt8])
        case truncate(NodeID, to: Int64)
        case attributes(NodeID, NodeAttributes)
        /// All edits of one call: a rename, and an exchange, reach the disk as one.
        case entries([EntryEdit], moved: [NodeID])
    }

    package let kind: Kind
    package let time: Timestamp
    /// A failed flush has marked these pages clean: no later flush will write them.
    package var isDropped = false
    /// `sync_file_range` has put the pages into the device's cache.
    package var isWrittenBack = false

    package init(_ kind: Kind, at time: Timestamp) {
        self.kind = kind
        self.time = time
    }

    /// The file whose bytes or attributes change; nil for a change of names.
    package var node: NodeID? {
        switch kind {
        case .write(let node, _, _), .truncate(let node, _), .attributes(let node, _): node
        case .entries: nil
        }
    }

    package var isWrite: Bool {
        if case .write = kind { true } else { false }
    }

    var edits: [EntryEdit] {
        if case .entries(let edits, _) = kind { edits } else { [] }
    }

    /// Whether a journal's record of this change holds the inode of a node.
    func touches(_ id: NodeID) -> Bool {
        switch kind {
        case .write(let node, _, _), .truncate(let node, _), .attributes(let node, _): node == id
        case .entries(let edits, let moved):
            moved.contains(id) || edits.contains { $0.directory == id || $0.target == id }
        }
    }
}
