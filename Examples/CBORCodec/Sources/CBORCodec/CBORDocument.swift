import FoundationEssentials
import Holdfast

/// One value of CBOR among the others of its file.
struct CBORItem {
    enum Kind {
        case unsigned(UInt64)
        /// The integer -1 - n.
        case negative(UInt64)
        /// A place in the file, or, for a string in chunks, in the bytes of such strings joined.
        case bytes(Range<Int>, isJoined: Bool)
        case text(Range<Int>, isJoined: Bool)
        case array(count: Int)
        case map(count: Int)
        case tag(UInt64)
        case number(Double)
        case bool(Bool)
        case null
    }

    var kind: Kind
    /// Where it stands in the file.
    var offset: Int
    /// The index of the item after this one and all that it holds.
    var end: Int
}

/// The items of a file in their order: a flat list, in which what an item holds follows it.
///
/// Checked while it is built: nothing is missing or left over, nesting stays within the limit, lengths that are claimed
/// fit into the file, text is UTF-8, and no key stands twice in a map.
final class CBORDocument {
    let items: [CBORItem]
    private let joined: [UInt8]
    private let file: Data

    init(_ file: Data, maximumDepth: Int) throws(CodecError) {
        // A slice's indices don't start at zero.
        self.file = file.startIndex == 0 ? file : Data(file)
        let reader = CBORReader(maximumDepth: maximumDepth)
        let fault = self.file.withUnsafeBytes { bytes in
            reader.read(bytes.bindMemory(to: UInt8.self))
        }
        if let fault { throw fault }
        items = reader.items
        joined = reader.joined
    }

    // MARK: - Reading items

    /// The bytes of a string.
    func bytes(_ range: Range<Int>, isJoined: Bool) -> Data {
        isJoined ? Data(joined[range]) : file.subdata(in: range)
    }

    /// The text of a string, which has been checked to be UTF-8.
    func text(_ range: Range<Int>, isJoined: Bool) -> String {
        isJoined ? String(decoding: joined[range], as: UTF8.self) : String(decoding: file[range], as: UTF8.self)
    }

    /// The key of a map as Codable knows it: text, or an integer in decimal.
    func key(_ index: Int) -> String? {
        switch items[index].kind {
        case .text(let range, let isJoined): text(range, isJoined: isJoined)
        case .unsigned(let number): String(number)
        case .negative(let number): String(-1 - Int128(number))
        default: nil
        }
    }

    /// The item after any tags.
    func content(of index: Int) -> Int {
        var index = index
        while case .tag = items[index].kind { index += 1 }
        return index
    }

    // MARK: - Errors

    static func fault(_ reason: String, at offset: Int, codingPath: [any CodingKey] = []) -> CodecError {
        CodecError("at byte \(offset): \(reason)", codingPath: codingPath)
    }

    /// Adds the offset to an error that the standard library has thrown.
    func codecError(_ error: DecodingError) -> CodecError {
        switch error {
        case .typeMismatch(_, let context), .dataCorrupted(let context), .valueNotFound(_, let context):
            return Self.fault(
                context.debugDescription, at: offset(of: context.codingPath), codingPath: context.codingPath)
        case .keyNotFound(let key, let context):
            return Self.fault(
                "the key \(key.stringValue.debugDescription) is missing", at: offset(of: context.codingPath),
                codingPath: context.codingPath)
        @unknown default:
            return CodecError("\(error)")
        }
    }

    /// The offset of the value at a path, or of the last one on the way there.
    private func offset(of path: [any CodingKey]) -> Int {
        var index = content(of: 0)
        for key in path {
            var child = index + 1
            switch items[index].kind {
            case .array(let count):
                guard let wanted = key.intValue, wanted < count else { return items[index].offset }
                for _ in 0..<wanted { child = items[child].end }
                index = content(of: child)
            case .map(let count):
                guard let found = member(key.stringValue, from: child, count: count) else { return items[index].offset }
                index = content(of: found)
            default: return items[index].offset
            }
        }
        return items[index].offset
    }

    private func member(_ name: String, from first: Int, count: Int) -> Int? {
        var child = first
        for _ in 0..<count {
            if key(child) == name { return items[child].end }
            child = items[items[child].end].end
        }
        return nil
    }
}
