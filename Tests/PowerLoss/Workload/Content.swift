import Foundation

/// What a file holds: bytes that say which step wrote them, to which file of which document.
///
/// All bytes follow from the first line, so one that differs tells a torn file from a whole one.
struct Content: Hashable, Sendable, CustomStringConvertible {
    /// The document's name at that step; a rename doesn't change it.
    let document: String
    let file: String
    let step: Int
    /// Bytes after the first line.
    let length: Int

    init(document: String, file: String, step: Int, length: Int) {
        self.document = document
        self.file = file
        self.step = step
        self.length = length
    }

    /// Reads a file's bytes back; nil where they are not whole.
    init?(_ bytes: Data) {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let fields = String(decoding: line, as: UTF8.self).split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 4, let step = Int(fields[2]), let length = Int(fields[3]), length >= 0,
            length == bytes.count - line.count - 1
        else { return nil }
        self.init(document: String(fields[0]), file: String(fields[1]), step: step, length: length)
        guard self.bytes == bytes else { return nil }
    }

    /// The whole file: its first line, over and over.
    var bytes: Data {
        var bytes = Data("\(document)\t\(file)\t\(step)\t\(length)\n".utf8)
        let end = bytes.count + length
        while bytes.count < end { bytes.append(bytes) }
        return bytes.prefix(end)
    }

    var description: String { "step \(step) of \(document)/\(file), \(length) bytes" }
}
