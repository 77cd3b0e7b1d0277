import Holdfast

/// All of a simulated file system's nodes, as a value: copies share what doesn't change.
package struct SimulatedTree: Sendable {
    package static let root = NodeID(1)

    var nodes = NodeTable()

    /// An empty file system: a root directory.
    package init(time: Timestamp, user: UInt32 = 0) {
        let attributes = NodeAttributes(
            mode: 0o755, user: user, group: user, access: time, modification: time, change: time)
        var root = SimulatedNode(attributes: attributes, content: .directory([:]), inode: 2)
        root.links = 1
        nodes[Self.root] = root
    }

    package subscript(_ id: NodeID) -> SimulatedNode? { nodes[id] }

    /// The node at a path, following no link.
    package func find(_ path: String) -> NodeID? {
        var id = Self.root
        for component in path.split(separator: "/") {
            guard let next = nodes[id]?.entries?[EntryName(String(component))] else { return nil }
            id = next
        }
        return id
    }

    /// Where a directory is now; nil once it is removed.
    package func path(of directory: NodeID) -> String? {
        var path = ""
        var id = directory
        while id != Self.root {
            guard let parent = nodes[id]?.parent, let entries = nodes[parent]?.entries,
                let name = entries.first(where: { $0.value == id })?.key
            else { return nil }
            path = "/\(name)\(path)"
            id = parent
        }
        return path.isEmpty ? "/" : path
    }

    /// One of the paths of a node that may have several; nil where it has none.
    ///
    /// Slow: for messages and traces.
    package func anyPath(of id: NodeID) -> String? {
        guard let node = nodes[id] else { return nil }
        if node.kind == .directory { return path(of: id) }
        if node.links == 0 { return nil }
        for directory in nodes.ids {
            guard let name = nodes[directory]?.entries?.first(where: { $0.value == id })?.key,
                let above = path(of: directory)
            else { continue }
            return above == "/" ? "/\(name)" : "\(above)/\(name)"
        }
        return nil
    }

    // MARK: - Changes

    /// Applies a change; one that is about a node that isn't here has no effect.
    mutating func apply(_ change: PendingChange) {
        switch change.kind {
        case .write(let id, let offset, let bytes):
            nodes[id]?.withFile { $0.write(bytes, at: offset) }
            stamp(id, change.time)
        case .truncate(let id, let size):
            nodes[id]?.withFile { $0.resize(to: size) }
            stamp(id, change.time)
        case .attributes(let id, let attributes):
            nodes[id]?.attributes = attributes
        case .entries(let edits, let moved):
            for edit in edits { apply(edit, change.time) }
            for id in moved { nodes[id]?.attributes.change = change.time }
        }
    }

    private mutating func apply(_ edit: EntryEdit, _ time: Timestamp) {
        guard let previous = nodes[edit.directory]?.entries else { return }
        if let gone = previous[edit.name] {
            nodes[gone]?.links -= 1
            nodes[gone]?.attributes.change = time
        }
        nodes[edit.directory]?.withEntries { $0[edit.name] = edit.target }
        if let target = edit.target {
            nodes[target]?.links += 1
            if nodes[target]?.kind == .directory { nodes[target]?.parent = edit.directory }
        }
        stamp(edit.directory, time)
    }

    mutating func stamp(_ id: NodeID, _ time: Timestamp) {
        nodes[id]?.attributes.modification = time
        nodes[id]?.attributes.change = time
    }

    /// What a check of the file system at mount does: nodes without a name go, and link counts are counted.
    mutating func prune() {
        var links = [Int](repeating: 0, count: nodes.count)
        links[Self.root.rawValue] = 1
        var open = [Self.root]
        while let directory = open.popLast() {
            guard let entries = nodes[directory]?.entries else { continue }
            for (_, id) in entries {
                guard let kind = nodes[id]?.kind else { continue }
                links[id.rawValue] += 1
                if kind == .directory, links[id.rawValue] == 1 {
                    nodes[id]?.parent = directory
                    open.append(id)
                }
            }
        }
        nodes.keep(links)
        renumberTwins()
    }

    /// Gives numbers of their own to nodes of which one got the number of the other, when that was deleted: a deletion
    /// that the crash has undone.
    private mutating func renumberTwins() {
        var next = (nodes.highestInode ?? 2) + 1
        // Numbers are given from the lowest free one up.
        var isTaken = [Bool](repeating: false, count: Int(next))
        for id in nodes.ids {
            guard let inode = nodes[id].map({ Int($0.inode) }) else { continue }
            if isTaken[inode] {
                nodes[id]?.inode = next
                next += 1
            }
            isTaken[inode] = true
        }
    }

    // MARK: - Telling trees apart

    /// A hash of all that a program can see but inode numbers, access and change times, and directories' times: names,
    /// kinds, modes, owners, modification times, attributes, contents, and which names are links of one file.
    ///
    /// It is the same in every run of every program.
    package var canonicalHash: UInt64 {
        var hash = StableHasher()
        var numbers: [NodeID: UInt64] = [:]
        func visit(_ id: NodeID) {
            guard let node = nodes[id] else { return }
            if node.links > 1 {
                if let number = numbers[id] { return hash.combine(number) }
                numbers[id] = UInt64(numbers.count + 1)
            }
            hash.combine(UInt64(node.attributes.mode) << 32 | UInt64(node.attributes.user))
            hash.combine(UInt64(node.attributes.group))
            if node.kind != .directory {
                hash.combine(UInt64(bitPattern: node.attributes.modification.seconds))
                hash.combine(UInt64(bitPattern: node.attributes.modification.nanoseconds))
            }
            if !node.attributes.extended.isEmpty {
                for (name, value) in node.attributes.extended.sorted(by: { $0.key < $1.key }) {
                    name.withBytes { hash.combine($0) }
                    hash.combine(value)
                }
            }
            switch node.content {
            case .file(let file): file.withBytes { hash.combine($0) }
            case .symbolicLink(let target): hash.combine(target)
            case .special(let kind): hash.combine(kind.rawValue.utf8)
            case .directory(let entries):
                hash.combine(UInt64(entries.count))
                for (name, child) in entries {
                    name.withBytes { hash.combine($0) }
                    visit(child)
                }
            }
        }
        visit(Self.root)
        return hash.value
    }

    /// One line an entry: path, kind, mode, size, content or target.
    package var listing: String {
        var lines: [String] = []
        func visit(_ id: NodeID, _ path: String) {
            guard let node = nodes[id] else { return }
            let mode = String(node.attributes.mode, radix: 8)
            let links = node.links > 1 ? " links \(node.links) inode \(node.inode)" : ""
            switch node.content {
            case .file(let file):
                let bytes = file.read(Int(min(file.size, 60)), at: 0)
                let text = String(decoding: bytes, as: UTF8.self).debugDescription
                lines.append("\(path) \(mode) \(file.size) bytes\(links) \(text)\(file.size > 60 ? "…" : "")")
            case .symbolicLink(let target): lines.append("\(path) -> \(String(decoding: target, as: UTF8.self))")
            case .special(let kind): lines.append("\(path) \(kind)")
            case .directory(let entries):
                lines.append("\(path)/ \(mode)")
                for (name, child) in entries { visit(child, "\(path)/\(name)") }
            }
        }
        visit(Self.root, "")
        return lines.joined(separator: "\n")
    }
}

/// FNV-1a over words: the same on every run, other than `Hasher`.
package struct StableHasher: Sendable {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package mutating func combine(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01B3
        value ^= value >> 29
    }

    package mutating func combine(_ bytes: some Collection<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ combine(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { combine($0) }
        }
    }

    private mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        let whole = bytes.count & ~7
        for offset in stride(from: 0, to: whole, by: 8) {
            combine(UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        }
        combine(bytes[whole...].reduce(0) { $0 << 8 | UInt64($1) })
        combine(UInt64(bytes.count) &+ 0x9E37_79B9_7F4A_7C15)
    }
}
