/// `.trash/`: where things go that nobody may delete and that have no place any more.
///
/// It is its maker's alone, since what was private stays so; other users' processes have `.trash-UID/`.
struct Trash {
    static let directoryName = EntryName(".trash")

    let context: StoreContext

    /// Moves an entry of a document into the trash, as `X~NAME`.
    ///
    /// - Returns: Where it is now, relative to the store.
    func move(
        _ name: EntryName, from directory: Directory, of document: DocumentName, as label: EntryName? = nil
    ) throws(SystemCallError) -> String {
        try move(name, from: directory, labelled: (document.entry + "~") + (label ?? name).description)
    }

    /// Moves an entry into the trash.
    ///
    /// - Returns: Where it is now, relative to the store.
    func move(_ name: EntryName, from directory: Directory, labelled label: EntryName) throws(SystemCallError) -> String
    {
        let (trash, place) = try open(context.flushMoment)
        let stem = EntryName(bytes: label.bytes.prefix(240))
        var number = 0
        while true {
            let candidate = number == 0 ? stem : stem + "-\(number)"
            do {
                try context.move(name, from: directory, to: candidate, in: trash)
            } catch  where error.errno == .exists || error.errno == .notEmpty {
                number += 1
                continue
            }
            try flush(trash, orMoveBack: candidate, to: name, in: directory)
            return "\(place)/\(candidate)"
        }
    }

    /// Makes a move into the trash durable; where that fails, nothing has moved.
    private func flush(
        _ trash: Directory, orMoveBack moved: EntryName, to name: EntryName, in directory: Directory
    ) throws(SystemCallError) {
        guard context.isDurable else { return }
        do {
            try trash.flush()
        } catch {
            try context.move(moved, from: trash, to: name, in: directory)
            throw error
        }
    }

    private func open(_ moment: StoreContext.FlushMoment) throws(SystemCallError) -> (Directory, EntryName) {
        if let trash = try open(Self.directoryName, moment) { return (trash, Self.directoryName) }
        let own = Self.directoryName + "-\(context.root.fileSystem.effectiveUser())"
        if let trash = try open(own, moment) { return (trash, own) }
        throw SystemCallError(.openat, .accessDenied, entry: own)
    }

    /// - Returns: Nil where it is another user's.
    private func open(_ name: EntryName, _ moment: StoreContext.FlushMoment) throws(SystemCallError) -> Directory? {
        do {
            try context.root.makeDirectory(name, mode: 0o700)
        } catch  where error.errno == .exists {}
        // Each time: who made it may have been killed before the flush.
        if context.isDurable { try context.flushNames(since: moment) }
        do {
            let trash = try Directory(name, in: context.root)
            return try trash.mayModify() ? trash : nil
        } catch  where error.errno == .accessDenied {
            return nil
        }
    }
}
