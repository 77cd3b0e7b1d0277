/// A mapping's entries by key.
struct MappingEntries {
    typealias Entry = (key: Int, value: Int)

    /// A key, by its bytes: two Unicode forms of a text are two keys.
    struct Name: Hashable {
        private let bytes: [UInt8]

        init(_ node: TapeNode, of tape: Tape) { bytes = tape.withContent(node) { Array($0) } }
    }

    /// Those that stand in it.
    private(set) var own: [Name: Entry] = [:]
    /// Those that merge keys bring in, also where an own one hides them.
    private(set) var merged: [Name: Entry] = [:]

    /// What a reader finds.
    var all: [Name: Entry] { merged.isEmpty ? own : own.merging(merged) { own, _ in own } }

    /// Finds the entries of a mapping; nil where a key is not a scalar, two are equal, or something is merged that can't be.
    init?(of mapping: Int, in tape: Tape) {
        var visited: Set<Int> = []
        guard add(mapping, of: tape, isMerged: false, &visited, depth: 0) else { return nil }
    }

    /// Chains of merges longer than this are left alone.
    private static let deepest = 64

    private mutating func add(
        _ mapping: Int, of tape: Tape, isMerged: Bool, _ visited: inout Set<Int>, depth: Int
    ) -> Bool {
        // What was merged once has given all its entries.
        guard visited.insert(mapping).inserted else { return true }
        var merges: [Int] = []
        var index = mapping + 1
        while index < Int(tape.nodes[mapping].extent) {
            let value = tape.next(after: index)
            let key = tape.nodes[tape.resolve(index)]
            guard key.kind == .scalar else { return false }
            if tape.isMergeKey(index, of: mapping) {
                merges.append(value)
            } else {
                let name = Name(key, of: tape)
                // What is merged first wins, and of one mapping its own entries.
                if !isMerged {
                    guard own.updateValue((index, value), forKey: name) == nil else { return false }
                } else if merged[name] == nil {
                    merged[name] = (index, value)
                }
            }
            index = tape.next(after: value)
        }
        return merges.allSatisfy { merge($0, of: tape, &visited, depth: depth) }
    }

    private mutating func merge(_ value: Int, of tape: Tape, _ visited: inout Set<Int>, depth: Int) -> Bool {
        let source = tape.resolve(value)
        guard depth < Self.deepest else { return false }
        switch tape.nodes[source].kind {
        case .mapping: return add(source, of: tape, isMerged: true, &visited, depth: depth + 1)
        case .sequence:
            var item = source + 1
            while item < Int(tape.nodes[source].extent) {
                guard tape.nodes[tape.resolve(item)].kind == .mapping,
                    merge(item, of: tape, &visited, depth: depth + 1)
                else { return false }
                item = tape.next(after: item)
            }
            return true
        default: return false
        }
    }
}

extension Tape {
    /// Whether a key stands for the entries of other mappings.
    func isMergeKey(_ key: Int, of mapping: Int) -> Bool {
        let node = nodes[key]
        return nodes[mapping].has(TapeNode.hasMergeKey) && node.kind == .scalar && node.style == .plain
            && string(node) == "<<"
    }
}
