import Holdfast

/// What a simulated file system promises about a crash: which changes a flush makes durable, and which of the others a
/// crash may lose.
public enum DurabilityModel: String, Sendable, Codable, Hashable, CaseIterable {
    /// Only what POSIX promises.
    ///
    /// `fsync` of a file makes its bytes and attributes durable, `fsync` of a directory the names in it, and neither
    /// anything else. Any other change may be lost or kept in any combination, but that two changes of one name keep
    /// their order and that a rename is one change. Bytes may come back as a prefix, as zeros or as garbage.
    case strictPOSIX
    /// ext4 with `data=ordered`: one journal.
    ///
    /// Changes of metadata become durable in their order, so that a crash loses the last ones; `fsync` commits all up to
    /// the last change of what it flushes. Bytes have their blocks allocated late: without a flush, and also after a
    /// rename, a file may come back empty, or cut at a block.
    case ext4Ordered
    /// Like btrfs: transactions, and a log for `fsync` within one.
    ///
    /// A transaction may commit at any time, with all changes of metadata up to then. `fsync` of a file adds the file
    /// and its own names, `fsync` of a directory the names in it, ahead of earlier changes elsewhere.
    case btrfs

    /// Whether a crash loses the last changes of metadata, and not any.
    var losesSuffix: Bool { self != .strictPOSIX }

    package var fileSystemKind: FileSystemKind {
        switch self {
        case .strictPOSIX: .other
        case .ext4Ordered: .ext4
        case .btrfs: .btrfs
        }
    }

    /// Which pending changes a successful `fsync` of a node makes durable.
    func flushed(_ id: NodeID, _ pending: [PendingChange]) -> [Bool] {
        var chosen = pending.map { $0.node == id }
        switch self {
        case .strictPOSIX:
            for (index, change) in pending.enumerated() where change.edits.contains(where: { $0.directory == id }) {
                chosen[index] = true
            }
        case .btrfs:
            // A file's new names are logged with it, and the directories that lead to it where they are new too.
            var named: Set<NodeID> = [id]
            for index in pending.indices.reversed() {
                guard case .entries(let edits, let moved) = pending[index].kind else { continue }
                let gains = edits.contains { edit in edit.target.map { named.contains($0) } ?? false }
                if gains || moved.contains(id) || edits.contains(where: { $0.directory == id }) {
                    chosen[index] = true
                    for edit in edits where edit.target != nil { named.insert(edit.directory) }
                }
            }
        case .ext4Ordered:
            // Blocks that a flush allocates change the inode, so that the newest transaction is committed; otherwise the
            // one that last held this inode (ext4_sync_file: i_sync_tid).
            let allocates = pending.contains { $0.isWrite && $0.node == id && !$0.isDropped }
            let last = allocates ? pending.indices.last : pending.lastIndex { $0.touches(id) }
            guard let last else { break }
            for index in 0...last where !pending[index].isWrite || pending[index].isWrittenBack {
                chosen[index] = true
            }
            return chosen
        }
        closeOverNames(&chosen, pending)
        return chosen
    }

    /// Adds the earlier changes of the same names: a directory's block holds the outcome of both.
    private func closeOverNames(_ chosen: inout [Bool], _ pending: [PendingChange]) {
        var places: Set<EntryEdit.Place> = []
        for index in pending.indices.reversed() {
            let edits = pending[index].edits
            guard chosen[index] || edits.contains(where: { places.contains($0.place) }) else { continue }
            chosen[index] = true
            for edit in edits { places.insert(edit.place) }
        }
    }
}
