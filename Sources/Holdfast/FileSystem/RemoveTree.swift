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
        let top = try open(name, status, in: parent)
        var use = ListingUse.once
        while try !empty(top, within: top, use, depth: 0) { use = .shared }
        return try removeEmptied(name, in: parent)
    }

    private static func open(
        _ name: EntryName, _ status: FileStatus, in parent: Directory
    ) throws(SystemCallError) -> Directory {
        if status.isMountPoint { throw SystemCallError(.rmdirat, .busy, entry: name) }
        let directory = try Directory(name, in: parent)
        try directory.makeWritable(status)
        return directory
    }

    /// Below so many levels a folder is lifted to the top first: each level takes stack and a descriptor.
    private static let deepest = 32

    /// Deletes what is in a directory; one that was listed already has to be opened anew for that.
    ///
    /// - Returns: Whether that was all; otherwise there is something at the top that was deeper.
    private static func empty(
        _ directory: Directory, within top: Directory, _ use: ListingUse = .once, depth: Int
    ) throws(SystemCallError) -> Bool {
        var isAll = true
        for entry in try directory.entries(use) where !isDeletedButOpen(entry.name) {
            if entry.kind != .directory {
                try directory.removeFile(entry.name)
            } else if let status = try directory.statusIfPresent(of: entry.name) {
                let folder = try open(entry.name, status, in: directory)
                if depth == deepest {
                    // Writable by now: with its parent, its entry `..` changes (rename(2)).
                    try lift(entry.name, from: directory, to: top)
                    isAll = false
                    continue
                }
                if try !empty(folder, within: top, depth: depth + 1) { isAll = false }
                _ = try removeEmptied(entry.name, in: directory)
            }
        }
        return isAll
    }

    private static func lift(
        _ name: EntryName, from directory: Directory, to top: Directory
    ) throws(SystemCallError) {
        var number = 0
        while try top.statusIfPresent(of: EntryName(".holdfast-lifted-\(number)")) != nil { number += 1 }
        try directory.rename(name, to: EntryName(".holdfast-lifted-\(number)"), in: top)
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
            guard try holdsDeletedButOpen(directory, depth: 0) else { throw error }
            return false
        }
    }

    /// Whether a directory holds what is deleted but open, or folders that do, and nothing else.
    private static func holdsDeletedButOpen(_ directory: Directory, depth: Int) throws(SystemCallError) -> Bool {
        let entries = try directory.entries(.once)
        for (name, kind) in entries where !isDeletedButOpen(name) {
            guard kind == .directory, depth < deepest, let folder = try directory.subdirectoryIfPresent(name),
                try holdsDeletedButOpen(folder, depth: depth + 1)
            else { return false }
        }
        return !entries.isEmpty
    }
}
