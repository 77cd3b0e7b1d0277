/// `.old-X`, once nothing is in it any more that anybody could miss.
struct OldGeneration {
    let document: DocumentName
    let context: StoreContext

    /// Removes the emptied directory.
    ///
    /// Where file systems keep files in it that are deleted but open, it becomes `.removed-X`: it must not be taken for
    /// the only copy if `X` goes too.
    func removeEmptied(_ old: Directory) throws(SystemCallError) {
        if try RemoveTree.removeEmptied(document.old, in: context.root) { return }
        do {
            try context.renameWithoutReplacing(document.old, in: context.root, to: document.removed, in: context.root)
        } catch  where error.errno == .exists || error.errno == .notEmpty {
            let removed = try Directory(document.removed, in: context.root)
            for (name, _) in try old.entries() {
                try context.renameWithoutReplacing(name, in: old, to: name, in: removed)
            }
            try context.root.removeDirectory(document.old)
        }
    }
}
