import FoundationEssentials
import Holdfast

/// A format that this tool doesn't know: its files are managed, so that a recovery keeps their generations apart, and any
/// bytes are well-formed.
struct OtherFormat: ManagedFileCodec {
    struct Unknown: Error, CustomStringConvertible {
        var description: String { "this tool doesn't know the format" }
    }

    let format = "other"
    let filenames: [FilenamePattern]

    func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data { throw Unknown() }

    func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
        throw Unknown()
    }

    func validate(_ bytes: Data, in context: CodecContext) {}
}
