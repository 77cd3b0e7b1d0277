import Foundation
import Holdfast

/// A format that costs nothing: what is measured is the kernel.
struct BytesCodec: ManagedFileCodec {
    let format = "bytes"
    let filenames: [FilenamePattern] = ["metadata.data", "config.data", "events.data"]

    func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
        guard let bytes = value as? Data else { throw CodecError("this format holds Data, not \(Value.self)") }
        return bytes
    }

    func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
        guard let value = bytes as? Value else { throw CodecError("this format holds Data, not \(type)") }
        return value
    }

    func validate(_ bytes: Data, in context: CodecContext) throws {}
}
