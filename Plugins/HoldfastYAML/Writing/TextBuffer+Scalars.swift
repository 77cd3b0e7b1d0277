#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How strings are written.
struct StringLayout {
    /// How many columns more than its parent's a block scalar's lines are indented by.
    var indent: Int
    /// The width beyond which one-line strings are folded.
    var width: Int?
    /// Whether a plain scalar must also be one inside a flow sequence.
    var isFlowSafe: Bool
}

extension TextBuffer {
    /// Writes a string as a value, without the line's end, in the form that reads best of those that read back the same.
    ///
    /// - Parameters:
    ///   - text: The string's UTF-8.
    ///   - column: The column at which the entries of the collection stand that the value is in; -1 at the root.
    ///   - layout: How strings are written.
    func appendString(_ text: UnsafeBufferPointer<UInt8>, column: Int, _ layout: StringLayout) {
        let traits = TextTraits(text)
        if traits.contains(.lineFeed) {
            if !traits.contains(.needsEscape), appendLiteral(text, column: column, layout) { return }
            appendDoubleQuoted(text)
            return
        }
        if let width = layout.width, text.count > width, !traits.contains(.needsEscape),
            appendFolded(text, column: column, width: width, layout)
        {
            return
        }
        appendLine(text, traits, isFlowSafe: layout.isFlowSafe)
    }

    /// Writes a string as a key, on one line.
    func appendKey(_ text: UnsafeBufferPointer<UInt8>, isFlowSafe: Bool) {
        appendLine(text, TextTraits(text), isFlowSafe: isFlowSafe)
    }

    private func appendLine(_ text: UnsafeBufferPointer<UInt8>, _ traits: TextTraits, isFlowSafe: Bool) {
        guard traits.isDisjoint(with: [.needsEscape, .lineFeed, .tab]) else { return appendDoubleQuoted(text) }
        if Self.isPlain(text, traits, isFlowSafe: isFlowSafe) {
            append(text)
        } else if traits.contains(.quote) {
            appendSingleQuoted(text)
        } else {
            append(UInt8(ascii: "\""))
            append(text)
            append(UInt8(ascii: "\""))
        }
    }

    /// Whether a string without line feeds, tabs and escapes can stand unquoted (section 7.3.3), and means itself.
    private static func isPlain(
        _ text: UnsafeBufferPointer<UInt8>, _ traits: TextTraits, isFlowSafe: Bool
    ) -> Bool {
        guard let first = text.first, let last = text.last, last != 0x20 else { return false }
        switch first {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...0xFF,
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "("),
            UInt8(ascii: "."), UInt8(ascii: "$"), UInt8(ascii: "<"), UInt8(ascii: "^"), UInt8(ascii: ";"):
            break
        default: return false
        }
        if traits.contains(.flowIndicator), isFlowSafe { return false }
        if traits.contains(.mayEndPlain) {
            guard last != UInt8(ascii: ":") else { return false }
            for index in 1..<text.count {
                if text[index] == UInt8(ascii: "#"), text[index - 1] == 0x20 { return false }
                // libyaml ends a plain scalar of a flow sequence at a colon before an indicator too.
                if text[index - 1] == UInt8(ascii: ":"), text[index] == 0x20 || isFlowSafe { return false }
            }
        }
        // Three dots at the beginning of a line end a document (section 9.1.2).
        if first == UInt8(ascii: "."), text.count >= 3, text[1] == first, text[2] == first { return false }
        return !AmbiguousText.contains(text)
    }

    private func appendSingleQuoted(_ text: UnsafeBufferPointer<UInt8>) {
        append(UInt8(ascii: "'"))
        for byte in text {
            append(byte)
            if byte == UInt8(ascii: "'") { append(byte) }
        }
        append(UInt8(ascii: "'"))
    }

    /// Writes any string on one line (section 5.7 names the escapes).
    private func appendDoubleQuoted(_ text: UnsafeBufferPointer<UInt8>) {
        append(UInt8(ascii: "\""))
        var index = 0
        var copied = 0
        while index < text.count {
            let byte = text[index]
            var length = 1
            var escape: UInt32?
            if byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                escape = UInt32(byte)
            } else if byte >= 0x80, let scalar = TextTraits.escapedScalar(text, at: index) {
                escape = scalar.value
                length = scalar.length
            }
            if let escape {
                append(UnsafeBufferPointer(rebasing: text[copied..<index]))
                appendEscape(escape)
                copied = index + length
            }
            index += length
        }
        append(UnsafeBufferPointer(rebasing: text[copied...]))
        append(UInt8(ascii: "\""))
    }

    private func appendEscape(_ scalar: UInt32) {
        append(UInt8(ascii: "\\"))
        switch scalar {
        case 0x00: append(UInt8(ascii: "0"))
        case 0x07: append(UInt8(ascii: "a"))
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0A: append(UInt8(ascii: "n"))
        case 0x0B: append(UInt8(ascii: "v"))
        case 0x0C: append(UInt8(ascii: "f"))
        case 0x0D: append(UInt8(ascii: "r"))
        case 0x1B: append(UInt8(ascii: "e"))
        case 0x22, 0x5C: append(UInt8(truncatingIfNeeded: scalar))
        case 0x85: append(UInt8(ascii: "N"))
        case 0x2028: append(UInt8(ascii: "L"))
        case 0x2029: append(UInt8(ascii: "P"))
        default:
            let isShort = scalar < 0x100
            append(UInt8(ascii: isShort ? "x" : "u"))
            for place in stride(from: isShort ? 4 : 12, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: scalar >> UInt32(place) & 0xF)
                append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") - 10 + digit)
            }
        }
    }

    /// Writes a text of several lines as a literal block (section 8.1.2), without the last line's end; false where none
    /// can hold it.
    private func appendLiteral(_ text: UnsafeBufferPointer<UInt8>, column: Int, _ layout: StringLayout) -> Bool {
        // Line feeds alone leave no line to see the indentation by.
        guard let base = text.baseAddress, let last = text.lastIndex(where: { $0 != 0x0A }) else { return false }
        let trailing = text.count - 1 - last
        append(UInt8(ascii: "|"))
        // A reader would take leading spaces for the indentation, and fails at leading tabs.
        if [0x20, 0x09, 0x0A].contains(text[0]) { append(decimal: Int64(layout.indent)) }
        if trailing == 0 { append(UInt8(ascii: "-")) }
        if trailing > 1 { append(UInt8(ascii: "+")) }
        let spaces = max(column, 0) + layout.indent
        var start = 0
        // The line feed after the last line is the one that ends every value.
        let end = trailing == 0 ? text.count : text.count - 1
        repeat {
            append(0x0A)
            let found = memchr(base + start, 0x0A, end - start)
            let stop = found.map { UnsafeRawPointer($0) - UnsafeRawPointer(base) } ?? end
            if stop > start {
                appendSpaces(spaces)
                append(UnsafeBufferPointer(rebasing: text[start..<stop]))
            }
            start = stop + 1
        } while start <= end && (start < end || trailing > 1)
        return true
    }

    /// Writes a long line as a folded block (section 8.1.3), without the last line's end; false where it has nowhere
    /// to fold, or would not read back the same.
    private func appendFolded(
        _ text: UnsafeBufferPointer<UInt8>, column: Int, width: Int, _ layout: StringLayout
    ) -> Bool {
        let blank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        guard let first = text.first, let last = text.last, !blank(first), !blank(last) else { return false }
        let spaces = max(column, 0) + layout.indent
        let room = max(width - spaces, 1)
        var cuts: [Int] = []
        var lineStart = 0
        var candidate: Int?
        for index in 1..<text.count - 1 where text[index] == 0x20 {
            // Only a single space is what a folded line break stands for.
            guard !blank(text[index - 1]), !blank(text[index + 1]) else { continue }
            if index - lineStart > room, let cut = candidate {
                cuts.append(cut)
                lineStart = cut + 1
            }
            candidate = index
        }
        if text.count - lineStart > room, let cut = candidate, cut > lineStart { cuts.append(cut) }
        guard !cuts.isEmpty else { return false }
        append(literal: ">-")
        var start = 0
        for cut in cuts + [text.count] {
            append(0x0A)
            appendSpaces(spaces)
            append(UnsafeBufferPointer(rebasing: text[start..<cut]))
            start = cut + 1
        }
        return true
    }

    /// Writes a number in its shortest form, with a point, so that it is a float in YAML 1.1 too.
    func appendFloat<Number: BinaryFloatingPoint & CustomStringConvertible>(_ number: Number) {
        guard number.isFinite else {
            append(literal: number.isNaN ? ".nan" : number < 0 ? "-.inf" : ".inf")
            return
        }
        var text = number.description
        text.withUTF8 { bytes in
            guard let exponent = bytes.firstIndex(of: UInt8(ascii: "e")), !bytes.contains(UInt8(ascii: ".")) else {
                return append(bytes)
            }
            append(UnsafeBufferPointer(rebasing: bytes[..<exponent]))
            append(literal: ".0")
            append(UnsafeBufferPointer(rebasing: bytes[exponent...]))
        }
    }
}
