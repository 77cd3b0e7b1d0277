import Holdfast

/// Which node of a simulated file system; never used twice, other than ``SimulatedNode/inode``.
package struct NodeID: Hashable, Sendable, Comparable {
    package let rawValue: Int
    package init(_ rawValue: Int) { self.rawValue = rawValue }
    package static func < (a: NodeID, b: NodeID) -> Bool { a.rawValue < b.rawValue }
}

/// What `fchmod`, `fchown`, `futimens` and `fsetxattr` change.
package struct NodeAttributes: Hashable, Sendable {
    package var mode: UInt32
    package var user: UInt32
    package var group: UInt32
    package var access: Timestamp
    package var modification: Timestamp
    package var change: Timestamp
    package var extended: [EntryName: [UInt8]] = [:]
}

/// A file, directory, link or special file of a simulated file system.
package struct SimulatedNode: Sendable {
    package enum Content: Sendable {
        case file(FileContent)
        case directory(EntryTable)
        case symbolicLink([UInt8])
        /// FIFOs, sockets and devices: entries that can only be looked at.
        case special(EntryKind)
    }

    package var attributes: NodeAttributes
    package var content: Content
    /// The number that `stat` shows.
    ///
    /// Like ext4, the simulation gives a freed number to the next new file.
    package internal(set) var inode: UInt64
    /// How many names the node has.
    package var links = 0
    /// The directory that holds this directory.
    package var parent: NodeID?

    package var kind: EntryKind {
        switch content {
        case .file: .file
        case .directory: .directory
        case .symbolicLink: .symbolicLink
        case .special(let kind): kind
        }
    }

    package var entries: EntryTable? {
        if case .directory(let entries) = content { entries } else { nil }
    }

    package var file: FileContent? {
        if case .file(let file) = content { file } else { nil }
    }

    package var size: Int64 {
        switch content {
        case .file(let file): file.size
        case .symbolicLink(let target): Int64(target.count)
        case .directory, .special: 0
        }
    }

    /// Changes a file's bytes in place, so that no copy of them is made.
    mutating func withFile(_ body: (inout FileContent) -> Void) {
        guard case .file(var file) = content else { return }
        content = .special(.file)
        body(&file)
        content = .file(file)
    }

    /// Changes a directory's entries in place.
    mutating func withEntries(_ body: (inout EntryTable) -> Void) {
        guard case .directory(var entries) = content else { return }
        content = .special(.directory)
        body(&entries)
        content = .directory(entries)
    }
}
