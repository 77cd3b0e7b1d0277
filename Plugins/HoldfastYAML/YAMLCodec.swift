public import FoundationEssentials
public import Holdfast

/// YAML as a format of managed files.
///
/// ```swift
/// let registry = try CodecRegistry(YAMLCodec("config.yaml"))
/// ```
public struct YAMLCodec: ManagedFileCodec {
    /// The format's name.
    public let format = "YAML"

    /// The filenames that this codec manages.
    public let filenames: [FilenamePattern]

    /// How values are written.
    public var encodingOptions: YAMLEncodingOptions

    /// How values are read.
    public var decodingOptions: YAMLDecodingOptions

    /// Whether a file that a person has edited keeps its comments, order and style where its values do not change.
    ///
    /// The result always holds just the new value: it is parsed and compared. Where a person's notation is another one, such
    /// as `30` for what a `Double` writes as `30.0`, it is also decoded as the value's type and encoded again, and kept
    /// where that gives the same text; so is, up to 64 KB, what the file holds now. Files above 4 MiB are written anew.
    public var keepsFormatting = true

    /// Creates a codec.
    ///
    /// - Parameters:
    ///   - filenames: The filenames to manage: literal names, or patterns.
    ///   - encodingOptions: How values are written.
    ///   - decodingOptions: How values are read.
    public init(
        _ filenames: FilenamePattern..., encodingOptions: YAMLEncodingOptions = YAMLEncodingOptions(),
        decodingOptions: YAMLDecodingOptions = YAMLDecodingOptions()
    ) {
        self.init(filenames: filenames, encodingOptions: encodingOptions, decodingOptions: decodingOptions)
    }

    /// Creates a codec for filenames that are known only when the program runs.
    ///
    /// - Parameters:
    ///   - filenames: The filenames to manage: literal names, or patterns.
    ///   - encodingOptions: How values are written.
    ///   - decodingOptions: How values are read.
    public init(
        filenames: [FilenamePattern],
        encodingOptions: YAMLEncodingOptions = YAMLEncodingOptions(),
        decodingOptions: YAMLDecodingOptions = YAMLDecodingOptions()
    ) {
        self.filenames = filenames
        self.encodingOptions = encodingOptions
        self.decodingOptions = decodingOptions
    }

    /// Encodes a value to the bytes of a whole file.
    ///
    /// - Parameters:
    ///   - value: The value to encode.
    ///   - context: The file's name, user info, and the bytes that it holds now.
    /// - Returns: The bytes to store.
    /// - Throws: An `EncodingError`, what `currentBytes` throws, or what the value's own `encode(to:)` throws.
    public func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
        var options = encodingOptions
        // The same value is the same bytes.
        options.sortsDictionaries = true
        options.userInfo.merge(context.userInfo) { _, new in new }
        let text = try YAMLEncoder(options: options).encode(value)
        guard keepsFormatting, let current = try context.currentBytes() else { return text }
        return FormattingRewrite.rewrite(
            current, as: text, decodingOptions.rules, reencoded: reencoding(Value.self, options, context))
    }

    /// Reads a text as a type does, and writes what it has read; nil for a type that can only be written.
    private func reencoding<Value>(
        _ type: Value.Type, _ encodingOptions: YAMLEncodingOptions, _ context: CodecContext
    ) -> ((Data) throws -> Data)? {
        guard let type = type as? any Codable.Type else { return nil }
        func reencoding<Both: Codable>(_ type: Both.Type) -> (Data) throws -> Data {
            { try YAMLEncoder(options: encodingOptions).encode(decode(type, from: $0, in: context)) }
        }
        return reencoding(type)
    }

    /// Decodes a value from the bytes of a whole file.
    ///
    /// - Parameters:
    ///   - type: The type to decode.
    ///   - bytes: The file's bytes.
    ///   - context: The file's name and user info.
    /// - Returns: The value.
    /// - Throws: A `CodecError` with line, column and coding path, or what the value's own `init(from:)` throws.
    public func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: Data, in context: CodecContext
    ) throws -> Value {
        var options = self.options
        options.userInfo.merge(context.userInfo) { _, new in new }
        do {
            return try YAMLDecoder(options: options).decode(type, from: bytes)
        } catch let error as DecodingError {
            throw error.located ?? error
        }
    }

    /// A file that a crash has cut down to nothing is not null; one of which a person has left only comments is.
    private var options: YAMLDecodingOptions {
        var options = decodingOptions
        options.refusesEmptyText = true
        return options
    }

    /// Checks that bytes are a well-formed file of one document, without building a value.
    ///
    /// - Parameters:
    ///   - bytes: The file's bytes.
    ///   - context: The file's name.
    /// - Throws: A `CodecError` that says where the first fault is.
    public func validate(_ bytes: Data, in context: CodecContext) throws {
        try YAMLDecoder(options: options).validate(bytes)
    }
}

extension DecodingError {
    /// The error with its place as values.
    var located: (any Error)? {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            return context.underlyingError as? CodecError
        @unknown default: return nil
        }
    }
}
