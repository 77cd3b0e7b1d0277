/// A generation in which nothing is left that anybody could miss.
struct OldGeneration {
    let document: DocumentName
    let context: StoreContext

    /// Removes the emptied directory, which is `.old-X`, or an `X` that gives way to it.
    ///
    /// Where file systems keep files in it that are deleted but open, it becomes `.removed-X`: it must not be taken for
    /// the only copy later.
    func removeEmptied(_ old: Directory, named name: EntryName) throws(SystemCallError) {
        if try RemoveTree.removeEmptied(name, in: context.root) { return }
        do {
            try context.renameWithoutReplacing(name, in: context.root, to: document.removed, in: context.root)
        } catch  where error.errno == .exists || error.errno == .notEmpty {
            let removed = try Directory(document.removed, in: context.root)
            for (entry, _) in try old.entries() {
                try context.renameWithoutReplacing(entry, in: old, to: entry, in: removed)
            }
            try context.root.removeDirectory(name)
        }
    }
}
