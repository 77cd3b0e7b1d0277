import FoundationEssentials

/// What a draft changes, by name.
struct DraftChanges {
    /// Managed files and their new bytes.
    private(set) var writes: [EntryName: Data] = [:]
    /// Managed files that go.
    private(set) var removals: Set<EntryName> = []
    /// Unmanaged entries that go, as they were when the host decided so.
    var unmanagedRemovals: [EntryName: FileStatus] = [:]
    /// Unmanaged entries that come, and where from.
    var additions: [EntryName: String] = [:]

    mutating func write(_ name: EntryName, _ data: Data) {
        writes[name] = data
        removals.remove(name)
    }

    mutating func remove(_ name: EntryName) {
        writes[name] = nil
        removals.insert(name)
    }

    /// Forgets a write that would change nothing.
    mutating func forgetWrite(_ name: EntryName) { writes[name] = nil }

    /// Forgets a removal of something that isn't there.
    mutating func forgetRemoval(_ name: EntryName) { removals.remove(name) }

    var isEmpty: Bool { writes.isEmpty && removals.isEmpty && unmanagedRemovals.isEmpty && additions.isEmpty }
}
