import Holdfast

extension MachineState {
    // MARK: - Bytes

    func read(
        _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemCallError) -> Int {
        if offset < 0 { throw SystemCallError(.pread, .invalid) }
        let (_, node) = try node(descriptor, .pread)
        switch node.content {
        case .file(let file): return file.read(into: buffer, at: offset)
        case .directory: throw SystemCallError(.pread, .isADirectory)
        case .symbolicLink, .special: throw SystemCallError(.pread, .illegalSeek)
        }
    }

    mutating func write(
        _ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws(SystemCallError) -> Int {
        if offset < 0 { throw SystemCallError(.pwrite, .invalid) }
        let id = try writable(descriptor, .pwrite)
        if !bytes.isEmpty { change(.write(id, at: offset, bytes: Array(bytes))) }
        return bytes.count
    }

    mutating func truncate(_ descriptor: Descriptor, to size: Int64) throws(SystemCallError) {
        if size < 0 { throw SystemCallError(.ftruncate, .invalid) }
        guard try opened(descriptor, .ftruncate).isWritable else { throw SystemCallError(.ftruncate, .invalid) }
        change(.truncate(try writable(descriptor, .ftruncate), to: size))
    }

    private func writable(_ descriptor: Descriptor, _ call: SystemCall) throws(SystemCallError) -> NodeID {
        let open = try opened(descriptor, call)
        guard open.isWritable else { throw SystemCallError(call, .badDescriptor) }
        guard tree[open.node]?.file != nil else { throw SystemCallError(call, .invalid) }
        return open.node
    }

    func nextData(_ descriptor: Descriptor, from offset: Int64) throws(SystemCallError) -> Range<Int64>? {
        guard let file = try node(descriptor, .lseek).node.file else { throw SystemCallError(.lseek, .invalid) }
        return file.nextData(from: offset)
    }

    mutating func clone(_ source: Descriptor, to destination: Descriptor) throws(SystemCallError) {
        if configuration.missing.contains(.clone) { throw SystemCallError(.ficlone, .notSupported) }
        let from = try node(source, .ficlone).node
        let to = try writable(destination, .ficlone)
        guard let file = from.file else { throw SystemCallError(.ficlone, .isADirectory) }
        if tree[to]?.size != 0 { change(.truncate(to, to: 0)) }
        if file.size > 0 { change(.write(to, at: 0, bytes: file.bytes)) }
    }

    mutating func copyRange(
        _ source: Descriptor, to destination: Descriptor, at offset: Int64, count: Int
    ) throws(SystemCallError) -> Int {
        if configuration.missing.contains(.copyRange) { throw SystemCallError(.copy_file_range, .notSupported) }
        let from = try node(source, .copy_file_range)
        let destinationKind = try node(destination, .copy_file_range).node.kind
        if from.node.kind == .directory || destinationKind == .directory {
            throw SystemCallError(.copy_file_range, .isADirectory)
        }
        guard let file = from.node.file else { throw SystemCallError(.copy_file_range, .invalid) }
        let to = try writable(destination, .copy_file_range)
        let length = Int(min(Int64(count), max(0, file.size - offset)))
        // The same bytes of the same file: they overlap.
        if from.id == to, length > 0 { throw SystemCallError(.copy_file_range, .invalid) }
        if length > 0 { change(.write(to, at: offset, bytes: file.read(length, at: offset))) }
        return length
    }

    // MARK: - Metadata

    mutating func setMode(_ descriptor: Descriptor, to mode: UInt32) throws(SystemCallError) {
        changeAttributes(try node(descriptor, .fchmod).id) { $0.mode = mode & 0o7777 }
    }

    mutating func setOwner(_ descriptor: Descriptor, user: UInt32, group: UInt32) throws(SystemCallError) {
        try setOwner(try node(descriptor, .fchown).id, user: user, group: group, .fchown)
    }

    mutating func setOwner(
        of name: EntryName, in directory: Descriptor, user: UInt32, group: UInt32
    ) throws(SystemCallError) {
        let id = try existing(name, in: try self.directory(directory, .fchownat), .fchownat)
        try setOwner(id, user: user, group: group, .fchownat)
    }

    private mutating func setOwner(
        _ id: NodeID, user: UInt32, group: UInt32, _ call: SystemCall
    ) throws(SystemCallError) {
        if configuration.user != 0 {
            let isMember = configuration.groups?.contains(group) ?? true
            if user != configuration.user || !isMember { throw SystemCallError(call, .notPermitted) }
        }
        let isDirectory = tree[id]?.kind == .directory
        changeAttributes(id) { attributes in
            attributes.user = user
            attributes.group = group
            // What is given away must not run as its new owner: chown(2).
            if !isDirectory {
                attributes.mode &= ~0o4000
                if attributes.mode & 0o010 != 0 { attributes.mode &= ~0o2000 }
            }
        }
    }

    mutating func setTimes(
        _ descriptor: Descriptor, access: Timestamp, modification: Timestamp
    ) throws(SystemCallError) {
        changeAttributes(try node(descriptor, .futimens).id) { attributes in
            attributes.access = access
            attributes.modification = modification
        }
    }

    mutating func setTimes(
        of name: EntryName, in directory: Descriptor, access: Timestamp, modification: Timestamp
    ) throws(SystemCallError) {
        let id = try existing(name, in: try self.directory(directory, .utimensat), .utimensat)
        changeAttributes(id) { attributes in
            attributes.access = access
            attributes.modification = modification
        }
    }

    func extendedAttributeNames(_ descriptor: Descriptor) throws(SystemCallError) -> [EntryName] {
        try node(descriptor, .flistxattr).node.attributes.extended.keys.sorted()
    }

    func extendedAttribute(_ name: EntryName, of descriptor: Descriptor) throws(SystemCallError) -> [UInt8] {
        let node = try node(descriptor, .fgetxattr).node
        try checkAttribute(name, of: node, .fgetxattr)
        guard let value = node.attributes.extended[name] else { throw SystemCallError(.fgetxattr, .noData) }
        return value
    }

    mutating func setExtendedAttribute(
        _ name: EntryName, of descriptor: Descriptor, to value: [UInt8]
    ) throws(SystemCallError) {
        let (id, node) = try node(descriptor, .fsetxattr)
        try checkAttribute(name, of: node, .fsetxattr)
        changeAttributes(id) { $0.extended[name] = value }
    }

    mutating func removeExtendedAttribute(_ name: EntryName, of descriptor: Descriptor) throws(SystemCallError) {
        let (id, node) = try node(descriptor, .fremovexattr)
        try checkAttribute(name, of: node, .fremovexattr)
        if node.attributes.extended[name] == nil { throw SystemCallError(.fremovexattr, .noData) }
        changeAttributes(id) { $0.extended[name] = nil }
    }

    /// Fails where an attribute can't have this name, or not on this kind of file: xattr(7).
    private func checkAttribute(
        _ name: EntryName, of node: SimulatedNode, _ call: SystemCall
    ) throws(SystemCallError) {
        if name.count == 0 || name.count > 255 { throw SystemCallError(call, .range) }
        let namespaces = ["user.", "trusted.", "security.", "system."]
        guard let namespace = namespaces.first(where: { name.hasPrefix($0) }) else {
            throw SystemCallError(call, .notSupported)
        }
        if namespace == "user.", node.kind != .file, node.kind != .directory {
            throw SystemCallError(call, call == .fgetxattr ? .noData : .notPermitted)
        }
        if name.count == namespace.utf8.count { throw SystemCallError(call, .invalid) }
    }

    // MARK: - Durability

    mutating func flush(_ descriptor: Descriptor) throws(SystemCallError) {
        let id = try opened(descriptor, .fsync).node
        makeDurable(configuration.model.flushed(id, pending))
    }

    /// Makes everything durable.
    mutating func flushEverything() {
        makeDurable([Bool](repeating: true, count: pending.count))
        if descriptors.isEmpty {
            // Nothing holds what has no name any more.
            durable = tree
            durableVersion += 1
        }
    }

    mutating func writeBack(_ descriptor: Descriptor, _ mode: WriteBackMode) throws(SystemCallError) {
        let (id, node) = try node(descriptor, .sync_file_range)
        guard node.file != nil else { throw SystemCallError(.sync_file_range, .illegalSeek) }
        guard mode == .wait else { return }
        var changes = pending.filter { $0.node == id }
        guard changes.contains(where: { $0.isWrite && !$0.isWrittenBack }) else { return }
        for index in changes.indices where changes[index].isWrite { changes[index].isWrittenBack = true }
        // The blocks come into the journal with the write-back, behind what is in it already; with them whatever else
        // there is of the file, since a write must not come behind the time that was set after it.
        pending.removeAll { $0.node == id }
        pending += changes
        version += 1
    }

    /// What a failed flush does: the file's pages count as clean, and no later flush writes them.
    mutating func dropPages(_ descriptor: Descriptor) {
        guard let id = descriptors[descriptor.rawValue]?.node else { return }
        for index in pending.indices where pending[index].node == id && pending[index].isWrite {
            pending[index].isDropped = true
        }
        version += 1
    }

    /// What a failed `syncfs` does.
    mutating func dropAllPages() {
        for index in pending.indices where pending[index].isWrite { pending[index].isDropped = true }
        version += 1
    }

    private mutating func makeDurable(_ chosen: [Bool]) {
        var rest: [PendingChange] = []
        for (index, change) in pending.enumerated() {
            if change.isDropped {
                // The size is in the inode; the pages never come.
                if chosen[index] { durable.apply(change.altered(.zeros)) } else { rest.append(change) }
            } else if chosen[index] {
                durable.apply(change)
            } else {
                rest.append(change)
            }
        }
        if rest.count == pending.count { return }
        pending = rest
        version += 1
        durableVersion += 1
    }
}
