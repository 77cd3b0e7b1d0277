import Holdfast

/// The entries of a mapping by key, for mappings where a scan in order would not do.
final class KeyIndex {
    struct Entry {
        var key: Int
        var value: Int
    }

    let entries: [Entry]
    private let names: [String]
    private var table: KeyTable
    /// The keys as a strategy makes them, by their nodes; for paths.
    private(set) lazy var namesByNode = Dictionary(
        zip(entries.map(\.key), names), uniquingKeysWith: { first, _ in first })

    /// Collects a mapping's entries, its own first, then those that merge keys bring in.
    static func entries(of node: Int, in decoder: TapeDecoder) throws -> [Entry] {
        var collection = Collection(decoder: decoder)
        try collection.add(node)
        return collection.entries
    }

    /// A mapping's own entries win over those merged, and of those the earlier.
    private struct Collection {
        let decoder: TapeDecoder
        private(set) var entries: [Entry] = []
        private var seen: Set<[UInt8]> = []
        private var visited: Set<Int> = []

        init(decoder: TapeDecoder) { self.decoder = decoder }

        mutating func add(_ node: Int) throws {
            let tape = decoder.tape
            guard !tape.nodes[node].has(TapeNode.hasComplexKey) else {
                var key = node + 1
                while tape.nodes[tape.resolve(key)].kind == .scalar { key = tape.next(after: tape.next(after: key)) }
                throw decoder.mismatch(String.self, "a scalar as key", tape.resolve(key))
            }
            // Without merge keys, the builder has found all keys to differ.
            let isMerging = !visited.isEmpty || tape.nodes[node].has(TapeNode.hasMergeKey)
            // What was merged once has given all its entries.
            guard visited.insert(node).inserted else { return }
            guard decoder.state.stack.hasRoom() else {
                throw decoder.corrupted("merges reach deeper than this thread's stack allows", node, key: -2, index: -1)
            }
            var merges: [Int] = []
            var index = node + 1
            while index < tape.next(after: node) {
                let value = tape.next(after: index)
                if isMerging, tape.isMergeKey(index, of: node) {
                    merges.append(value)
                } else if !isMerging
                    || tape.withContent(tape.nodes[tape.resolve(index)], { seen.insert(Array($0)).inserted })
                {
                    entries.append(Entry(key: index, value: value))
                }
                index = tape.next(after: value)
            }
            for value in merges { try merge(value) }
        }

        private mutating func merge(_ value: Int) throws {
            let tape = decoder.tape
            let source = tape.resolve(value)
            switch tape.nodes[source].kind {
            case .mapping: try add(source)
            case .sequence:
                var item = source + 1
                while item < tape.next(after: source) {
                    guard tape.nodes[tape.resolve(item)].kind == .mapping else {
                        throw decoder.mismatch([String: Any].self, "a mapping to merge", item)
                    }
                    try add(tape.resolve(item))
                    item = tape.next(after: item)
                }
            default: throw decoder.mismatch([String: Any].self, "a mapping to merge", value)
            }
        }
    }

    init(_ decoder: TapeDecoder) throws {
        let tape = decoder.tape
        entries = try Self.entries(of: decoder.node, in: decoder)
        lazy var path = decoder.codingPath
        names = entries.map { entry in
            decoder.state.rename(tape.string(tape.nodes[tape.resolve(entry.key)]), below: path)
        }
        table = KeyTable()
        for number in names.indices {
            // Where a strategy makes two keys equal, the first is meant, as in Foundation's JSON.
            var name = names[number]
            name.withUTF8 { add($0, number) }
        }
    }

    private func add(_ bytes: UnsafeBufferPointer<UInt8>, _ number: Int) {
        let token = UInt32(truncatingIfNeeded: number)
        _ = table.insert(hash: KeyTable.hash(bytes), token: token) { names[Int($0)].utf8.elementsEqual(bytes) }
    }

    /// Finds the entry of a key.
    func find(_ bytes: UnsafeBufferPointer<UInt8>) -> Entry? {
        let found = table.find(hash: KeyTable.hash(bytes)) { names[Int($0)].utf8.elementsEqual(bytes) }
        return found.map { entries[Int($0)] }
    }

    /// The keys, as a strategy makes them.
    var keys: [String] { names }
}
