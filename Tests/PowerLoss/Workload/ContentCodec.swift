import Foundation
import Holdfast

/// A format without a format: a file's bytes are a ``Content``, which the document's drafts set as they are.
struct ContentCodec: ManagedFileCodec {
    let format = "content"
    let filenames: [FilenamePattern] = ["*.content"]

    func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
        guard let bytes = value as? Data else { throw CodecError("a file of content is Data, not \(Value.self)") }
        return bytes
    }

    func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
        guard let value = bytes as? Value else { throw CodecError("a file of content is Data, not \(type)") }
        return value
    }

    func validate(_ bytes: Data, in context: CodecContext) throws {
        guard Content(bytes) != nil else { throw CodecError("the file is torn") }
    }
}
