import CommandLineKit
import FoundationEssentials
import Holdfast

/// Writes `config.yaml` so that every number keeps its text.
enum ConfigFile {
    static func write(_ value: ConfigValue, to draft: inout Draft) throws {
        var placeholders = NumberPlaceholders()
        let writable = placeholders.replaceNumbers(in: value)
        try draft.set(writable, for: ConversationFiles.config)
        if placeholders.isEmpty { return }
        let filename = ConversationFiles.config.filename
        let bytes = try draft.bytes(filename) ?? Data()
        try draft.setBytes(placeholders.restoreNumbers(in: bytes), for: filename)
        guard try draft.value(ConversationFiles.config) == value else {
            throw CommandFailure("\(draft.document)/\(filename): a number can't be written without loss")
        }
    }
}

/// Words that stand for numbers which Swift's types would write in another way, while the codec lays out the file.
private struct NumberPlaceholders {
    /// Nothing in any file looks like it.
    private let stem = "n" + UUID().uuidString.lowercased().replacing("-", with: "")
    private var numbers: [String] = []

    var isEmpty: Bool { numbers.isEmpty }

    mutating func replaceNumbers(in value: ConfigValue) -> ConfigValue {
        switch value {
        case .null, .bool, .string: return value
        case .array(let elements): return .array(elements.map { replaceNumbers(in: $0) })
        case .mapping(let entries): return .mapping(entries.map { ($0.key, replaceNumbers(in: $0.value)) })
        case .number(let text):
            if Int(text)?.description == text { return value }
            numbers.append(text)
            return .string("\(stem)x\(numbers.count - 1)x")
        }
    }

    func restoreNumbers(in bytes: Data) -> Data {
        var pieces = String(decoding: bytes, as: UTF8.self).split(separator: stem, omittingEmptySubsequences: false)[
            ...]
        var result = String(pieces.popFirst() ?? "")
        for piece in pieces {
            let index = piece.dropFirst().prefix { $0 != "x" }
            let rest = piece.dropFirst(index.count + 2)
            result += Int(index).map { numbers[$0] } ?? ""
            result += rest
        }
        return Data(result.utf8)
    }
}
