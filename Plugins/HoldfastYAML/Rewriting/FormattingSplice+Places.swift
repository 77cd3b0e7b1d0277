/// Where lines, entries and items begin and end in the two texts.
extension FormattingSplice {
    func lineBegin(_ offset: Int) -> Int { lineBegin(old, offset) }

    func lineBegin(_ tape: Tape, _ offset: Int) -> Int {
        var index = offset
        while index > 0, tape.source.bytes[index - 1] != 0x0A { index -= 1 }
        return index
    }

    func skipSpaces(_ offset: Int) -> Int {
        var index = offset
        while index < old.source.bytes.count, old.source.bytes[index] == 0x20 || old.source.bytes[index] == 0x09 {
            index += 1
        }
        return index
    }

    func isFirstOnLine(_ offset: Int) -> Bool { isFirstOnLine(old, offset) }

    func isFirstOnLine(_ tape: Tape, _ offset: Int) -> Bool {
        tape.source.bytes[lineBegin(tape, offset)..<offset].allSatisfy { $0 == 0x20 }
    }

    /// Where the lines of a node end; empty lines behind it, which libyaml counts to a block scalar, are not its own unless
    /// that keeps them.
    func entryEnd(_ node: Int) -> Int {
        let bytes = old.source.bytes
        var end = lineEnd(after: Int(old.ends[node]))
        if keepsLineBreaks(node) { return end }
        let start = Int(old.nodes[node].start)
        while end > start, bytes[end - 1] == 0x0A {
            var line = end - 1
            while line > start, bytes[line - 1] == 0x20 || bytes[line - 1] == 0x0D { line -= 1 }
            guard line > start, bytes[line - 1] == 0x0A else { break }
            end = line
        }
        return end
    }

    /// Whether a node ends with a block scalar that keeps the empty lines behind it.
    private func keepsLineBreaks(_ node: Int) -> Bool { keepsLineBreaks(old, node) }

    private func keepsLineBreaks(_ tape: Tape, _ node: Int) -> Bool {
        let isCollection = tape.nodes[node].kind == .mapping || tape.nodes[node].kind == .sequence
        let last = isCollection ? max(node, Int(tape.nodes[node].extent) - 1) : node
        return blockIndicator(tape, last).map { tape.source.bytes[$0] == UInt8(ascii: "+") } ?? false
    }

    /// Where a block scalar's header says what becomes of its last line breaks: at the `+` or `-`, or else at its `|` or `>`.
    func blockIndicator(_ tape: Tape, _ node: Int) -> Int? {
        let scalar = tape.nodes[node]
        guard scalar.kind == .scalar, scalar.style == .literal || scalar.style == .folded else { return nil }
        let header = tape.source.bytes[Int(scalar.start)...].prefix { $0 != 0x0A && $0 != UInt8(ascii: "#") }
        return header.lastIndex { ![0x20, 0x09, 0x0D].contains($0) && !(0x30...0x39).contains($0) }
    }

    /// What a new node's lines replace: the empty lines behind it too, where they would become a part of it.
    func replaced(_ range: Range<Int>, by newNode: Int) -> Range<Int> {
        keepsLineBreaks(new, newNode) ? withEmptyLines(range) : range
    }

    /// What goes with the lines of a node: the empty lines behind it too, where they would become a part of what stands
    /// above it.
    func removed(_ range: Range<Int>, of oldNode: Int) -> Range<Int> {
        oldNode > 0 && keepsLineBreaks(old, oldNode - 1) ? withEmptyLines(range) : range
    }

    private func withEmptyLines(_ range: Range<Int>) -> Range<Int> {
        var end = range.upperBound
        while end < old.source.bytes.count {
            let line = lineEnd(after: end + 1)
            guard old.source.bytes[end..<line].allSatisfy({ [0x20, 0x0D, 0x0A].contains($0) }) else { break }
            end = line
        }
        return range.lowerBound..<end
    }

    /// Where what comes behind a node goes: below comments that are indented deeper than the node's entry or dash, since
    /// they are about what is in the node.
    func placeBehind(_ node: Int, column: Int) -> Int {
        let bytes = old.source.bytes
        var place = entryEnd(node)
        var line = place
        while line < bytes.count {
            let content = skipSpaces(line)
            var next = content
            while next < bytes.count, bytes[next] != 0x0A { next += 1 }
            next = min(next + 1, bytes.count)
            if content < bytes.count, bytes[content] == UInt8(ascii: "#") {
                if content - line <= column { break }
                place = next
            } else if content < bytes.count, bytes[content] != 0x0A, bytes[content] != 0x0D {
                break
            }
            line = next
        }
        return place
    }

    /// Where an item begins with the comment that stands directly above it; where that has to be aligned, with those of its
    /// lines that begin at the item's dash.
    func placeAbove(_ item: Int, isAligned: Bool) throws -> Int {
        let (first, column) = try dash(old, item)
        guard isFirstOnLine(first) else { throw Unsuitable() }
        let line = lineBegin(first)
        var place = line
        while place > 0 {
            let above = lineBegin(place - 1)
            let content = skipSpaces(above)
            guard old.source.bytes[content] == UInt8(ascii: "#"), !isAligned || content - above == column else {
                return place
            }
            place = above
        }
        // What begins the text is about all of it.
        return line
    }

    /// Where the line ends that a place is in; the place itself where it is a line's beginning already.
    func lineEnd(after offset: Int) -> Int {
        let bytes = old.source.bytes
        if offset > 0, offset <= bytes.count, bytes[offset - 1] == 0x0A { return offset }
        var index = offset
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
        return min(index + 1, bytes.count)
    }

    func column(_ tape: Tape, _ node: Int) -> Int {
        let start = Int(tape.nodes[node].start)
        return start - lineBegin(tape, start)
    }

    /// The column at which a mapping's keys begin; the first may stand behind a question mark.
    func keyColumn(_ mapping: Int) -> Int {
        let first = column(old, mapping + 1)
        let line = lineBegin(Int(old.nodes[mapping + 1].start))
        guard let last = old.source.bytes[line..<line + first].lastIndex(where: { $0 != 0x20 && $0 != 0x09 }),
            old.source.bytes[last] == UInt8(ascii: "?")
        else { return first }
        return last - line
    }

    func colon(_ tape: Tape, _ key: Int) throws -> Int {
        let bytes = tape.source.bytes
        var index = Int(tape.ends[key])
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { throw Unsuitable() }
        return index
    }

    func dash(_ tape: Tape, _ item: Int) throws -> (offset: Int, column: Int) {
        let bytes = tape.source.bytes
        var index = Int(tape.nodes[item].start)
        // It may have a line of its own, with comments behind and below it.
        while true {
            let begin = lineBegin(tape, index)
            let content =
                index == Int(tape.nodes[item].start) ? bytes[begin..<index] : Self.withoutComment(bytes[begin..<index])
            if let last = content.lastIndex(where: { ![0x20, 0x09, 0x0D].contains($0) }) {
                guard bytes[last] == UInt8(ascii: "-") else { throw Unsuitable() }
                return (last, last - begin)
            }
            guard begin > 0 else { throw Unsuitable() }
            index = begin - 1
        }
    }

    /// A line on which nothing but indicators stands before a comment, without the comment.
    private static func withoutComment(_ line: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        line.prefix(upTo: line.firstIndex(of: UInt8(ascii: "#")) ?? line.endIndex)
    }

    /// The lines of an entry in the new text, moved by some columns.
    ///
    /// The encoder writes no comments, so an entry reaches to the line of the next node.
    func lines(from key: Int, to value: Int, shift: Int) -> [UInt8] {
        moved(from: Int(new.nodes[key].start), to: newEnd(value), column: column(new, key), shift: shift)
    }

    func itemLines(_ item: Int, _ layout: ItemLayout, isFirst: Bool) throws -> [UInt8] {
        guard let shift = layout.shift else {
            let indent = [UInt8](repeating: 0x20, count: isFirst ? 0 : layout.column)
            let content = new.source.bytes[Int(new.nodes[item].start)..<Int(new.ends[item])]
            guard !content.isEmpty, !content.contains(0x0A) else { throw Unsuitable() }
            return indent + [UInt8(ascii: "-"), 0x20] + content + [0x0A]
        }
        let dash = try dash(new, item)
        let text = moved(from: dash.offset, to: newEnd(item), column: dash.column, shift: shift)
        return isFirst ? Array(text.dropFirst(max(0, dash.column + shift))) : text
    }

    func newEnd(_ node: Int) -> Int {
        let next = new.next(after: node)
        return next < new.count ? lineBegin(new, Int(new.nodes[next].start)) : new.source.bytes.count
    }

    /// Copies lines with more or fewer spaces before each; the first starts at a column, whatever stands before it.
    func moved(from start: Int, to end: Int, column: Int, shift: Int) -> [UInt8] {
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
