public import FoundationEssentials
public import Holdfast
@_exported public import JSONText

/// JSON, through Foundation's coders.
///
/// ```swift
/// var registry = CodecRegistry()
/// try registry.register(JSONCodec("metadata.json", "events.json"))
/// ```
///
/// Foundation reads more than JSON is, quietly: a trailing comma, a key that stands twice (the first wins), a byte order
/// mark. Each of these is how a damaged or hand-edited file loses data at the next save, so this codec scans the bytes
/// first and refuses what RFC 8259 does not allow, or calls unpredictable, with line and column.
public struct JSONCodec: ManagedFileCodec {
    /// The format's name, `JSON`.
    public let format = "JSON"

    /// The filenames that this codec manages.
    public let filenames: [FilenamePattern]

    /// How it writes and reads.
    public let options: JSONOptions

    private var coder: JSONCoder { JSONCoder(options: options) }

    /// Creates a codec.
    ///
    /// - Parameters:
    ///   - filenames: The names and patterns of the files that it manages.
    ///   - options: How it writes and reads.
    public init(_ filenames: FilenamePattern..., options: JSONOptions = JSONOptions()) {
        self.init(filenames: filenames, options: options)
    }

    /// Creates a codec for filenames that are known only when the program runs.
    ///
    /// - Parameters:
    ///   - filenames: The names and patterns of the files that it manages.
    ///   - options: How it writes and reads.
    public init(filenames: [FilenamePattern], options: JSONOptions = JSONOptions()) {
        self.filenames = filenames
        self.options = options
    }

    /// Encodes a value.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - context: The file's name; its current bytes aren't needed.
    /// - Returns: The text in UTF-8.
    /// - Throws: A `CodecError` where the value can't be written as JSON or nests too deep, or what the value's own
    ///   code throws.
    public func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
        try coder.encode(value, userInfo: context.userInfo)
    }

    /// Decodes a value.
    ///
    /// - Parameters:
    ///   - type: The type to decode.
    ///   - bytes: The text in UTF-8.
    ///   - context: The file's name.
    /// - Returns: The value.
    /// - Throws: A `CodecError` with line, column and coding path where the bytes are not JSON or hold no such value, or
    ///   what the type's own code throws.
    public func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value
    {
        try coder.decode(type, from: bytes, userInfo: context.userInfo)
    }

    /// Checks that bytes are JSON, by one pass over them.
    ///
    /// - Parameters:
    ///   - bytes: The text in UTF-8.
    ///   - context: The file's name.
    /// - Throws: A `CodecError` with line and column of the first fault.
    public func validate(_ bytes: Data, in context: CodecContext) throws {
        try coder.validate(bytes)
    }
}
