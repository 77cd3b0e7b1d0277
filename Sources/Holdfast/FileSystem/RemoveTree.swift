/// Deletes entries with all that is in them, never following a link and never crossing into a mount.
enum RemoveTree {
    /// Deletes an entry of any kind.
    ///
    /// What file systems keep for files that are deleted but open is left alone; such a directory stays, and is told.
    ///
    /// - Returns: Whether it is gone.
    static func remove(_ name: EntryName, in parent: Directory) throws(SystemCallError) -> Bool {
        guard let status = try parent.statusIfPresent(of: name) else { return true }
        guard status.kind == .directory else {
            try parent.removeFile(name)
            return true
        }
        if status.isMountPoint { throw SystemCallError(.rmdirat, .busy, entry: name) }
        let directory = try Directory(name, in: parent)
        try directory.makeWritable(status)
        for entry in try directory.entries(.once) where !isDeletedButOpen(entry.name) {
            if entry.kind == .directory {
                _ = try remove(entry.name, in: directory)
            } else {
                try directory.removeFile(entry.name)
            }
        }
        return try removeEmptied(name, in: parent)
    }

    /// Deletes a directory that holds at most what is deleted but open.
    ///
    /// - Returns: Whether it is gone.
    static func removeEmptied(_ name: EntryName, in parent: Directory) throws(SystemCallError) -> Bool {
        do {
            try parent.removeDirectory(name)
            return true
        } catch  where error.errno == .notEmpty || error.errno == .exists {
            guard let directory = try parent.subdirectoryIfPresent(name) else { return true }
            // Whatever else is there, somebody has just put there: an empty folder too.
            guard try holdsDeletedButOpen(directory) else { throw error }
            return false
        }
    }

    /// Whether a directory holds what is deleted but open, or folders that do, and nothing else.
    private static func holdsDeletedButOpen(_ directory: Directory) throws(SystemCallError) -> Bool {
        let entries = try directory.entries(.once)
        for (name, kind) in entries where !isDeletedButOpen(name) {
            guard kind == .directory, let folder = try directory.subdirectoryIfPresent(name),
                try holdsDeletedButOpen(folder)
            else { return false }
        }
        return !entries.isEmpty
    }
}
