/// The escapes of RFC 8259 section 7.
enum JSONEscape {
    /// Reads four hexadecimal digits; nil where they are none.
    static func hexUnit(_ digits: some Sequence<UInt8>) -> UInt16? {
        var unit: UInt16 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return unit
    }

    /// Resolves the escapes of a string's content that has passed the scanner.
    ///
    /// The result is never longer than the content: the shortest escape of a scalar of n bytes takes 2, 6, 6 or 12.
    ///
    /// - Parameters:
    ///   - content: The content, between its quotes.
    ///   - output: Where the result goes; as long as the content.
    /// - Returns: The length of the result.
    static func unescape(_ content: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var count = 0
        func append(_ byte: UInt8) {
            output.initializeElement(at: count, to: byte)
            count += 1
        }
        var i = 0
        while i < content.count {
            var end = i
            while end < content.count, content[end] != UInt8(ascii: "\\") { end += 1 }
            if let source = content.baseAddress, let target = output.baseAddress, end > i {
                (target + count).initialize(from: source + i, count: end - i)
                count += end - i
            }
            guard end + 1 < content.count else { break }
            let letter = content[end + 1]
            i = end + 2
            switch letter {
            case UInt8(ascii: "b"): append(0x08)
            case UInt8(ascii: "f"): append(0x0C)
            case UInt8(ascii: "n"): append(0x0A)
            case UInt8(ascii: "r"): append(0x0D)
            case UInt8(ascii: "t"): append(0x09)
            case UInt8(ascii: "u"):
                guard i + 4 <= content.count, let unit = hexUnit(content[i..<i + 4]) else { continue }
                i += 4
                var scalar = UInt32(unit)
                if unit & 0xFC00 == 0xD800, i + 6 <= content.count, let low = hexUnit(content[i + 2..<i + 6]) {
                    scalar = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF))
                    i += 6
                }
                for unit in UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter {
                    append(unit)
                }
            default: append(letter)
            }
        }
        return count
    }

    /// Makes a string of content that has passed the scanner.
    static func string(_ content: UnsafeBufferPointer<UInt8>, isEscaped: Bool) -> String {
        guard isEscaped else { return String(decoding: content, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: content.count) { unescape(content, into: $0) }
    }
}
