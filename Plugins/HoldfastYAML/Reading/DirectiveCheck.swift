import Holdfast

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Refuses a document with very many `%TAG` directives, since libyaml compares each with all before it, or with a very long
/// one, since it copies the prefix for each tag.
enum DirectiveCheck {
    private static let limit = 256
    private static let longest = 1024

    static func check(_ source: SourceText) throws {
        let bytes = source.bytes
        guard let text = bytes.baseAddress else { return }
        var count = 0
        var latest = 0
        var offset = 0
        while offset < bytes.count, let found = memchr(text + offset, 0x25, bytes.count - offset) {
            let percent = UnsafeRawPointer(found) - text
            offset = percent + 1
            guard isLineStart(percent, in: bytes), bytes.count - percent >= 4, memcmp(text + percent, "%TAG", 4) == 0
            else { continue }
            // A document's start ends its directives.
            if hasDocumentStart(bytes, from: latest, to: percent) { count = 0 }
            latest = percent
            count += 1
            guard count <= limit else {
                throw error("more than \(limit) %TAG directives in one document", at: percent, in: source)
            }
            let following = UnsafeRawBufferPointer(rebasing: bytes[percent...].prefix(longest + 1))
            guard following.count <= longest || following.contains(where: { $0 == 0x0A || $0 == 0x0D }) else {
                throw error("a %TAG directive longer than \(longest) bytes", at: percent, in: source)
            }
        }
    }

    private static func error(_ reason: String, at offset: Int, in source: SourceText) -> CodecError {
        let place = source.position(of: offset)
        return CodecError(reason, line: place.line, column: place.column)
    }

    /// Whether a line may start here: at the text's start, or after the last byte of any of libyaml's line breaks.
    private static func isLineStart(_ offset: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard offset > 0 else { return true }
        return [0x0A, 0x0D, 0x85, 0xA8, 0xA9].contains(bytes[offset - 1])
    }

    private static func hasDocumentStart(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Bool {
        guard let text = bytes.baseAddress else { return false }
        var offset = start
        while offset < end, let found = memchr(text + offset, 0x2D, end - offset) {
            let dash = UnsafeRawPointer(found) - text
            if isLineStart(dash, in: bytes), end - dash >= 3, memcmp(text + dash, "---", 3) == 0 { return true }
            offset = dash + 1
        }
        return false
    }
}
