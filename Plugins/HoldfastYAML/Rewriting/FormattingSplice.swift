/// Puts what has changed in a value into the text that a person has written, so that everything else stays as it is:
/// comments, the order of keys, quotes, blank lines.
///
/// libyaml drops comments but says where each node starts and ends. The new text and the old are parsed and compared
/// node by node; for each difference the old bytes are replaced by the new ones, moved to the old indentation. Whether the
/// result holds just the new value is for ``FormattingRewrite`` to find out.
struct FormattingSplice {
    let old: Tape
    let new: Tape
    var comparison: TapeComparison
    var edits: [Edit] = []
    var stack = StackGuard()

    struct Edit {
        var range: Range<Int>
        var text: [UInt8]
    }

    /// The layout does not allow for an edit here, so that the text is written anew.
    struct Unsuitable: Error {}

    init(_ old: Tape, _ new: Tape, tolerating tolerance: TapeComparison.Tolerance) {
        self.old = old
        self.new = new
        comparison = TapeComparison(old, new, tolerating: tolerance)
    }

    /// The old text with what has changed put in; nil where its layout does not allow for that.
    mutating func text() throws -> [UInt8]? {
        do {
            if let root = old.roots.first {
                try change(root, to: new.roots[0]) { try $0.replaceRoot(root, by: $0.new.roots[0]) }
            } else {
                // A text of comments alone: the value comes below them.
                let end = old.source.bytes.count
                edits.append(Edit(range: end..<end, text: Array(new.source.bytes)))
            }
            return try apply()
        } catch is Unsuitable {
            return nil
        }
    }

    func apply() throws -> [UInt8] {
        let bytes = old.source.bytes
        // New lines end as the first one does; those that have moved bring their ends along.
        let firstEnd = bytes.firstIndex(of: 0x0A) ?? 0
        let lineEnd: [UInt8] = firstEnd > 0 && bytes[firstEnd - 1] == 0x0D ? [0x0D, 0x0A] : [0x0A]
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + edits.reduce(0) { $0 + $1.text.count })
        var done = 0
        // At one place insertions come before what is replaced there, in the order in which they were found.
        let ordered = (edits + chomping()).enumerated().sorted { left, right in
            let (first, second) = (left.element.range, right.element.range)
            if first.lowerBound != second.lowerBound { return first.lowerBound < second.lowerBound }
            if first.isEmpty != second.isEmpty { return first.isEmpty }
            return left.offset < right.offset
        }
        for (_, edit) in ordered {
            guard edit.range.lowerBound >= done, edit.range.upperBound <= bytes.count else { throw Unsuitable() }
            result += bytes[done..<edit.range.lowerBound]
            // A last line without an end gets one before another line follows.
            if edit.range.lowerBound == bytes.count, edit.text.last == 0x0A, let last = result.last, last != 0x0A {
                result += lineEnd
            }
            if lineEnd.count == 1 {
                result += edit.text
            } else {
                for byte in edit.text {
                    if byte == 0x0A, result.last != 0x0D { result.append(0x0D) }
                    result.append(byte)
                }
            }
            done = edit.range.upperBound
        }
        result += bytes[done...]
        return result
    }

    /// A block scalar at the end of a text may lack its last line break; where lines follow now, its header has to say so.
    private func chomping() -> [Edit] {
        let end = old.source.bytes.count
        guard old.count > 0, Int(old.ends[old.count - 1]) == end, old.source.bytes.last != 0x0A,
            edits.contains(where: { $0.range.lowerBound == end && $0.text.last == 0x0A }),
            let indicator = blockIndicator(old, old.count - 1), !edits.contains(where: { $0.range.contains(indicator) })
        else { return [] }
        switch old.source.bytes[indicator] {
        case UInt8(ascii: "-"): return []
        case UInt8(ascii: "+"): return [Edit(range: indicator..<indicator + 1, text: [UInt8(ascii: "-")])]
        default: return [Edit(range: indicator + 1..<indicator + 1, text: [UInt8(ascii: "-")])]
        }
    }

    // MARK: Comparing

    /// Puts what is different in a node into the text, as little as its layout allows.
    mutating func change(_ oldNode: Int, to newNode: Int, orReplace replace: (inout Self) throws -> Void) throws {
        if comparison.isSame(oldNode, newNode) { return }
        if canMerge(oldNode, newNode) {
            try merge(oldNode, newNode, orReplace: replace)
        } else if isInline(old, oldNode), isInline(new, newNode) {
            replaceInline(oldNode, by: newNode)
        } else {
            try replace(&self)
        }
    }

    mutating func replaceRoot(_ oldRoot: Int, by newRoot: Int) throws {
        let (start, end) = (Int(old.nodes[oldRoot].start), entryEnd(oldRoot))
        guard isFirstOnLine(start), isFirstOnLine(new, Int(new.nodes[newRoot].start)) else { throw Unsuitable() }
        edits.append(
            Edit(
                range: lineBegin(start)..<end,
                text: Array(new.source.bytes[lineBegin(new, Int(new.nodes[newRoot].start))...])))
    }

    /// Merges two collections; where the layout does not allow for it, what was found so far is forgotten, and the new one
    /// takes the old one's place.
    mutating func merge(_ oldNode: Int, _ newNode: Int, orReplace replace: (inout Self) throws -> Void) throws {
        let count = edits.count
        do {
            try compare(oldNode, newNode)
        } catch is Unsuitable {
            edits.removeSubrange(count...)
            try replace(&self)
        }
    }

    /// Finds the differences between two collections of the same kind.
    mutating func compare(_ oldNode: Int, _ newNode: Int) throws {
        guard !comparison.isSame(oldNode, newNode) else { return }
        guard canMerge(oldNode, newNode), stack.hasRoom() else { throw Unsuitable() }
        // On the way down to a difference each level is compared again: too often in a text made for that.
        if isTooMuchWork { throw Unsuitable() }
        let isFlow = old.nodes[oldNode].style == .flow
        if old.nodes[oldNode].kind == .mapping {
            try isFlow ? compareFlowMappings(oldNode, newNode) : compareMappings(oldNode, newNode)
        } else {
            try isFlow ? compareFlowSequences(oldNode, newNode) : compareSequences(oldNode, newNode)
        }
    }

    var isTooMuchWork: Bool { comparison.work > 64 * (old.count + new.count) }

    func canMerge(_ oldNode: Int, _ newNode: Int) -> Bool {
        let (first, second) = (old.nodes[oldNode], new.nodes[newNode])
        guard first.kind == second.kind, first.kind == .mapping || first.kind == .sequence else { return false }
        // A short list may be in flow style in the new text, where the person has written an item a line.
        let isAlike = second.style == .block || first.style == .flow || first.kind == .sequence
        return isAlike && first.payload > 0 && second.payload > 0
    }

    mutating func compareMappings(_ oldMapping: Int, _ newMapping: Int) throws {
        let (oldEntries, newValues) = try entries(oldMapping, newMapping)
        let column = keyColumn(oldMapping)
        let shift = column - self.column(new, newMapping + 1)
        let ordered = orderedEntries(of: oldMapping, in: old)
        var isRemoved = [Bool](repeating: false, count: ordered.count)
        for (index, entry) in ordered.enumerated() where oldEntries.own[entry.name]?.key == entry.key {
            guard let replacement = newValues[entry.name] else {
                isRemoved[index] = !comparison.toleratesAbsence(of: entry.value)
                continue
            }
            guard !comparison.isSame(entry.value, replacement.value) else { continue }
            if canMerge(entry.value, replacement.value) {
                try merge(entry.value, replacement.value) {
                    try $0.replaceValue((entry.key, entry.value), by: replacement, shift: shift)
                }
            } else {
                try replaceValue((entry.key, entry.value), by: replacement, shift: shift)
            }
        }
        let children = ordered.map { BlockChild(start: Int(old.nodes[$0.key].start), first: $0.key, last: $0.value) }
        try remove(children, where: isRemoved)
        // New entries come after the one that they follow in the new text, or else at the end.
        var previous: (key: Int, value: Int)?
        var place: Int?
        for entry in orderedEntries(of: newMapping, in: new) {
            if let existing = oldEntries.own[entry.name] {
                previous = existing
                place = nil
                continue
            }
            if let merged = oldEntries.merged[entry.name], comparison.isSame(merged.value, entry.value) { continue }
            let known = place ?? placeBehind(previous?.value ?? ordered[ordered.count - 1].value, column: column)
            place = known
            let text = lines(from: entry.key, to: entry.value, shift: shift)
            edits.append(Edit(range: replaced(known..<known, by: entry.value), text: text))
        }
    }

    /// The entries of two mappings, where one can become the other.
    func entries(_ oldMapping: Int, _ newMapping: Int) throws -> (
        old: MappingEntries, new: [MappingEntries.Name: MappingEntries.Entry]
    ) {
        // What a merge key brings in can't be taken out again.
        guard let oldEntries = MappingEntries(of: oldMapping, in: old),
            let newValues = MappingEntries(of: newMapping, in: new)?.own,
            comparison.tolerance.contains(.references) || !old.nodes[oldMapping].has(TapeNode.hasMergeKey),
            oldEntries.merged.keys.allSatisfy({ newValues[$0] != nil }),
            !oldEntries.merged.isEmpty || oldEntries.own.keys.contains(where: { newValues[$0] != nil })
        else { throw Unsuitable() }
        return (oldEntries, newValues)
    }

    func orderedEntries(of mapping: Int, in tape: Tape) -> [(name: MappingEntries.Name, key: Int, value: Int)] {
        var entries: [(name: MappingEntries.Name, key: Int, value: Int)] = []
        var key = mapping + 1
        while key < Int(tape.nodes[mapping].extent) {
            let value = tape.next(after: key)
            entries.append((MappingEntries.Name(tape.nodes[tape.resolve(key)], of: tape), key, value))
            key = tape.next(after: value)
        }
        return entries
    }

    mutating func compareSequences(_ oldSequence: Int, _ newSequence: Int) throws {
        let oldItems = items(old, oldSequence)
        let newItems = items(new, newSequence)
        let column = try dash(old, oldItems[0]).column
        let isFlow = new.nodes[newSequence].style == .flow
        let layout = ItemLayout(column: column, shift: isFlow ? nil : try column - dash(new, newItems[0]).column)
        let gaps = gaps(oldItems, newItems)
        let moves = moves(gaps)
        var removed: Set<Int> = []
        for gap in gaps.flatMap({ alike($0, besides: moves) }) {
            for item in gap.old where moves.old.contains(item) {
                edits.append(Edit(range: try linesWithComments(of: item), text: []))
            }
            // What has neither stayed nor moved takes the place of what has gone; the rest comes behind what stays.
            var gone = gap.old.filter { !moves.old.contains($0) }[...]
            var previous = gap.old.startIndex > 0 ? oldItems[gap.old.startIndex - 1] : nil
            var place: Int?
            for item in gap.new {
                if moves.new[item] == nil, let oldItem = gone.popFirst() {
                    try change(oldItem, to: item) { try $0.replaceItem(oldItem, by: item, layout) }
                    (previous, place) = (oldItem, nil)
                    continue
                }
                var text = try moves.new[item].map(movedLines) ?? itemLines(item, layout, isFirst: false)
                let first = try dash(old, oldItems[0]).offset
                if place == nil, previous == nil, !isFirstOnLine(first) {
                    // Behind another dash, the first item moves below the new one.
                    let indent = text.prefix(column)
                    guard indent.count == column, indent.allSatisfy({ $0 == 0x20 }) else { throw Unsuitable() }
                    text = Array(text.dropFirst(column) + indent)
                    edits.append(Edit(range: first..<first, text: text))
                    continue
                }
                let known =
                    try place ?? previous.map { placeBehind($0, column: column) }
                    ?? placeAbove(oldItems[0], isAligned: false)
                place = known
                let range = known..<known
                edits.append(Edit(range: moves.new[item] == nil ? replaced(range, by: item) : range, text: text))
            }
            removed.formUnion(gone)
        }
        if removed.isEmpty { return }
        let children = try oldItems.map { BlockChild(start: try dash(old, $0).offset, first: $0, last: $0) }
        // What moves away can't come behind a dash in its place.
        if removed.contains(oldItems[0]), !isFirstOnLine(children[0].start), !moves.old.isEmpty { throw Unsuitable() }
        try remove(children, where: oldItems.map(removed.contains))
    }

    /// The lines of an item, with the comment directly above it and those behind it that are about what is in it.
    func linesWithComments(of item: Int) throws -> Range<Int> {
        try placeAbove(item, isAligned: true)..<placeBehind(item, column: dash(old, item).column)
    }

    /// The lines of an old item that moves; the text's last one gets an end.
    func movedLines(_ item: Int) throws -> [UInt8] {
        let lines = try old.source.bytes[linesWithComments(of: item)]
        return lines + (lines.last == 0x0A ? [] : [0x0A])
    }

    /// How the items of a new sequence become those of the old one.
    struct ItemLayout {
        /// Where the dashes stand.
        var column: Int
        /// By how much the new lines move; nil where the new sequence is in flow style.
        var shift: Int?
    }

    func items(_ tape: Tape, _ sequence: Int) -> [Int] {
        var items: [Int] = []
        var index = sequence + 1
        while index < Int(tape.nodes[sequence].extent) {
            items.append(index)
            index = tape.next(after: index)
        }
        return items
    }

    // MARK: Editing

    /// Whether a node is a scalar on one line, or a collection in flow style or empty.
    func isInline(_ tape: Tape, _ index: Int) -> Bool {
        let node = tape.nodes[index]
        if node.style == .literal || node.style == .folded { return false }
        if node.kind != .scalar, node.kind != .alias, node.style == .block { return false }
        let (start, end) = (Int(node.start), Int(tape.ends[index]))
        return start <= end && !tape.source.bytes[start..<end].contains(0x0A)
    }

    mutating func replaceInline(_ oldNode: Int, by newNode: Int) {
        let (start, end) = (Int(old.nodes[oldNode].start), Int(old.ends[oldNode]))
        var text = Array(new.source.bytes[Int(new.nodes[newNode].start)..<Int(new.ends[newNode])])
        // Null may be written as nothing at all, right after the colon or dash.
        if start == end, start > 0, old.source.bytes[start - 1] != 0x20 { text.insert(0x20, at: 0) }
        edits.append(Edit(range: start..<end, text: text))
    }

    mutating func replaceValue(
        _ entry: (key: Int, value: Int), by replacement: (key: Int, value: Int), shift: Int
    ) throws {
        if isInline(old, entry.value), isInline(new, replacement.value),
            new.ends[replacement.value] > new.nodes[replacement.value].start
        {
            replaceInline(entry.value, by: replacement.value)
            return
        }
        // From behind the colon to the end of the entry's last line.
        let begin = try colon(old, entry.key) + 1
        var text = lines(from: replacement.key, to: replacement.value, shift: shift)
        if let comment = comment(of: entry.value, behind: begin), takesComment(replacement.value) {
            let end = text.firstIndex(of: 0x0A) ?? text.endIndex
            text.insert(contentsOf: [0x20] + comment, at: end)
        }
        // The moved text starts with the key's indentation and the key.
        let skipped = max(0, column(new, replacement.key) + shift)
        let key = try colon(new, replacement.key) + 1 - Int(new.nodes[replacement.key].start)
        edits.append(
            Edit(
                range: replaced(begin..<max(entryEnd(entry.value), lineEnd(after: begin)), by: replacement.value),
                text: Array(text.dropFirst(skipped + key))))
    }

    /// An entry or item of a block collection: where its key or dash stands, and from which node to which it reaches.
    struct BlockChild {
        let start: Int
        let first: Int
        let last: Int
    }

    mutating func remove(_ children: [BlockChild], where isRemoved: [Bool]) throws {
        var done = 0
        if isRemoved[0], !isFirstOnLine(children[0].start) { done = try removeBehindDash(children, where: isRemoved) }
        for (child, isRemoved) in zip(children, isRemoved).dropFirst(done) where isRemoved {
            guard isFirstOnLine(child.start) else { throw Unsuitable() }
            let lines = lineBegin(child.start)..<entryEnd(child.last)
            edits.append(Edit(range: removed(lines, of: child.first), text: []))
        }
    }

    /// Removes the first child, which stands behind a dash, so that the first one that stays comes in its place, or below it
    /// where comments stand between.
    ///
    /// - Returns: How many children have gone.
    private mutating func removeBehindDash(_ children: [BlockChild], where isRemoved: [Bool]) throws -> Int {
        let bytes = old.source.bytes
        var begin = children[0].start
        guard bytes[lineBegin(begin)..<begin].allSatisfy({ $0 == 0x20 || $0 == UInt8(ascii: "-") }),
            let kept = isRemoved.firstIndex(of: false)
        else { throw Unsuitable() }
        let isUncommented = (0..<kept).allSatisfy { entryEnd(children[$0].last) == lineBegin(children[$0 + 1].start) }
        if isUncommented {
            edits.append(Edit(range: begin..<children[kept].start, text: []))
            return kept
        }
        while bytes[begin - 1] == 0x20 { begin -= 1 }
        edits.append(Edit(range: begin..<entryEnd(children[0].last), text: [0x0A]))
        return 1
    }

    mutating func replaceItem(_ oldItem: Int, by newItem: Int, _ layout: ItemLayout) throws {
        let begin = try dash(old, oldItem).offset
        var text = try itemLines(newItem, layout, isFirst: true)
        if let comment = comment(of: oldItem, behind: begin + 1), takesComment(newItem) {
            text.insert(contentsOf: [0x20] + comment, at: text.firstIndex(of: 0x0A) ?? text.endIndex)
        }
        edits.append(Edit(range: replaced(begin..<entryEnd(oldItem), by: newItem), text: text))
    }

    /// The comments on the line on which a value begins, and on that of its key or dash where it begins below that.
    func comment(of value: Int, behind colon: Int) -> [UInt8]? {
        let node = old.nodes[value]
        let isBelow = lineBegin(Int(node.start)) > colon
        var comments = isBelow ? [comment(behind: colon)] : []
        if let indicator = blockIndicator(old, value) {
            // Behind the block's header, which may end with a number.
            let header = old.source.bytes[indicator...].prefix { $0 != 0x20 && $0 != 0x0A }
            comments.append(comment(behind: header.endIndex))
        } else if node.kind == .scalar || node.style != .block {
            comments.append(comment(behind: max(colon, Int(old.ends[value]))))
        } else if !isBelow {
            comments.append(comment(behind: colon))
        }
        let texts = comments.compactMap { $0 }
        return texts.isEmpty ? nil : Array(texts.joined(separator: [0x20]))
    }

    /// The comment between a place and the end of its line.
    private func comment(behind place: Int) -> [UInt8]? {
        let bytes = old.source.bytes
        let start = skipSpaces(place)
        guard start > place, start < bytes.count, bytes[start] == UInt8(ascii: "#") else { return nil }
        return Array(bytes[start...].prefix { $0 != 0x0A && $0 != 0x0D })
    }

    /// Whether a comment may stand at the end of a new value's first line.
    func takesComment(_ value: Int) -> Bool {
        let node = new.nodes[value]
        if node.kind == .scalar, node.style == .literal || node.style == .folded { return true }
        return isInline(new, value) || (node.kind != .scalar && node.style == .block)
    }
}
