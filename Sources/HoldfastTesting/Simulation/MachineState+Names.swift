import Holdfast

/// What a link chain may have at most: `ELOOP` behind that.
private let longestLinkChain = 40

extension MachineState {
    // MARK: - Paths

    mutating func openDirectory(path: String, client: Int) throws(SystemCallError) -> Descriptor {
        let id = try resolve(path[...], .openat)
        if tree[id]?.kind != .directory { throw SystemCallError(.openat, .notADirectory) }
        return openDescriptor(id, client: client)
    }

    mutating func makeDirectory(path: String, mode: UInt32) throws(SystemCallError) {
        let (parent, name) = try resolveParent(path, .mkdir)
        try makeDirectory(name, in: parent, mode: mode, .mkdir)
    }

    /// Splits a path into its directory, where links are followed, and its last name.
    func resolveParent(_ path: String, _ call: SystemCall) throws(SystemCallError) -> (NodeID, EntryName) {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else { return (SimulatedTree.root, EntryName(String(path))) }
        let parent = try resolve(path[..<slash], call, followingLast: true)
        if tree[parent]?.kind != .directory { throw SystemCallError(call, .notADirectory) }
        return (parent, EntryName(String(path[path.index(after: slash)...])))
    }

    /// The node at a path, following links in all components but the last.
    private func resolve(
        _ path: Substring, _ call: SystemCall, followingLast: Bool = false
    ) throws(SystemCallError) -> NodeID {
        var rest = path.split(separator: "/").reversed().map { EntryName(String($0)) }
        var id = SimulatedTree.root
        var links = 0
        while let name = rest.popLast() {
            guard let node = tree[id], node.kind == .directory else { throw SystemCallError(call, .notADirectory) }
            if name == EntryName(".") { continue }
            if name == EntryName("..") {
                id = node.parent ?? SimulatedTree.root
                continue
            }
            let next = try existing(name, in: id, call)
            if case .symbolicLink(let target) = tree[next]?.content, !rest.isEmpty || followingLast {
                links += 1
                if links > longestLinkChain { throw SystemCallError(call, .loop) }
                if target.first == UInt8(ascii: "/") { id = SimulatedTree.root }
                rest.append(
                    contentsOf: target.split(separator: UInt8(ascii: "/")).reversed().map { EntryName(bytes: $0) })
                continue
            }
            id = next
        }
        return id
    }

    // MARK: - Entries

    mutating func open(
        _ name: EntryName, in directory: Descriptor, _ access: FileAccess, mode: UInt32, client: Int
    ) throws(SystemCallError) -> Descriptor {
        let parent = try self.directory(directory, .openat)
        if var id = try find(name, in: parent, .openat) {
            if configuration.lies.contains(.followsLinks), let target = followed(id, in: parent) { id = target }
            return try openExisting(id, access, client: client)
        }
        guard access == .createNew || access == .readWriteOrCreate else { throw SystemCallError(.openat, .notFound) }
        try check(Self.change, in: parent, .openat)
        let id = makeNode(.file(FileContent()), mode: mode & 0o7777 & ~configuration.umask, in: parent)
        change(.entries([edit(parent, name, id)], moved: []))
        return openDescriptor(id, client: client, writable: true)
    }

    private func followed(_ id: NodeID, in parent: NodeID) -> NodeID? {
        guard case .symbolicLink(let target) = tree[id]?.content else { return nil }
        let text = String(decoding: target, as: UTF8.self)
        return tree.find(text.hasPrefix("/") ? text : "\(tree.path(of: parent) ?? "")/\(text)")
    }

    private mutating func openExisting(
        _ id: NodeID, _ access: FileAccess, client: Int
    ) throws(SystemCallError) -> Descriptor {
        guard let kind = tree[id]?.kind else { throw SystemCallError(.openat, .notFound) }
        switch access {
        case .createNew:
            guard configuration.lies.contains(.ignoresExclusive), kind == .file else {
                throw SystemCallError(.openat, .exists)
            }
            return openDescriptor(id, client: client, writable: true)
        case .directory:
            // A link is no directory: under O_DIRECTORY, O_NOFOLLOW doesn't answer ELOOP.
            if kind != .directory { throw SystemCallError(.openat, .notADirectory) }
            return openDescriptor(id, client: client)
        case .read:
            if kind == .symbolicLink { throw SystemCallError(.openat, .loop) }
            if kind == .socket || kind == .device { throw SystemCallError(.openat, .noSuchDevice) }
            return openDescriptor(id, client: client)
        case .readWriteOrCreate:
            if kind == .symbolicLink { throw SystemCallError(.openat, .loop) }
            if kind == .directory { throw SystemCallError(.openat, .isADirectory) }
            if kind == .socket || kind == .device { throw SystemCallError(.openat, .noSuchDevice) }
            return openDescriptor(id, client: client, writable: true)
        }
    }

    func edit(_ directory: NodeID, _ name: EntryName, _ target: NodeID?) -> EntryEdit {
        EntryEdit(directory: directory, name: name, target: target, previous: tree[directory]?.entries?[name])
    }

    mutating func makeDirectory(
        _ name: EntryName, in directory: Descriptor, mode: UInt32
    ) throws(SystemCallError) {
        try makeDirectory(name, in: try self.directory(directory, .mkdirat), mode: mode, .mkdirat)
    }

    private mutating func makeDirectory(
        _ name: EntryName, in parent: NodeID, mode: UInt32, _ call: SystemCall
    ) throws(SystemCallError) {
        if try find(name, in: parent, call) != nil { throw SystemCallError(call, .exists) }
        try check(Self.change, in: parent, call)
        let id = makeNode(.directory([:]), mode: mode & 0o1777 & ~configuration.umask, in: parent)
        change(.entries([edit(parent, name, id)], moved: []))
    }

    /// Makes a FIFO, socket or device: nothing that the kernel does, but that a person may.
    package mutating func makeSpecial(
        _ name: EntryName, at directory: Descriptor, _ kind: EntryKind
    ) throws(SystemCallError) {
        let parent = try self.directory(directory, .openat)
        if try find(name, in: parent, .openat) != nil { throw SystemCallError(.openat, .exists) }
        let id = makeNode(.special(kind), mode: 0o644, in: parent)
        change(.entries([edit(parent, name, id)], moved: []))
    }

    mutating func makeSymbolicLink(
        to target: [UInt8], named name: EntryName, in directory: Descriptor
    ) throws(SystemCallError) {
        let parent = try self.directory(directory, .symlinkat)
        if target.isEmpty { throw SystemCallError(.symlinkat, .notFound) }
        if try find(name, in: parent, .symlinkat) != nil { throw SystemCallError(.symlinkat, .exists) }
        try check(Self.change, in: parent, .symlinkat)
        let id = makeNode(.symbolicLink(target), mode: 0o777, in: parent)
        change(.entries([edit(parent, name, id)], moved: []))
    }

    func readSymbolicLink(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) -> [UInt8] {
        let id = try existing(name, in: try self.directory(directory, .readlinkat), .readlinkat)
        guard case .symbolicLink(let target) = tree[id]?.content else { throw SystemCallError(.readlinkat, .invalid) }
        return target
    }

    mutating func removeFile(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) {
        let parent = try self.directory(directory, .unlinkat)
        let id = try existing(name, in: parent, .unlinkat)
        try check(Self.change, in: parent, .unlinkat)
        if tree[id]?.kind == .directory { throw SystemCallError(.unlinkat, .isADirectory) }
        change(.entries([edit(parent, name, nil)], moved: []))
    }

    mutating func removeDirectory(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) {
        let parent = try self.directory(directory, .rmdirat)
        let id = try existing(name, in: parent, .rmdirat)
        try check(Self.change, in: parent, .rmdirat)
        guard let entries = tree[id]?.entries else { throw SystemCallError(.rmdirat, .notADirectory) }
        if !entries.isEmpty { throw SystemCallError(.rmdirat, .notEmpty) }
        change(.entries([edit(parent, name, nil)], moved: []))
    }

    mutating func link(
        _ name: EntryName, in directory: Descriptor, to newName: EntryName, in newDirectory: Descriptor
    ) throws(SystemCallError) {
        let parent = try self.directory(directory, .linkat)
        let id = try existing(name, in: parent, .linkat)
        let newParent = try self.directory(newDirectory, .linkat)
        if try find(newName, in: newParent, .linkat) != nil { throw SystemCallError(.linkat, .exists) }
        guard let node = tree[id] else { throw SystemCallError(.linkat, .notFound) }
        if node.kind == .directory || configuration.missing.contains(.link) {
            throw SystemCallError(.linkat, .notPermitted)
        }
        // fs.protected_hardlinks: proc_sys_fs(5).
        if configuration.protectsHardLinks, node.attributes.user != configuration.user {
            throw SystemCallError(.linkat, .notPermitted)
        }
        try check(Self.change, in: newParent, .linkat)
        change(.entries([edit(newParent, newName, id)], moved: [id]))
    }

    mutating func rename(
        _ name: EntryName, in directory: Descriptor, to newName: EntryName, in newDirectory: Descriptor,
        _ mode: RenameMode
    ) throws(SystemCallError) {
        let parent = try self.directory(directory, .renameat2)
        let newParent = try self.directory(newDirectory, .renameat2)
        let isUnknown =
            mode == .exchange && configuration.missing.contains(.exchange)
            || mode == .noReplace && configuration.missing.contains(.noReplace)
        let source = try existing(name, in: parent, .renameat2)
        let target = try find(newName, in: newParent, .renameat2)
        if mode == .noReplace, target != nil, !configuration.lies.contains(.ignoresNoReplace) {
            throw SystemCallError(.renameat2, .exists)
        }
        if mode == .exchange, target == nil { throw SystemCallError(.renameat2, .notFound) }
        // A file system is asked about flags only once the names are looked up.
        if isUnknown { throw SystemCallError(.renameat2, .invalid) }
        if isAncestor(source, of: newParent) { throw SystemCallError(.renameat2, .invalid) }
        if let target, isAncestor(target, of: parent) {
            throw SystemCallError(.renameat2, mode == .exchange ? .invalid : .notEmpty)
        }
        // Two names of one file: nothing happens, and both stay (rename(2)).
        if source == target { return }
        try check(Self.change, in: parent, .renameat2)
        try check(Self.change, in: newParent, .renameat2)
        // Its entry `..` changes with its parent.
        if parent != newParent, tree[source]?.kind == .directory { try check(0o2, in: source, .renameat2) }
        if mode == .exchange {
            return change(
                .entries(
                    [edit(parent, name, target), edit(newParent, newName, source)],
                    moved: [source] + (target.map { [$0] } ?? [])))
        }
        if let target { try checkReplacing(target, by: source) }
        change(.entries([edit(parent, name, nil), edit(newParent, newName, source)], moved: [source]))
    }

    private func checkReplacing(_ target: NodeID, by source: NodeID) throws(SystemCallError) {
        let isDirectory = tree[source]?.kind == .directory
        guard let entries = tree[target]?.entries else {
            if isDirectory { throw SystemCallError(.renameat2, .notADirectory) }
            return
        }
        if !isDirectory { throw SystemCallError(.renameat2, .isADirectory) }
        if !entries.isEmpty { throw SystemCallError(.renameat2, .notEmpty) }
    }

    private func isAncestor(_ node: NodeID, of directory: NodeID) -> Bool {
        guard tree[node]?.kind == .directory else { return false }
        var id: NodeID? = directory
        while let current = id {
            if current == node { return true }
            id = tree[current]?.parent
        }
        return false
    }

    // MARK: - Looking

    /// An entry as a listing shows it.
    struct ListedEntry: Sendable {
        let name: EntryName
        let kind: EntryKind?
        let node: NodeID
        /// Its place among the others.
        let order: UInt64
    }

    func entries(of descriptor: Descriptor) throws(SystemCallError) -> [ListedEntry] {
        let id = try opened(descriptor, .getdents64).node
        guard let node = tree[id], let entries = node.entries else { throw SystemCallError(.openat, .notADirectory) }
        return entries.map { name, id in
            // An order of its own for each seed: nothing may rely on one.
            var hash = StableHasher()
            hash.combine(configuration.seed)
            hash.combine(name.bytes)
            return ListedEntry(
                name: name, kind: configuration.hidesKinds ? nil : tree[id]?.kind, node: id, order: hash.value)
        }
        .sorted { ($0.order, $0.name) < ($1.order, $1.name) }
    }

    /// The rest of a listing that has shown some of what there was at its start.
    ///
    /// A name that was renamed over since then may be missed (readdir(3)); in ext4's directories it keeps its place.
    func entries(
        of descriptor: Descriptor, goingOn before: [ListedEntry], from first: Int
    ) throws(SystemCallError) -> [ListedEntry] {
        let last = before[first - 1]
        let known = Dictionary(uniqueKeysWithValues: before.map { ($0.name, $0.node) })
        return try entries(of: descriptor).filter { entry in
            guard (entry.order, entry.name) > (last.order, last.name) else { return false }
            return configuration.model == .ext4Ordered || known[entry.name].map { $0 == entry.node } ?? true
        }
    }

    func status(_ descriptor: Descriptor) throws(SystemCallError) -> FileStatus {
        status(try node(descriptor, .statx).node)
    }

    func status(of name: EntryName, in directory: Descriptor) throws(SystemCallError) -> FileStatus {
        let id = try existing(name, in: try self.directory(directory, .statx), .statx)
        guard let node = tree[id] else { throw SystemCallError(.statx, .notFound) }
        return status(node)
    }

    private func status(_ node: SimulatedNode) -> FileStatus {
        var links = UInt64(node.links)
        if let entries = node.entries, links > 0 {
            links = 2 + UInt64(entries.count { tree[$0.value]?.kind == .directory })
        }
        let lies = configuration.lies
        let time = lies.contains(.hidesTimes) ? configuration.bootTime : node.attributes.modification
        return FileStatus(
            identity: FileIdentity(device: 1, inode: lies.contains(.hidesInodes) ? 2 : node.inode), kind: node.kind,
            mode: node.attributes.mode, linkCount: links, user: node.attributes.user, group: node.attributes.group,
            size: node.size, access: node.attributes.access, modification: time,
            change: node.attributes.change)
    }
}
