/// What every operation of an open store works with.
struct StoreContext: Sendable {
    let root: Directory
    let codecs: CodecRegistry
    let options: StoreOptions
    let capabilities: Capabilities
    let locks: StoreLocks

    var isDurable: Bool { options.durability == .powerLoss }

    /// Renames without ever replacing what stands at the new name.
    ///
    /// Where the file system can't refuse by itself, the new name's absence is checked first; the lock of the document
    /// keeps other kernels away from it.
    func renameWithoutReplacing(
        _ name: EntryName, in directory: Directory, to newName: EntryName, in newDirectory: Directory
    ) throws(SystemCallError) {
        if capabilities.has(.noReplace) {
            do {
                return try directory.rename(name, to: newName, in: newDirectory, .noReplace)
            } catch {
                guard capabilities.isRefusal(error, of: .noReplace) else { throw error }
            }
        }
        if try newDirectory.statusIfPresent(of: newName) != nil {
            throw SystemCallError(.renameat2, .exists, entry: newName)
        }
        try directory.rename(name, to: newName, in: newDirectory)
    }

    /// Whether an entry is a managed file: a codec claims its name, and it is a regular file.
    func isManaged(_ name: EntryName, _ kind: EntryKind) -> Bool {
        kind == .file && codecs.manages(name)
    }

    /// Whether an entry is what a commit leaves of a managed file that it never renamed into place.
    ///
    /// A person's own `notes.tmp` is not: no codec claims `notes`.
    func isOrphan(_ name: EntryName, _ kind: EntryKind) -> Bool {
        kind == .file && name.hasSuffix(DocumentName.temporarySuffix)
            && codecs.manages(name.dropping(suffix: DocumentName.temporarySuffix))
    }

    func warn(_ document: DocumentName?, _ message: String) -> Warning {
        let warning = Warning(document: document?.description, message: message)
        options.observer?(.warning(warning))
        return warning
    }
}

/// Names that file systems make up for files that are deleted while open, and that vanish by themselves: FUSE's
/// `.fuse_hidden…` and NFS's `.nfs…`.
///
/// They are nobody's: not carried, not reconciled, not missed.
func isDeletedButOpen(_ name: EntryName) -> Bool {
    name.hasPrefix(".fuse_hidden") || (name.hasPrefix(".nfs") && name.count >= 20)
}
