#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Strings that some reader of YAML 1.1 or 1.2 takes for something else when they stand unquoted.
enum AmbiguousText {
    /// Whether a string is one of them, or might be.
    static func contains(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = text.first else { return true }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): return isLikeNumber(text)
        case UInt8(ascii: "~"), UInt8(ascii: "="): return text.count == 1
        case UInt8(ascii: "<"): return text.count == 2 && text[1] == UInt8(ascii: "<")
        default: return text.count <= 5 && isWord(text)
        }
    }

    private static func isWord(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let words: [StaticString] = ["y", "n", "no", "on", "yes", "off", "null", "true", "false"]
        for word in words where word.utf8CodeUnitCount == text.count {
            let matches = word.withUTF8Buffer { word in
                text.indices.allSatisfy { text[$0] | 0x20 == word[$0] }
            }
            if matches { return true }
        }
        return false
    }

    /// Numbers of any base and base 60, dates, times, `.inf` and `.nan`; rather too many than too few.
    private static func isLikeNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if text.count > 1, text[0] == UInt8(ascii: "0"), "xXoObB".utf8.contains(text[1]) { return true }
        if text[0] == UInt8(ascii: "."), text.count == 4, "iInN".utf8.contains(text[1]) { return true }
        return text.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"),
                UInt8(ascii: "+"), UInt8(ascii: "_"), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "T"),
                UInt8(ascii: "t"), UInt8(ascii: "Z"), UInt8(ascii: "z"), UInt8(ascii: " "):
                true
            default: false
            }
        }
    }
}
