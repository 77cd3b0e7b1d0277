/// What a person has taken out of the document since it was carried over, taken out of the staging too, right before the
/// swap.
///
/// After the swap it would stand there again until step 7. Of a file that was renamed, its old name would lead to the same
/// inode: who saves something else under that name would write into the renamed file.
struct Withdrawal {
    let context: StoreContext
    let flushing: FlushProtocol
    private(set) var actions: [Receipt.Reconciliation] = []
    private(set) var flushes = 0

    init(context: StoreContext, flushing: FlushProtocol) {
        self.context = context
        self.flushing = flushing
    }

    /// Goes through a directory of the document, and the folders that have changed in it.
    ///
    /// - Parameters:
    ///   - carried: What was carried from it; what is withdrawn leaves that.
    ///   - staging: Its counterpart in the next generation.
    ///   - old: The directory as it is now.
    ///   - status: What it was like when it was carried over, and is like now.
    ///   - path: Its path in the document, with a slash behind it; empty at the top.
    /// - Throws: What a system call met.
    mutating func withdraw(
        _ carried: inout [EntryName: CarryOver.Entry], from staging: Directory, goneFrom old: Directory,
        _ status: (before: FileStatus, now: FileStatus), path: String
    ) throws {
        if status.before.modification != status.now.modification {
            let present = Set(try old.entries().map(\.name))
            let gone = carried.filter {
                !present.contains($0.key) && !(path.isEmpty && context.isManaged($0.key, $0.value.status.kind))
            }
            // A listing may miss a name that is renamed over meanwhile (readdir(3)).
            for name in gone.keys.sorted()
            where try old.statusIfPresent(of: name) == nil && remove(name, from: staging) {
                carried[name] = nil
                actions.append(.init(path: "\(path)\(name)", action: .deleted))
            }
            if !gone.isEmpty, flushing == .eachFile || flushing == .wholeFileSystem {
                try staging.flush()
                flushes += 1
            }
        }
        for (name, entry) in carried.sorted(by: { $0.key < $1.key }) where entry.status.kind == .directory {
            guard let now = try old.statusIfPresent(of: name), now.identity == entry.status.identity,
                now.modification != entry.status.modification
                    || entry.children.values.contains(where: { $0.status.kind == .directory }),
                let folder = try old.folderIfPresent(name), let copy = try staging.folderIfPresent(name)
            else { continue }
            var children = entry.children
            let path = "\(path)\(name)"
            try Nesting.enter(level: Nesting.level(of: path)) {
                try withdraw(
                    &children, from: copy, goneFrom: folder, (before: entry.status, now: now), path: path + "/")
            }
            carried[name]?.children = children
        }
    }

    /// - Returns: Whether it has gone: not where the directory's mode, which is the document's by now, doesn't let it.
    private func remove(_ name: EntryName, from staging: Directory) throws(SystemCallError) -> Bool {
        do {
            return try RemoveTree.remove(name, in: staging)
        } catch  where error.errno == .accessDenied {
            return false
        }
    }
}
