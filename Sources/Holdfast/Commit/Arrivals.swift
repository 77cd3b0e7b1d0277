/// What others have put into a generation that was swapped in and taken back, while the flush of the swap failed.
struct Arrivals {
    let document: DocumentName
    let context: StoreContext

    /// Moves it into the trash, with a warning for each entry.
    ///
    /// - Parameters:
    ///   - directory: The generation that was taken back, or a folder in it.
    ///   - carried: What was carried into it.
    ///   - own: What the commit itself has put there.
    ///   - path: The directory's path in the document, with a slash behind it; empty at the top.
    /// - Throws: What a system call met.
    func rescue(
        from directory: Directory, besides carried: [EntryName: CarryOver.Entry], _ own: Set<EntryName>, path: String
    ) throws {
        for (name, kind) in try directory.entries() where !own.contains(name) {
            guard let status = try directory.statusIfPresent(of: name) else { continue }
            let path = "\(path)\(name)"
            if let entry = carried[name], entry.status.kind == kind {
                if kind == .directory {
                    guard let folder = try directory.folderIfPresent(name) else { continue }
                    try Nesting.enter(level: Nesting.level(of: path)) {
                        try rescue(from: folder, besides: entry.children, [], path: path + "/")
                    }
                    continue
                }
                // What is written into a linked file is in the previous generation, too.
                if entry.isLinked ? status.identity == entry.status.identity : entry.isUntouched(status) { continue }
            }
            let place = try Trash(context: context).move(name, from: directory, of: document)
            _ = context.warn(document, "`\(path)` was put there before the save was taken back; it is in `\(place)`")
        }
    }
}
