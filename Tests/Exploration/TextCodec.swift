import Foundation
import Holdfast

/// The exploration's format: text that ends with its own length, so that a torn file is told from a whole one.
struct TextCodec: ManagedFileCodec {
    let format = "text"
    let filenames: [FilenamePattern] = ["meta.txt", "events.txt", "part-*.txt"]

    /// What a whole file holds for a text.
    static func whole(_ text: String) -> String { "\(text)\n\(text.utf8.count)\n" }

    func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
        guard let text = value as? String else { throw CodecError("only a String has a text") }
        return Data(Self.whole(text).utf8)
    }

    func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
        guard let value = try text(bytes) as? Value else { throw CodecError("a text is a String") }
        return value
    }

    func validate(_ bytes: Data, in context: CodecContext) throws { _ = try text(bytes) }

    private func text(_ bytes: Data) throws -> String {
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3, lines.popLast()?.isEmpty == true, let length = lines.popLast().flatMap({ Int($0) })
        else { throw CodecError("the text has no end") }
        let text = lines.joined(separator: "\n")
        guard text.utf8.count == length else { throw CodecError("the text is torn") }
        return text
    }
}

extension ManagedFile<String> {
    static let meta = ManagedFile("meta.txt")
    static let events = ManagedFile("events.txt")
    static func part(_ number: Int) -> ManagedFile { ManagedFile("part-\(number).txt") }
}
