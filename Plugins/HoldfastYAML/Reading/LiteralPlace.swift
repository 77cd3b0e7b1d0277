#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where a literal block's lines stand in the text, if they are there with nothing but an indentation before each.
struct LiteralPlace {
    var start: Int
    var indent: Int

    /// Compares content with the text line by line; nil where it must be copied, such as after CRLF.
    init?(of content: UnsafeBufferPointer<UInt8>, in bytes: UnsafeRawBufferPointer, at header: Int) {
        guard let text = bytes.baseAddress, let value = content.baseAddress, header < bytes.count,
            let headerEnd = memchr(text + header, 0x0A, bytes.count - header)
        else { return nil }
        start = UnsafeRawPointer(headerEnd) - text + 1
        indent = -1
        var offset = start
        var done = 0
        while done < content.count {
            let lineEnd = memchr(value + done, 0x0A, content.count - done)
            let line = lineEnd.map { UnsafeRawPointer($0) - UnsafeRawPointer(value + done) + 1 } ?? content.count - done
            let isEmpty = line == 1 && lineEnd != nil
            if indent < 0, !isEmpty {
                // The first line that is not empty tells the indentation.
                var inText = offset
                while inText < bytes.count, bytes[inText] == 0x20 { inText += 1 }
                var inContent = done
                while inContent < content.count, value[inContent] == 0x20 { inContent += 1 }
                indent = (inText - offset) - (inContent - done)
                guard indent >= 0, indent < TapeNode.numberLimit else { return nil }
                guard Self.holds(content, in: bytes, start: start, indent: indent) else { return nil }
                return
            }
            guard isEmpty else { return nil }
            while offset < bytes.count, bytes[offset] == 0x20 { offset += 1 }
            guard offset < bytes.count, bytes[offset] == 0x0A else { return nil }
            offset += 1
            done += 1
        }
        return nil
    }

    private static func holds(
        _ content: UnsafeBufferPointer<UInt8>, in bytes: UnsafeRawBufferPointer, start: Int, indent: Int
    ) -> Bool {
        guard let text = bytes.baseAddress, let value = content.baseAddress else { return false }
        var offset = start
        var done = 0
        while done < content.count {
            var spaces = 0
            while spaces < indent, offset < bytes.count, bytes[offset] == 0x20 {
                offset += 1
                spaces += 1
            }
            let lineEnd = memchr(value + done, 0x0A, content.count - done)
            let line = lineEnd.map { UnsafeRawPointer($0) - UnsafeRawPointer(value + done) + 1 } ?? content.count - done
            guard offset + line <= bytes.count, memcmp(text + offset, value + done, line) == 0 else { return false }
            offset += line
            done += line
        }
        return true
    }
}
