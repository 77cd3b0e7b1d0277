#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a string holds that decides how it can be written.
struct TextTraits: OptionSet {
    let rawValue: UInt8

    /// A line feed.
    static let lineFeed = TextTraits(rawValue: 1 << 0)
    /// A character that only a double-quoted scalar can hold, as an escape.
    static let needsEscape = TextTraits(rawValue: 1 << 1)
    /// A colon or a number sign, which may end a plain scalar.
    static let mayEndPlain = TextTraits(rawValue: 1 << 2)
    /// One of `,[]{}`, which end a plain scalar between brackets, or a question mark, which some readers take for a key's there.
    static let flowIndicator = TextTraits(rawValue: 1 << 3)
    /// A quote or a backslash.
    static let quote = TextTraits(rawValue: 1 << 4)
    /// A tab.
    static let tab = TextTraits(rawValue: 1 << 5)
    /// A byte with which a character may start that needs an escape.
    static let suspect = TextTraits(rawValue: 1 << 6)

    private static let table: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 256)
        for byte in 0..<0x20 { table[byte] = needsEscape.rawValue }
        table[0x7F] = needsEscape.rawValue
        table[0x0A] = lineFeed.rawValue
        table[0x09] = tab.rawValue
        for byte in ":#".utf8 { table[Int(byte)] = mayEndPlain.rawValue }
        for byte in ",[]{}?".utf8 { table[Int(byte)] = flowIndicator.rawValue }
        for byte in "\"'\\".utf8 { table[Int(byte)] = quote.rawValue }
        for byte in [0xC2, 0xE2, 0xEF] { table[byte] = suspect.rawValue }
        return table
    }()

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Looks a text through, each byte once.
    init(_ text: UnsafeBufferPointer<UInt8>) {
        let bits = Self.table.withUnsafeBufferPointer { table in
            var bits: UInt8 = 0
            for byte in text { bits |= table[Int(byte)] }
            return bits
        }
        var traits = TextTraits(rawValue: bits)
        if traits.contains(.suspect), Self.holdsEscapedScalar(text) { traits.insert(.needsEscape) }
        self = traits
    }

    private static func holdsEscapedScalar(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < text.count {
            if escapedScalar(text, at: index) != nil { return true }
            index += 1
        }
        return false
    }

    /// The scalar that starts at a byte, where it is one that must be escaped though it is not ASCII.
    ///
    /// C1 controls, and what libyaml takes for a line break or a byte order mark; U+FFFE and U+FFFF, which YAML's
    /// character set leaves out (section 5.1).
    @inline(__always)
    static func escapedScalar(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> (value: UInt32, length: Int)? {
        switch text[index] {
        case 0xC2:
            guard index + 1 < text.count, text[index + 1] < 0xA0 else { return nil }
            return (UInt32(text[index + 1]), 2)
        case 0xE2:
            guard index + 2 < text.count, text[index + 1] == 0x80 else { return nil }
            guard text[index + 2] == 0xA8 || text[index + 2] == 0xA9 else { return nil }
            return (0x2000 + UInt32(text[index + 2] & 0x3F), 3)
        case 0xEF:
            guard index + 2 < text.count else { return nil }
            switch (text[index + 1], text[index + 2]) {
            case (0xBB, 0xBF): return (0xFEFF, 3)
            case (0xBF, 0xBE): return (0xFFFE, 3)
            case (0xBF, 0xBF): return (0xFFFF, 3)
            default: return nil
            }
        default: return nil
        }
    }
}
