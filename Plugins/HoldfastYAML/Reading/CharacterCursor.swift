/// Turns libyaml's marks, which count characters, into offsets in bytes.
///
/// Marks come nearly in order, so a cursor that walks from the last one is linear in the text.
struct CharacterCursor {
    private let bytes: UnsafeRawBufferPointer
    private let isASCII: Bool
    private var character = 0
    private var offset = 0

    init(_ source: SourceText) {
        bytes = source.bytes
        isASCII = source.isASCII
    }

    /// The byte at which a character starts; the text's end for one past it.
    @inline(__always)
    mutating func offset(of target: Int) -> Int {
        if isASCII { return min(target, bytes.count) }
        return walk(to: target)
    }

    private mutating func walk(to target: Int) -> Int {
        while character > target, offset > 0 {
            offset -= 1
            if bytes[offset] & 0xC0 != 0x80 { character -= 1 }
        }
        // Eight bytes at a time: a byte that does not continue a character starts one.
        while character < target, offset + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let continuing = (word & ~(word << 1)) & 0x8080_8080_8080_8080
            // The sum of the eight bytes, each zero or one, comes out on top of the product.
            let starts = 8 - Int(truncatingIfNeeded: ((continuing >> 7) &* 0x0101_0101_0101_0101) >> 56)
            guard character + starts <= target else { break }
            character += starts
            offset += 8
        }
        while character < target, offset < bytes.count {
            if bytes[offset] & 0xC0 != 0x80 { character += 1 }
            offset += 1
        }
        // A character ends where its last byte does.
        while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
        return offset
    }
}
