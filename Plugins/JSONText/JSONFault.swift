internal import Holdfast

/// What the scanner found wrong, and at which byte; the line and column are counted only when it is reported.
struct JSONFault: Error {
    var reason: String
    var offset: Int

    func codecError(in bytes: UnsafeBufferPointer<UInt8>) -> CodecError {
        let place = TextPlace(of: offset, in: bytes)
        return CodecError(reason, line: place.line, column: place.column)
    }
}

/// A place in a text as editors show it.
struct TextPlace {
    /// From 1; a line ends with LF, CR LF or CR.
    var line = 1
    /// From 1, in Unicode scalars.
    var column = 1

    init(of offset: Int, in bytes: UnsafeBufferPointer<UInt8>) {
        for index in 0..<min(offset, bytes.count) {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n")
                || (byte == UInt8(ascii: "\r") && (index + 1 == bytes.count || bytes[index + 1] != UInt8(ascii: "\n")))
            {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
    }
}
