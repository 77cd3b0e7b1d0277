import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The UTF-8 bytes of a YAML text, and where their lines are.
///
/// While the caller's bytes are borrowed nothing is copied. UTF-16 is turned into UTF-8 first, and a byte order mark is
/// left out.
final class SourceText {
    private(set) var bytes: UnsafeRawBufferPointer
    /// The storage, once the bytes are the text's own.
    private var owned: UnsafeMutableRawBufferPointer?
    /// How many bytes of a byte order mark stand before `bytes`.
    let markLength: Int
    /// Whether a character is always one byte, so that libyaml's character positions are byte positions.
    let isASCII: Bool
    private var checkpoints: [Checkpoint] = []

    /// Line and column at every `stride` bytes, so that a position is found in constant time however often it is asked.
    private struct Checkpoint {
        var line: Int
        var column: Int
    }
    private static let stride = 1024

    /// Borrows bytes; ``keep()`` must be called before the borrow ends where the text lives on.
    init(borrowing raw: UnsafeRawBufferPointer) {
        if let transcoded = UTF16Text.transcode(raw) {
            owned = transcoded
            bytes = UnsafeRawBufferPointer(transcoded)
            markLength = 0
        } else {
            let hasMark = raw.count >= 3 && raw[0] == 0xEF && raw[1] == 0xBB && raw[2] == 0xBF
            bytes = hasMark ? UnsafeRawBufferPointer(rebasing: raw[3...]) : raw
            markLength = hasMark ? 3 : 0
        }
        isASCII = Self.isASCII(bytes)
        endLastLine()
    }

    /// Borrows a part of another text, for as long as that stays where it is.
    init(part: Range<Int>, of text: SourceText) {
        bytes = UnsafeRawBufferPointer(rebasing: text.bytes[part])
        markLength = 0
        isASCII = text.isASCII || Self.isASCII(bytes)
    }

    /// Ends a last line of nothing but spaces.
    ///
    /// In a block scalar libyaml reads it as a part of a line, where YAML sees an empty one (section 8.1.1.2).
    private func endLastLine() {
        guard bytes.last == 0x20, let last = bytes.lastIndex(where: { $0 != 0x20 }), bytes[last] == 0x0A else { return }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 1, alignment: 16)
        copy.copyMemory(from: bytes)
        copy[bytes.count] = 0x0A
        owned?.deallocate()
        owned = copy
        bytes = UnsafeRawBufferPointer(copy)
    }

    deinit { owned?.deallocate() }

    /// Copies borrowed bytes, for a decoder that outlives the call that made it.
    func keep() {
        guard owned == nil, !bytes.isEmpty else { return }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        copy.copyMemory(from: bytes)
        owned = copy
        bytes = UnsafeRawBufferPointer(copy)
    }

    private static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var bits: UInt64 = 0
        var index = 0
        while index + 8 <= bytes.count {
            bits |= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < bytes.count {
            bits |= UInt64(bytes[index])
            index += 1
        }
        return bits & 0x8080_8080_8080_8080 == 0
    }

    /// Finds the line and column, both from 1, of a byte; columns count Unicode scalars.
    func position(of offset: Int) -> (line: Int, column: Int) {
        let target = min(max(offset, 0), bytes.count)
        if checkpoints.isEmpty { buildCheckpoints() }
        let block = min(target / Self.stride, checkpoints.count - 1)
        var place = checkpoints[block]
        advance(&place, from: block * Self.stride, to: target)
        return (place.line + 1, place.column + 1)
    }

    private func buildCheckpoints() {
        var place = Checkpoint(line: 0, column: 0)
        checkpoints.reserveCapacity(bytes.count / Self.stride + 1)
        var offset = 0
        while offset <= bytes.count {
            checkpoints.append(place)
            let next = min(offset + Self.stride, bytes.count)
            advance(&place, from: offset, to: next)
            offset += Self.stride
        }
    }

    /// A line ends after LF, or after CR that no LF follows, as in libyaml.
    private func advance(_ place: inout Checkpoint, from start: Int, to end: Int) {
        var index = start
        while index < end {
            let byte = bytes[index]
            if byte == 0x0A || (byte == 0x0D && !(index + 1 < bytes.count && bytes[index + 1] == 0x0A)) {
                place.line += 1
                place.column = 0
            } else if byte & 0xC0 != 0x80 {
                place.column += 1
            }
            index += 1
        }
    }
}

/// Texts in UTF-16, which YAML allows (section 5.2 of its specification).
enum UTF16Text {
    /// Turns UTF-16 with a byte order mark into UTF-8; nil for other bytes.
    ///
    /// The caller deallocates the result.
    /// Broken surrogates become U+FFFD, which no valid text loses anything by: they have no meaning.
    static func transcode(_ raw: UnsafeRawBufferPointer) -> UnsafeMutableRawBufferPointer? {
        guard raw.count >= 2 else { return nil }
        let bigEndian = raw[0] == 0xFE && raw[1] == 0xFF
        guard bigEndian || (raw[0] == 0xFF && raw[1] == 0xFE) else { return nil }
        let units = (1..<raw.count / 2).lazy.map { index in
            let (first, second) = (UInt16(raw[2 * index]), UInt16(raw[2 * index + 1]))
            return bigEndian ? first << 8 | second : second << 8 | first
        }
        var text: [UInt8] = []
        text.reserveCapacity(raw.count)
        _ = Swift.transcode(
            units.makeIterator(), from: UTF16.self, to: UTF8.self, stoppingOnError: false, into: { text.append($0) })
        // An odd last byte is half a unit: libyaml calls that an incomplete sequence; a control character says so too.
        if raw.count % 2 == 1 { text.append(0) }
        let result = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 16)
        result.copyBytes(from: text)
        return result
    }
}
