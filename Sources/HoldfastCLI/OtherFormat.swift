import FoundationEssentials
import Holdfast

/// Files whose format their pattern doesn't tell: they are managed, so that a recovery keeps their generations apart.
///
/// One whose name ends as a known format's do is checked as that; of any other, all bytes are well-formed.
struct OtherFormat: ManagedFileCodec {
    struct Unknown: Error, CustomStringConvertible {
        var description: String { "this tool doesn't know the format" }
    }

    let format = "other"
    let filenames: [FilenamePattern]
    /// The known formats, by how names end.
    let known: [(suffix: String, codec: any ManagedFileCodec)]

    func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data { throw Unknown() }

    func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
        throw Unknown()
    }

    func validate(_ bytes: Data, in context: CodecContext) throws {
        try known.first { context.filename.hasSuffix($0.suffix) }?.codec.validate(bytes, in: context)
    }
}
