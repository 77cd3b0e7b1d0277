import Foundation
import Holdfast

/// The kernel's tests use no plugin: a codec over Foundation, with faults on demand.
struct NoteCodec: ManagedFileCodec {
    var format = "note"
    var filenames: [FilenamePattern] = ["metadata.json", "events.json", "config.yaml", "part-*.json"]

    func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try encoder.encode(value)
    }

    func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
        try JSONDecoder().decode(type, from: bytes)
    }

    func validate(_ bytes: Data, in context: CodecContext) throws {
        do {
            _ = try JSONDecoder().decode(Anything.self, from: bytes)
        } catch {
            throw CodecError("expected a value", line: 1, column: 1)
        }
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) throws {}
    }
}

extension ManagedFile where Value == String {
    static var metadata: ManagedFile { ManagedFile("metadata.json") }
    static var config: ManagedFile { ManagedFile("config.yaml") }
}

extension ManagedFile where Value == [Int] {
    static var events: ManagedFile { ManagedFile("events.json") }
}
