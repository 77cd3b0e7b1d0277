public import FoundationEssentials
public import Holdfast

/// CBOR (RFC 8949), over libcbor's streaming functions.
///
/// It writes one form of each value (RFC 8949, section 4.2: shortest numbers, definite lengths, keys in the order of
/// their bytes), so that a save that changes nothing is seen to change nothing. `Data` is a byte string, a `Date` a
/// number of seconds since 1970 with tag 1 where that loses nothing, else one since 2001 without a tag.
public struct CBORCodec: ManagedFileCodec {
    /// The format's name, `CBOR`.
    public let format = "CBOR"

    /// The filenames that this codec manages.
    public let filenames: [FilenamePattern]

    /// How deep arrays, maps and tags may nest, in both directions.
    public let maximumDepth: Int

    /// Creates a codec.
    ///
    /// - Parameters:
    ///   - filenames: The names and patterns of the files that it manages; `*.cbor` where none is given.
    ///   - maximumDepth: How deep arrays, maps and tags may nest, in both directions.
    public init(_ filenames: FilenamePattern..., maximumDepth: Int = 100) {
        self.filenames = filenames.isEmpty ? ["*.cbor"] : filenames
        self.maximumDepth = maximumDepth
    }

    /// Encodes a value.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - context: The file's name; its current bytes aren't needed.
    /// - Returns: The bytes.
    /// - Throws: A `CodecError` where the value nests too deep or can't be written, or what its own code throws.
    public func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
        let state = EncodingState(maximumDepth: maximumDepth, userInfo: context.userInfo)
        let root = Node()
        do {
            try state.encode(value, into: root, at: [])
        } catch EncodingError.invalidValue(_, let context) {
            throw CodecError(context.debugDescription, codingPath: context.codingPath)
        }
        if let excess = state.excess { throw excess }
        var writer = CBORWriter()
        writer.write(root)
        return Data(writer.bytes)
    }

    /// Decodes a value.
    ///
    /// - Parameters:
    ///   - type: The type to decode.
    ///   - bytes: The bytes.
    ///   - context: The file's name.
    /// - Returns: The value.
    /// - Throws: A `CodecError` with the offset of the fault and the coding path, or what the type's own code throws.
    public func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value
    {
        let document = try CBORDocument(bytes, maximumDepth: maximumDepth)
        let decoder = CBORDecoder(document: document, item: 0, codingPath: [], userInfo: context.userInfo)
        do {
            return try decoder.decode(type)
        } catch let error as DecodingError {
            throw document.codecError(error)
        }
    }

    /// Checks that bytes are one well-formed CBOR value.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - context: The file's name.
    /// - Throws: A `CodecError` with the offset of the first fault.
    public func validate(_ bytes: Data, in context: CodecContext) throws {
        _ = try CBORDocument(bytes, maximumDepth: maximumDepth)
    }
}
