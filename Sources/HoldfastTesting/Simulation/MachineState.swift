import Holdfast

/// The state of a simulated machine: what the system calls of ``SimulatedFileSystem`` work on.
///
/// Each operation is one system call, atomic, with the results and errors of Linux; `MachineState+….swift` hold them by
/// kind. They know nothing of faults and of clients that wait: ``SimulatedMachine`` deals with these.
package struct MachineState: Sendable {
    /// What the clients see.
    package internal(set) var tree: SimulatedTree
    /// What a crash leaves whatever happens.
    package internal(set) var durable: SimulatedTree
    /// What a crash may leave besides.
    package internal(set) var pending: [PendingChange] = []
    /// Differs between any two states in which a crash could leave different things.
    var version = 0
    /// Differs between any two states of one machine that differ in what is durable.
    var durableVersion = 0

    let configuration: SimulatedMachine.Configuration
    var descriptors: [Int32: OpenDescription] = [:]
    var locks: [HeldLock] = []
    private var nextDescriptor: Int32 = 3
    private var nextNode: Int
    private var nextInode: UInt64
    private var freeInodes: Set<UInt64> = []
    private var clock: Int64
    /// How many open descriptors keep a node that may have no name any more.
    private var openCounts: [NodeID: Int] = [:]

    /// An open file description, and the descriptor that is its only one.
    struct OpenDescription: Sendable {
        let client: Int
        let node: NodeID
        let isReadable: Bool
        let isWritable: Bool
    }

    init(booting tree: SimulatedTree, _ configuration: SimulatedMachine.Configuration) {
        self.tree = tree
        durable = tree
        self.configuration = configuration
        nextNode = (tree.nodes.lastID?.rawValue ?? 1) + 1
        nextInode = (tree.nodes.highestInode ?? 2) + 1
        clock = configuration.bootTime.seconds * 1_000_000_000 + configuration.bootTime.nanoseconds
    }

    /// Goes on where a machine's processes have all been killed, with nothing lost and nothing more durable.
    init(continuing point: CrashPoint, _ configuration: SimulatedMachine.Configuration) {
        self.init(booting: point.durable, configuration)
        pending = point.pending
        for change in pending { tree.apply(change) }
    }

    /// The time; every look at it and every change moves it on.
    mutating func tick() -> Timestamp {
        clock += 1000
        return Timestamp(seconds: clock / 1_000_000_000, nanoseconds: clock % 1_000_000_000)
    }

    mutating func advanceClock(nanoseconds: Int64) { clock += nanoseconds }

    // MARK: - Nodes

    /// Makes a node that no name stands for yet.
    mutating func makeNode(_ content: SimulatedNode.Content, mode: UInt32, in parent: NodeID) -> NodeID {
        let id = NodeID(nextNode)
        nextNode += 1
        let inode: UInt64
        if let reused = freeInodes.min() {
            freeInodes.remove(reused)
            inode = reused
        } else {
            inode = nextInode
            nextInode += 1
        }
        let time = tick()
        var attributes = NodeAttributes(
            mode: mode, user: configuration.user, group: configuration.user, access: time, modification: time,
            change: time)
        // A directory with the set-group-ID bit hands its group down (inode(7)).
        if let above = tree[parent]?.attributes, above.mode & 0o2000 != 0 {
            attributes.group = above.group
            if case .directory = content { attributes.mode |= 0o2000 }
        }
        let node = SimulatedNode(attributes: attributes, content: content, inode: inode)
        tree.nodes[id] = node
        // Unreachable until a name for it is durable.
        durable.nodes[id] = node
        return id
    }

    /// Makes a change, which a crash may lose until it is flushed.
    mutating func change(_ kind: PendingChange.Kind) {
        let change = PendingChange(kind, at: tick())
        tree.apply(change)
        pending.append(change)
        version += 1
        if case .entries = kind {
            for edit in change.edits {
                if let previous = edit.previous { freeIfUnused(previous) }
            }
        }
    }

    mutating func changeAttributes(_ id: NodeID, _ body: (inout NodeAttributes) -> Void) {
        guard var attributes = tree[id]?.attributes else { return }
        body(&attributes)
        attributes.change = tick()
        change(.attributes(id, attributes))
    }

    private mutating func freeIfUnused(_ id: NodeID) {
        guard let node = tree[id], node.links == 0, openCounts[id] == nil else { return }
        freeInodes.insert(node.inode)
        tree.nodes[id] = nil
    }

    // MARK: - Descriptors

    mutating func openDescriptor(_ node: NodeID, client: Int, readable: Bool = true, writable: Bool = false)
        -> Descriptor
    {
        var number = nextDescriptor
        // The lowest free one, as POSIX has it: a use after close finds another file and not an error.
        while descriptors[number] != nil { number += 1 }
        nextDescriptor = number + 1
        descriptors[number] = OpenDescription(client: client, node: node, isReadable: readable, isWritable: writable)
        openCounts[node, default: 0] += 1
        return Descriptor(rawValue: number)
    }

    mutating func close(_ descriptor: Descriptor) throws(SystemCallError) {
        guard let open = descriptors.removeValue(forKey: descriptor.rawValue) else {
            throw SystemCallError(.close, .badDescriptor)
        }
        nextDescriptor = min(nextDescriptor, descriptor.rawValue)
        locks.removeAll { $0.descriptor == descriptor.rawValue }
        let count = (openCounts[open.node] ?? 1) - 1
        openCounts[open.node] = count == 0 ? nil : count
        freeIfUnused(open.node)
    }

    /// Closes all that a client has open: the end of its process.
    mutating func closeAll(client: Int) {
        for (number, open) in descriptors.sorted(by: { $0.key < $1.key }) where open.client == client {
            do { try close(Descriptor(rawValue: number)) } catch {}
        }
    }

    func opened(_ descriptor: Descriptor, _ call: SystemCall) throws(SystemCallError) -> OpenDescription {
        guard let open = descriptors[descriptor.rawValue] else { throw SystemCallError(call, .badDescriptor) }
        return open
    }

    func node(_ descriptor: Descriptor, _ call: SystemCall) throws(SystemCallError) -> (id: NodeID, node: SimulatedNode)
    {
        let id = try opened(descriptor, call).node
        guard let node = tree[id] else { throw SystemCallError(call, .badDescriptor) }
        return (id, node)
    }

    /// The directory that a call is relative to.
    func directory(_ descriptor: Descriptor, _ call: SystemCall) throws(SystemCallError) -> NodeID {
        let (id, node) = try node(descriptor, call)
        if node.kind != .directory { throw SystemCallError(call, .notADirectory) }
        return id
    }

    /// What a name stands for; nil where it stands for nothing.
    func find(_ name: EntryName, in directory: NodeID, _ call: SystemCall) throws(SystemCallError) -> NodeID? {
        // Nothing is looked up in a directory that has been removed, and nothing has an empty name.
        if name.count == 0 || tree[directory]?.links == 0 { throw SystemCallError(call, .notFound) }
        if name.count > 255 { throw SystemCallError(call, .nameTooLong) }
        return tree[directory]?.entries?[name]
    }

    /// Fails where the machine's user may not do this in a directory: path_resolution(7).
    func check(_ right: UInt32, in directory: NodeID, _ call: SystemCall) throws(SystemCallError) {
        guard configuration.user != 0, let attributes = tree[directory]?.attributes else { return }
        let bits = attributes.user == configuration.user ? attributes.mode >> 6 : attributes.mode
        if bits & right != right { throw SystemCallError(call, .accessDenied) }
    }

    /// The rights to change what is in a directory.
    static let change: UInt32 = 0o3

    func existing(_ name: EntryName, in directory: NodeID, _ call: SystemCall) throws(SystemCallError) -> NodeID {
        guard let id = try find(name, in: directory, call) else { throw SystemCallError(call, .notFound) }
        return id
    }
}
