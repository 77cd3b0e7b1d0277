import FoundationEssentials

/// Puts what has changed in a value into the text that a person has written, so that everything else stays as it is:
/// comments, the order of keys, quotes, blank lines.
///
/// libyaml drops comments but says where each node starts and ends. The new text and the old are parsed and compared
/// node by node; for each difference the old bytes are replaced by the new ones, moved to the old indentation. The result
/// is parsed too, and used only where it holds just the new value; otherwise the new text is.
struct FormattingSplice {
    private let old: Tape
    private let new: Tape
    private var comparison: TapeComparison
    private var edits: [Edit] = []
    private var stack = StackGuard()

    private struct Edit {
        var range: Range<Int>
        var text: [UInt8]
    }

    /// The layout does not allow for an edit here, so that the text is written anew.
    private struct Unsuitable: Error {}

    /// Texts above this are a program's rather than a person's; they are written anew, in a quarter of the time.
    private static let largest = 4 << 20

    /// Rewrites an old text so that it holds the new text's value.
    ///
    /// - Parameters:
    ///   - old: What the file holds now.
    ///   - new: The new value, as the encoder has written it.
    ///   - rules: How texts are read.
    /// - Returns: The text to store; `new` itself where nothing can be kept.
    static func rewrite(_ old: Data, as new: Data, _ rules: TapeBuilder.Rules) -> Data {
        guard old != new, !old.isEmpty, old.count <= largest, new.count <= largest,
            !old.starts(with: [0xEF, 0xBB, 0xBF]), !old.starts(with: [0xFF, 0xFE]), !old.starts(with: [0xFE, 0xFF])
        else { return new }
        var rules = rules
        rules.keepsEnds = true
        do {
            return try old.withUnsafeBytes { oldBytes in
                try new.withUnsafeBytes { newBytes in
                    let oldTape = try TapeBuilder.tape(of: SourceText(borrowing: oldBytes), rules)
                    let newTape = try TapeBuilder.tape(of: SourceText(borrowing: newBytes), rules)
                    guard oldTape.roots.count <= 1, newTape.roots.count == 1 else { return new }
                    var splice = FormattingSplice(oldTape, newTape)
                    if let root = oldTape.roots.first {
                        try splice.compareRoots(root, newTape.roots[0])
                    } else {
                        // A text of comments alone: the value comes below them.
                        splice.edits.append(Edit(range: old.count..<old.count, text: Array(newBytes)))
                    }
                    guard !splice.edits.isEmpty else { return old }
                    let result = try splice.apply()
                    return try splice.isEquivalent(result, rules) ? Data(result) : new
                }
            }
        } catch {
            // The old text may be damaged, or its layout unsuitable: the new one stands by itself.
            return new
        }
    }

    private init(_ old: Tape, _ new: Tape) {
        self.old = old
        self.new = new
        comparison = TapeComparison(old, new)
    }

    private func isEquivalent(_ text: [UInt8], _ rules: TapeBuilder.Rules) throws -> Bool {
        try text.withUnsafeBytes { bytes in
            let tape = try TapeBuilder.tape(of: SourceText(borrowing: bytes), rules)
            guard tape.roots.count == 1 else { return false }
            var comparison = TapeComparison(tape, new)
            return comparison.isSame(tape.roots[0], new.roots[0])
        }
    }

    private func apply() throws -> [UInt8] {
        let bytes = old.source.bytes
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + edits.reduce(0) { $0 + $1.text.count })
        var done = 0
        // At one place insertions come before what is replaced there, in the order in which they were found.
        let ordered = edits.enumerated().sorted { left, right in
            let (first, second) = (left.element.range, right.element.range)
            if first.lowerBound != second.lowerBound { return first.lowerBound < second.lowerBound }
            if first.isEmpty != second.isEmpty { return first.isEmpty }
            return left.offset < right.offset
        }
        for (_, edit) in ordered {
            guard edit.range.lowerBound >= done, edit.range.upperBound <= bytes.count else { throw Unsuitable() }
            result += bytes[done..<edit.range.lowerBound]
            // A last line without an end gets one before another line follows.
            if edit.range.lowerBound == bytes.count, let last = result.last, last != 0x0A { result.append(0x0A) }
            result += edit.text
            done = edit.range.upperBound
        }
        result += bytes[done...]
        return result
    }

    // MARK: Comparing

    private mutating func compareRoots(_ oldRoot: Int, _ newRoot: Int) throws {
        if comparison.isSame(oldRoot, newRoot) { return }
        if canMerge(oldRoot, newRoot) {
            try merge(oldRoot, newRoot) { try $0.replaceRoot(oldRoot, by: newRoot) }
        } else if isInline(old, oldRoot), isInline(new, newRoot) {
            replaceInline(oldRoot, by: newRoot)
        } else {
            try replaceRoot(oldRoot, by: newRoot)
        }
    }

    private mutating func replaceRoot(_ oldRoot: Int, by newRoot: Int) throws {
        let (start, end) = (Int(old.nodes[oldRoot].start), entryEnd(oldRoot))
        guard isFirstOnLine(start), isFirstOnLine(new, Int(new.nodes[newRoot].start)) else { throw Unsuitable() }
        edits.append(
            Edit(
                range: lineBegin(start)..<end,
                text: Array(new.source.bytes[lineBegin(new, Int(new.nodes[newRoot].start))...])))
    }

    /// Merges two collections; where the layout does not allow for it, what was found so far is forgotten, and the new one
    /// takes the old one's place.
    private mutating func merge(_ oldNode: Int, _ newNode: Int, orReplace replace: (inout Self) throws -> Void) throws {
        let count = edits.count
        do {
            try compare(oldNode, newNode)
        } catch is Unsuitable {
            edits.removeSubrange(count...)
            try replace(&self)
        }
    }

    /// Finds the differences between two collections of the same kind in block style.
    private mutating func compare(_ oldNode: Int, _ newNode: Int) throws {
        guard !comparison.isSame(oldNode, newNode) else { return }
        guard canMerge(oldNode, newNode), stack.hasRoom() else { throw Unsuitable() }
        // On the way down to a difference each level is compared again: too often in a text made for that.
        if isTooMuchWork { throw Unsuitable() }
        if old.nodes[oldNode].kind == .mapping {
            try compareMappings(oldNode, newNode)
        } else {
            try compareSequences(oldNode, newNode)
        }
    }

    private var isTooMuchWork: Bool { comparison.work > 64 * (old.count + new.count) }

    private func canMerge(_ oldNode: Int, _ newNode: Int) -> Bool {
        let (first, second) = (old.nodes[oldNode], new.nodes[newNode])
        guard first.kind == second.kind, first.kind == .mapping || first.kind == .sequence else { return false }
        return first.style == .block && second.style == .block && first.payload > 0 && second.payload > 0
    }

    private mutating func compareMappings(_ oldMapping: Int, _ newMapping: Int) throws {
        guard let oldValues = old.values(of: oldMapping), let newValues = new.values(of: newMapping) else {
            throw Unsuitable()
        }
        let shift = column(old, oldMapping + 1) - column(new, newMapping + 1)
        guard oldValues.keys.contains(where: { newValues[$0] != nil }) else { throw Unsuitable() }
        for (name, entry) in oldValues {
            guard let replacement = newValues[name] else {
                try remove(Int(old.nodes[entry.key].start), through: entry.value)
                continue
            }
            guard !comparison.isSame(entry.value, replacement.value) else { continue }
            if canMerge(entry.value, replacement.value) {
                try merge(entry.value, replacement.value) {
                    try $0.replaceValue(entry, by: replacement, shift: shift)
                }
            } else {
                try replaceValue(entry, by: replacement, shift: shift)
            }
        }
        // New entries come after the one that they follow in the new text, or else at the end.
        var previous: (key: Int, value: Int)?
        var last = oldMapping + 1
        var index = last
        while index < Int(old.nodes[oldMapping].extent) {
            last = index
            index = old.next(after: old.next(after: index))
        }
        index = newMapping + 1
        while index < Int(new.nodes[newMapping].extent) {
            let value = new.next(after: index)
            if let existing = oldValues[new.string(new.nodes[index])] {
                previous = existing
            } else {
                let anchor = previous?.value ?? old.next(after: last)
                let place = entryEnd(anchor)
                edits.append(Edit(range: place..<place, text: lines(from: index, to: value, shift: shift)))
            }
            index = new.next(after: value)
        }
    }

    private mutating func compareSequences(_ oldSequence: Int, _ newSequence: Int) throws {
        let oldItems = items(old, oldSequence)
        let newItems = items(new, newSequence)
        var start = 0
        let shortest = min(oldItems.count, newItems.count)
        while start < shortest, comparison.isSame(oldItems[start], newItems[start]) { start += 1 }
        var tail = 0
        while tail < shortest - start,
            comparison.isSame(oldItems[oldItems.count - 1 - tail], newItems[newItems.count - 1 - tail])
        {
            tail += 1
        }
        let oldEnd = oldItems.count - tail
        let newEnd = newItems.count - tail
        let shift = try dash(old, oldItems[0]).column - dash(new, newItems[0]).column
        for gap in gaps(oldItems[start..<oldEnd], newItems[start..<newEnd]) {
            for offset in 0..<max(gap.old.count, gap.new.count) {
                if offset < min(gap.old.count, gap.new.count) {
                    let (oldItem, newItem) = (
                        oldItems[gap.old.startIndex + offset], newItems[gap.new.startIndex + offset]
                    )
                    if comparison.isSame(oldItem, newItem) { continue }
                    if canMerge(oldItem, newItem) {
                        try merge(oldItem, newItem) { try $0.replaceItem(oldItem, by: newItem, shift: shift) }
                    } else if isInline(old, oldItem), isInline(new, newItem) {
                        replaceInline(oldItem, by: newItem)
                    } else {
                        try replaceItem(oldItem, by: newItem, shift: shift)
                    }
                } else if offset < gap.old.count {
                    let item = oldItems[gap.old.startIndex + offset]
                    try remove(try dash(old, item).offset, through: item)
                } else {
                    let text = try itemLines(newItems[gap.new.startIndex + offset], shift: shift, isFirst: false)
                    let place =
                        try gap.old.endIndex > 0 ? entryEnd(oldItems[gap.old.endIndex - 1]) : placeBefore(oldItems[0])
                    edits.append(Edit(range: place..<place, text: text))
                }
            }
        }
    }

    /// The items between those that both sequences have, in the longest order that they share: a comment stays with the item
    /// that it stands by, or goes with it.
    private mutating func gaps(
        _ old: ArraySlice<Int>, _ new: ArraySlice<Int>
    ) -> [(old: ArraySlice<Int>, new: ArraySlice<Int>)] {
        // Long ones are paired by their places: a table of all pairs would take too long.
        guard !old.isEmpty, !new.isEmpty, old.count * new.count <= 10_000 else { return [(old, new)] }
        let width = new.count + 1
        var isSame = [Bool](repeating: false, count: old.count * new.count)
        var length = [Int](repeating: 0, count: (old.count + 1) * width)
        for row in (0..<old.count).reversed() {
            if isTooMuchWork { return [(old, new)] }
            for column in (0..<new.count).reversed() {
                let same = comparison.isSame(old[old.startIndex + row], new[new.startIndex + column])
                isSame[row * new.count + column] = same
                length[row * width + column] =
                    same
                    ? length[(row + 1) * width + column + 1] + 1
                    : max(length[(row + 1) * width + column], length[row * width + column + 1])
            }
        }
        var gaps: [(old: ArraySlice<Int>, new: ArraySlice<Int>)] = []
        var (row, column, oldBegin, newBegin) = (0, 0, 0, 0)
        func close() {
            let oldGap = old[old.startIndex + oldBegin..<old.startIndex + row]
            let newGap = new[new.startIndex + newBegin..<new.startIndex + column]
            if !oldGap.isEmpty || !newGap.isEmpty { gaps.append((oldGap, newGap)) }
        }
        while row < old.count, column < new.count {
            if isSame[row * new.count + column] {
                close()
                (row, column) = (row + 1, column + 1)
                (oldBegin, newBegin) = (row, column)
            } else if length[(row + 1) * width + column] >= length[row * width + column + 1] {
                row += 1
            } else {
                column += 1
            }
        }
        (row, column) = (old.count, new.count)
        close()
        return gaps
    }

    private func items(_ tape: Tape, _ sequence: Int) -> [Int] {
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
    private func isInline(_ tape: Tape, _ index: Int) -> Bool {
        let node = tape.nodes[index]
        if node.style == .literal || node.style == .folded { return false }
        if node.kind != .scalar, node.kind != .alias, node.style == .block { return false }
        let (start, end) = (Int(node.start), Int(tape.ends[index]))
        return start <= end && !tape.source.bytes[start..<end].contains(0x0A)
    }

    private mutating func replaceInline(_ oldNode: Int, by newNode: Int) {
        let (start, end) = (Int(old.nodes[oldNode].start), Int(old.ends[oldNode]))
        var text = Array(new.source.bytes[Int(new.nodes[newNode].start)..<Int(new.ends[newNode])])
        // Null may be written as nothing at all, right after the colon or dash.
        if start == end, start > 0, old.source.bytes[start - 1] != 0x20 { text.insert(0x20, at: 0) }
        edits.append(Edit(range: start..<end, text: text))
    }

    private mutating func replaceValue(
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
                range: begin..<max(entryEnd(entry.value), lineEnd(after: begin)),
                text: Array(text.dropFirst(skipped + key))))
    }

    private mutating func remove(_ begin: Int, through node: Int) throws {
        // An entry that starts behind a dash shares its line.
        guard isFirstOnLine(begin) else { throw Unsuitable() }
        edits.append(Edit(range: lineBegin(begin)..<entryEnd(node), text: []))
    }

    private mutating func replaceItem(_ oldItem: Int, by newItem: Int, shift: Int) throws {
        let begin = try dash(old, oldItem).offset
        edits.append(
            Edit(range: begin..<entryEnd(oldItem), text: try itemLines(newItem, shift: shift, isFirst: true)))
    }

    /// The comment on the line on which a value begins, or its key where the value begins below it.
    private func comment(of value: Int, behind colon: Int) -> [UInt8]? {
        let bytes = old.source.bytes
        var place = isInline(old, value) ? max(colon, Int(old.ends[value])) : colon
        var end = place
        while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
        if old.nodes[value].style == .literal || old.nodes[value].style == .folded {
            // Behind the block's header.
            place = skipSpaces(place)
            while place < end, bytes[place] != 0x20 { place += 1 }
        }
        let start = skipSpaces(place)
        guard start > place, start < end, bytes[start] == UInt8(ascii: "#") else { return nil }
        return Array(bytes[start..<end])
    }

    /// Whether a comment may stand at the end of a new value's first line.
    private func takesComment(_ value: Int) -> Bool {
        let node = new.nodes[value]
        if node.kind == .scalar, node.style == .literal || node.style == .folded { return true }
        return isInline(new, value) || (node.kind != .scalar && node.style == .block)
    }

    // MARK: Places in the texts

    private func lineBegin(_ offset: Int) -> Int { lineBegin(old, offset) }

    private func lineBegin(_ tape: Tape, _ offset: Int) -> Int {
        var index = offset
        while index > 0, tape.source.bytes[index - 1] != 0x0A { index -= 1 }
        return index
    }

    private func skipSpaces(_ offset: Int) -> Int {
        var index = offset
        while index < old.source.bytes.count, old.source.bytes[index] == 0x20 { index += 1 }
        return index
    }

    private func isFirstOnLine(_ offset: Int) -> Bool { isFirstOnLine(old, offset) }

    private func isFirstOnLine(_ tape: Tape, _ offset: Int) -> Bool {
        tape.source.bytes[lineBegin(tape, offset)..<offset].allSatisfy { $0 == 0x20 }
    }

    /// Where the lines of a node end; empty lines behind it, which libyaml counts to a block scalar, are not its own.
    private func entryEnd(_ node: Int) -> Int {
        let bytes = old.source.bytes
        var end = lineEnd(after: Int(old.ends[node]))
        let start = Int(old.nodes[node].start)
        while end > start, bytes[end - 1] == 0x0A {
            var line = end - 1
            while line > start, bytes[line - 1] == 0x20 || bytes[line - 1] == 0x0D { line -= 1 }
            guard line > start, bytes[line - 1] == 0x0A else { break }
            end = line
        }
        return end
    }

    /// Where an item goes that comes before the first one: above the comment that stands directly above that.
    private func placeBefore(_ item: Int) throws -> Int {
        let first = try dash(old, item).offset
        guard isFirstOnLine(first) else { throw Unsuitable() }
        let line = lineBegin(first)
        var place = line
        while place > 0 {
            let above = lineBegin(place - 1)
            guard old.source.bytes[skipSpaces(above)] == UInt8(ascii: "#") else { return place }
            place = above
        }
        // What begins the text is about all of it.
        return line
    }

    /// Where the line ends that a place is in; the place itself where it is a line's beginning already.
    private func lineEnd(after offset: Int) -> Int {
        let bytes = old.source.bytes
        if offset > 0, offset <= bytes.count, bytes[offset - 1] == 0x0A { return offset }
        var index = offset
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
        return min(index + 1, bytes.count)
    }

    private func column(_ tape: Tape, _ node: Int) -> Int {
        let start = Int(tape.nodes[node].start)
        return start - lineBegin(tape, start)
    }

    private func colon(_ tape: Tape, _ key: Int) throws -> Int {
        let bytes = tape.source.bytes
        var index = Int(tape.ends[key])
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { throw Unsuitable() }
        return index
    }

    private func dash(_ tape: Tape, _ item: Int) throws -> (offset: Int, column: Int) {
        var index = Int(tape.nodes[item].start)
        while index > 0, tape.source.bytes[index - 1] == 0x20 { index -= 1 }
        guard index > 0, tape.source.bytes[index - 1] == UInt8(ascii: "-") else { throw Unsuitable() }
        return (index - 1, index - 1 - lineBegin(tape, index - 1))
    }

    /// The lines of an entry in the new text, moved by some columns.
    ///
    /// The encoder writes no comments, so an entry reaches to the line of the next node.
    private func lines(from key: Int, to value: Int, shift: Int) -> [UInt8] {
        moved(from: Int(new.nodes[key].start), to: newEnd(value), column: column(new, key), shift: shift)
    }

    private func itemLines(_ item: Int, shift: Int, isFirst: Bool) throws -> [UInt8] {
        let dash = try dash(new, item)
        let text = moved(from: dash.offset, to: newEnd(item), column: dash.column, shift: shift)
        return isFirst ? Array(text.dropFirst(max(0, dash.column + shift))) : text
    }

    private func newEnd(_ node: Int) -> Int {
        let next = new.next(after: node)
        return next < new.count ? lineBegin(new, Int(new.nodes[next].start)) : new.source.bytes.count
    }

    /// Copies lines with more or fewer spaces before each; the first starts at a column, whatever stands before it.
    private func moved(from start: Int, to end: Int, column: Int, shift: Int) -> [UInt8] {
        let bytes = new.source.bytes
        var text = [UInt8](repeating: 0x20, count: max(0, column + shift))
        var index = start
        while index < end, bytes[index] != 0x0A {
            text.append(bytes[index])
            index += 1
        }
        while index < end {
            text.append(0x0A)
            index += 1
            guard index < end, bytes[index] != 0x0A else { continue }
            if shift >= 0 {
                text += [UInt8](repeating: 0x20, count: shift)
            } else {
                var left = -shift
                while left > 0, index < end, bytes[index] == 0x20 {
                    index += 1
                    left -= 1
                }
            }
            while index < end, bytes[index] != 0x0A {
                text.append(bytes[index])
                index += 1
            }
        }
        return text
    }
}
