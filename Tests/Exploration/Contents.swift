import Holdfast
import HoldfastTesting

/// What a store holds: each path, relative to the store, with what stands there.
struct Contents: Equatable {
    struct Item: Hashable {
        enum Kind: Hashable {
            case file(String)
            case link(to: String)
            case folder
            case fifo
        }
        var kind: Kind
        var mode: UInt32
        /// When it was modified, in seconds; nil where that does not matter.
        var time: Int64?
        var user: UInt32 = 0
        var attributes: [String: String] = [:]
    }

    /// When unmanaged entries were modified, long before the machine was booted.
    static let earlier: Int64 = 1_600_000_000

    private(set) var items: [String: Item] = [:]

    init(_ items: [String: Item] = [:]) { self.items = items }

    subscript(path: String) -> Item? {
        get { items[path] }
        set { items[path] = newValue }
    }

    // MARK: - Building

    /// With a folder: a document, or a subfolder.
    func folder(_ path: String, mode: UInt32 = 0o755, time: Int64? = nil) -> Contents {
        with(path, Item(kind: .folder, mode: mode, time: time))
    }

    /// With a managed file, as the codec writes it.
    func managed(_ path: String, _ text: String, mode: UInt32 = 0o644, time: Int64? = nil) -> Contents {
        with(path, Item(kind: .file(TextCodec.whole(text)), mode: mode, time: time))
    }

    /// With an unmanaged file.
    func file(
        _ path: String, _ text: String, mode: UInt32 = 0o644, user: UInt32 = 0, attributes: [String: String] = [:]
    ) -> Contents {
        with(path, Item(kind: .file(text), mode: mode, time: Self.earlier, user: user, attributes: attributes))
    }

    func link(_ path: String, to target: String) -> Contents {
        // A link can't be opened, and so not be flushed: its time may be lost where links are copied.
        with(path, Item(kind: .link(to: target), mode: 0o777))
    }

    func fifo(_ path: String) -> Contents { with(path, Item(kind: .fifo, mode: 0o644)) }

    private func with(_ path: String, _ item: Item) -> Contents {
        var contents = self
        contents.items[path] = item
        return contents
    }

    /// Without an entry and all that is in it.
    func without(_ path: String) -> Contents {
        Contents(items.filter { $0.key != path && !$0.key.hasPrefix("\(path)/") })
    }

    /// With an entry, and all that is in it, under another name.
    func renaming(_ path: String, to newPath: String) -> Contents {
        Contents(
            Dictionary(
                uniqueKeysWithValues: items.map { key, item in
                    key == path || key.hasPrefix("\(path)/") ? (newPath + key.dropFirst(path.count), item) : (key, item)
                }))
    }

    /// With a second generation of a document beside it, under a remnant's name.
    func copying(_ path: String, to newPath: String) -> Contents {
        var contents = self
        for (key, item) in items where key == path || key.hasPrefix("\(path)/") {
            contents.items[newPath + key.dropFirst(path.count)] = item
        }
        return contents
    }

    /// All of it another user's.
    func owned(by user: UInt32) -> Contents {
        Contents(
            items.mapValues { item in
                var item = item
                item.user = user
                return item
            })
    }

    var withoutTimesOfManaged: Contents {
        var contents = self
        for path in items.keys where CodecNames().manages(path.split(separator: "/").last.map(String.init) ?? "") {
            contents[path]?.time = nil
        }
        return contents
    }

    var withoutFIFOs: Contents { Contents(items.filter { $0.value.kind != .fifo }) }

    func adding(_ other: Contents) -> Contents { Contents(items.merging(other.items) { $1 }) }

    // MARK: - Looking

    /// All that stands in some entries of the store.
    func restricted(to names: Set<String>) -> Contents {
        Contents(items.filter { names.contains(Self.top($0.key)) })
    }

    /// The names at the top of the store.
    var names: Set<String> { Set(items.keys.map(Self.top)) }

    private static func top(_ path: String) -> String { String(path.prefix { $0 != "/" }) }

    /// Whether these are the contents that were expected; times matter only where an expectation names them.
    func matches(_ expected: Contents) -> Bool {
        guard items.count == expected.items.count else { return false }
        for (path, wanted) in expected.items {
            guard var found = items[path] else { return false }
            if wanted.time == nil { found.time = nil }
            if found != wanted { return false }
        }
        return true
    }

    /// How these contents differ from what was expected, one line a path.
    func differences(from expected: Contents) -> [String] {
        Set(items.keys).union(expected.items.keys).sorted().compactMap { path in
            var found = items[path]
            let wanted = expected.items[path]
            if let wanted, wanted.time == nil { found?.time = nil }
            if found == wanted { return nil }
            return "\(path): expected \(wanted.map { "\($0.brief)" } ?? "nothing"), found \(found?.brief ?? "nothing")"
        }
    }
}

extension Contents.Item {
    var brief: String {
        let text: String =
            switch kind {
            case .file(let text):
                text.count > 40
                    ? "\(text.prefix(40).debugDescription)… (\(text.utf8.count) bytes)" : text.debugDescription
            case .link(let target): "→ \(target)"
            case .folder: "folder"
            case .fifo: "FIFO"
            }
        let extra = attributes.isEmpty ? "" : " \(attributes)"
        return "\(text) \(String(mode, radix: 8)) user \(user) time \(time.map(String.init) ?? "any")\(extra)"
    }
}

// MARK: - From and to a simulated tree

extension Contents {
    /// Where the store is on a simulated machine.
    static let storePath = "/store"

    /// What stands in a folder of a simulated file system, other than the store's own `.lock`.
    init(of tree: SimulatedTree, at path: String = Contents.storePath) {
        guard let root = tree.find(path) else { return }
        add(root, "", tree)
        items[".lock"] = nil
    }

    private mutating func add(_ directory: NodeID, _ prefix: String, _ tree: SimulatedTree) {
        for (name, id) in tree[directory]?.entries ?? [:] {
            guard let node = tree[id] else { continue }
            let path = prefix + name.description
            let attributes = node.attributes
            let kind: Item.Kind
            switch node.content {
            case .file(let file): kind = .file(String(decoding: file.bytes, as: UTF8.self))
            case .symbolicLink(let target): kind = .link(to: String(decoding: target, as: UTF8.self))
            case .special: kind = .fifo
            case .directory:
                kind = .folder
                add(id, "\(path)/", tree)
            }
            items[path] = Item(
                kind: kind, mode: attributes.mode, time: attributes.modification.seconds, user: attributes.user,
                attributes: Dictionary(
                    uniqueKeysWithValues: attributes.extended.map {
                        ($0.key.description, String(decoding: $0.value, as: UTF8.self))
                    }))
        }
    }

    /// Puts the contents into a folder of a simulated machine; all of it is durable.
    func install(on machine: SimulatedMachine, at path: String = Contents.storePath) throws {
        try Person(machine).makeFolder(path)
        try add(to: machine, at: path)
        machine.flushEverything()
    }

    /// Puts the contents into a folder that is there; nothing is flushed.
    func add(to machine: SimulatedMachine, at path: String = Contents.storePath) throws {
        let person = Person(machine)
        for (name, item) in items.sorted(by: { $0.key < $1.key }) {
            try person.make(item, at: "\(path)/\(name)")
        }
        for (name, item) in items where item.kind == .folder { try person.setMode(item.mode, of: "\(path)/\(name)") }
    }
}
