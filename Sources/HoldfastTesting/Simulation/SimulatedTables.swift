package import Holdfast

/// Nodes by their number, which is their place: a tree is asked for them, and copied, more than for all else.
struct NodeTable: Sendable {
    private var slots: [SimulatedNode?] = []

    subscript(_ id: NodeID) -> SimulatedNode? {
        _read {
            if slots.indices.contains(id.rawValue) { yield slots[id.rawValue] } else { yield nil }
        }
        _modify {
            while slots.count <= id.rawValue { slots.append(nil) }
            yield &slots[id.rawValue]
        }
    }

    /// The numbers that nodes have, in their order.
    var ids: [NodeID] { slots.indices.filter { slots[$0] != nil }.map(NodeID.init) }

    var lastID: NodeID? { slots.lastIndex { $0 != nil }.map(NodeID.init) }

    var highestInode: UInt64? { slots.lazy.compactMap { $0?.inode }.max() }

    /// How many places there are; no number is higher.
    var count: Int { slots.count }

    /// Leaves only the nodes that have links, and sets how many.
    ///
    /// - Parameter links: One count for each place.
    mutating func keep(_ links: [Int]) {
        let end = (links.lastIndex { $0 > 0 } ?? -1) + 1
        slots.removeLast(slots.count - end)
        for place in slots.indices {
            if links[place] == 0 { slots[place] = nil } else { slots[place]?.links = links[place] }
        }
    }
}

/// A directory's entries in the order of their names.
package struct EntryTable: Sendable, RandomAccessCollection, ExpressibleByDictionaryLiteral {
    package typealias Element = (key: EntryName, value: NodeID)

    private var entries: [Element]

    package init(dictionaryLiteral elements: (EntryName, NodeID)...) {
        entries = []
        for (name, id) in elements { self[name] = id }
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { entries.count }
    package subscript(position: Int) -> Element { entries[position] }

    package subscript(_ name: EntryName) -> NodeID? {
        get {
            let place = place(of: name)
            return place < entries.count && entries[place].key == name ? entries[place].value : nil
        }
        set {
            let place = place(of: name)
            let isThere = place < entries.count && entries[place].key == name
            switch newValue {
            case let id? where isThere: entries[place].value = id
            case let id?: entries.insert((name, id), at: place)
            case nil: if isThere { entries.remove(at: place) }
            }
        }
    }

    /// The first entry that no name comes after: binary search.
    private func place(of name: EntryName) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
