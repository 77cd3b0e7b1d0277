/// Collections in flow style, such as `[read, write]` and `{x: 1, y: 2}`, which stay in that style.
extension FormattingSplice {
    /// One child of a collection in flow style, its key included.
    private struct Child {
        var key: Int?
        var value: Int
        var range: Range<Int>
    }

    mutating func compareFlowMappings(_ oldMapping: Int, _ newMapping: Int) throws {
        // A pair in a sequence may do without braces: `[a: 1, b]`.
        guard old.source.bytes[Int(old.ends[oldMapping]) - 1] == UInt8(ascii: "}") else { throw Unsuitable() }
        let (oldEntries, newValues) = try entries(oldMapping, newMapping)
        let children = children(of: oldMapping)
        var childrenByKey: [Int: Child] = [:]
        var kept = [Bool](repeating: true, count: children.count)
        for (index, child) in children.enumerated() {
            guard let key = child.key, !old.isMergeKey(key, of: oldMapping) else { continue }
            childrenByKey[key] = child
            if let replacement = newValues[MappingEntries.Name(old.nodes[old.resolve(key)], of: old)] {
                try compareFlowChildren(child.value, replacement.value)
            } else {
                kept[index] = comparison.toleratesAbsence(of: child.value)
            }
        }
        try remove(children, of: oldMapping, where: kept.map { !$0 })
        var previous: Child?
        for entry in orderedEntries(of: newMapping, in: new) {
            if let existing = oldEntries.own[entry.name] {
                previous = childrenByKey[existing.key]
                continue
            }
            if let merged = oldEntries.merged[entry.name], comparison.isSame(merged.value, entry.value) { continue }
            let text = try flowText(entry.key) + [UInt8(ascii: ":"), 0x20] + flowText(entry.value)
            try insert(text, behind: previous ?? children.last)
        }
    }

    mutating func compareFlowSequences(_ oldSequence: Int, _ newSequence: Int) throws {
        let children = children(of: oldSequence)
        let oldItems = children.map(\.value)
        let newItems = items(new, newSequence)
        var removed = [Bool](repeating: false, count: children.count)
        for gap in gaps(oldItems, newItems).flatMap({ alike($0, besides: ([], [:])) }) {
            let common = min(gap.old.count, gap.new.count)
            for (oldItem, newItem) in zip(gap.old, gap.new) { try compareFlowChildren(oldItem, newItem) }
            for index in gap.old.indices.dropFirst(common) { removed[index] = true }
            for newItem in gap.new.dropFirst(common) {
                if gap.old.endIndex > 0 {
                    try insert(flowText(newItem), behind: children[gap.old.endIndex - 1])
                } else {
                    let place = children[0].range.lowerBound
                    edits.append(Edit(range: place..<place, text: try flowText(newItem) + separator))
                }
            }
        }
        try remove(children, of: oldSequence, where: removed)
    }

    private mutating func compareFlowChildren(_ oldNode: Int, _ newNode: Int) throws {
        if comparison.isSame(oldNode, newNode) { return }
        if canMerge(oldNode, newNode) { return try compare(oldNode, newNode) }
        let (start, end) = (Int(old.nodes[oldNode].start), Int(old.ends[oldNode]))
        guard start < end, isInline(old, oldNode) else { throw Unsuitable() }
        edits.append(Edit(range: start..<end, text: try flowText(newNode)))
    }

    private var separator: [UInt8] { [UInt8(ascii: ","), 0x20] }

    private mutating func insert(_ text: [UInt8], behind child: Child?) throws {
        guard let place = child?.range.upperBound else { throw Unsuitable() }
        edits.append(Edit(range: place..<place, text: separator + text))
    }

    /// Takes children out, each with the comma that it needs no more.
    private mutating func remove(_ children: [Child], of collection: Int, where isRemoved: [Bool]) throws {
        guard let first = isRemoved.firstIndex(of: false) else { throw Unsuitable() }
        var ranges: [Range<Int>] = []
        if first > 0 { ranges.append(children[0].range.lowerBound..<children[first].range.lowerBound) }
        for index in children.indices.dropFirst(first) where isRemoved[index] {
            ranges.append(children[index - 1].range.upperBound..<children[index].range.upperBound)
        }
        // A comment is about what stands before it, also behind a comma, and would go or move: then whole lines go, or none.
        let ends = children.dropFirst().map(\.range.lowerBound) + [Int(old.ends[collection])]
        let isCommented = zip(children, ends).map { child, end in
            old.source.bytes[child.range.upperBound..<end].contains(UInt8(ascii: "#"))
        }
        if children.indices.contains(where: { isRemoved[$0] && (isCommented[$0] || $0 > first && isCommented[$0 - 1]) })
        {
            ranges = try children.indices.filter { isRemoved[$0] }.map { try ownLines(of: children[$0]) }
        }
        for range in ranges { edits.append(Edit(range: range, text: [])) }
    }

    /// The lines of a child that shares them with none but its comma and its comment.
    private func ownLines(of child: Child) throws -> Range<Int> {
        let bytes = old.source.bytes
        var end = skipSpaces(child.range.upperBound)
        if end < bytes.count, bytes[end] == UInt8(ascii: ",") { end = skipSpaces(end + 1) }
        if end < bytes.count, bytes[end] == UInt8(ascii: "#") { end = lineEnd(after: end) - 1 }
        while end < bytes.count, bytes[end] == 0x0D { end += 1 }
        guard isFirstOnLine(child.range.lowerBound), end < bytes.count, bytes[end] == 0x0A else { throw Unsuitable() }
        return lineBegin(child.range.lowerBound)..<end + 1
    }

    private func children(of collection: Int) -> [Child] {
        var children: [Child] = []
        var index = collection + 1
        while index < Int(old.nodes[collection].extent) {
            let key = old.nodes[collection].kind == .mapping ? index : nil
            let value = key == nil ? index : old.next(after: index)
            let end = max(old.ends[value], old.ends[index])
            children.append(Child(key: key, value: value, range: Int(old.nodes[index].start)..<Int(end)))
            index = old.next(after: value)
        }
        return children
    }

    /// A new node's text, as it may stand among others in flow style.
    private func flowText(_ node: Int) throws -> [UInt8] {
        let range = Int(new.nodes[node].start)..<Int(new.ends[node])
        let text = UnsafeRawBufferPointer(rebasing: new.source.bytes[range]).assumingMemoryBound(to: UInt8.self)
        guard isInline(new, node), !text.isEmpty else { throw Unsuitable() }
        let scalar = new.nodes[node]
        guard scalar.kind == .scalar, scalar.style == .plain, TextTraits(text).contains(.flowIndicator)
        else { return Array(text) }
        // Plain text may stand alone so, but not among others.
        guard scalar.tag == .none, new.resolution(scalar) == .string else { throw Unsuitable() }
        let quote = UInt8(ascii: "'")
        return [quote] + text.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
    }
}
