public import FoundationEssentials
public import Holdfast

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
        if let exact = value as? any ExactJSONConvertible {
            var writer = JSONWriter(options: options)
            try writer.write(exact.exactJSON)
            if options.endsWithLineBreak { writer.breakLastLine() }
            return Data(writer.bytes)
        }
        try EncodingDepth.check(value, limit: options.maximumDepth, userInfo: context.userInfo)
        do {
            var bytes = try options.encoder(userInfo: context.userInfo).encode(value)
            if options.endsWithLineBreak { bytes.append(UInt8(ascii: "\n")) }
            return bytes
        } catch let error as EncodingError {
            throw CodecError(error)
        }
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
        try validate(bytes, in: context)
        if let exact = type as? any ExactJSONConvertible.Type {
            let value = bytes.withBytes { bytes in
                var parser = JSONParser(scanned: bytes)
                return parser.value()
            }
            do throws(ExactJSONMismatch) {
                if let value = try exact.init(exact: value, at: []) as? Value { return value }
            } catch {
                throw CodecError(
                    "expected \(error.expected), found \(error.found.kind)", at: error.path, in: bytes)
            }
        }
        do {
            return try options.decoder(userInfo: context.userInfo).decode(type, from: bytes)
        } catch let error as DecodingError {
            throw CodecError(error, in: bytes)
        }
    }

    /// Checks that bytes are JSON, by one pass over them.
    ///
    /// - Parameters:
    ///   - bytes: The text in UTF-8.
    ///   - context: The file's name.
    /// - Throws: A `CodecError` with line and column of the first fault.
    public func validate(_ bytes: Data, in context: CodecContext) throws {
        try bytes.withBytes { bytes throws(CodecError) in
            do throws(JSONFault) {
                var scanner = JSONScanner(bytes, maximumDepth: options.maximumDepth)
                try scanner.scan()
            } catch {
                throw error.codecError(in: bytes)
            }
        }
    }
}

extension Data {
    fileprivate func withBytes<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let result = withUnsafeBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                Swift.Result { () throws(Failure) in try body(bytes) }
            }
        }
        return try result.get()
    }
}

extension CodecError {
    fileprivate init(_ error: EncodingError) {
        switch error {
        case .invalidValue(_, let context):
            self.init(Self.reason(context.debugDescription), codingPath: context.codingPath)
        @unknown default:
            self.init("\(error)")
        }
    }

    fileprivate init(_ error: DecodingError, in bytes: Data) {
        switch error {
        case .typeMismatch(_, let context), .dataCorrupted(let context):
            self.init(Self.reason(context.debugDescription), at: context.codingPath, in: bytes)
        case .keyNotFound(let key, let context):
            self.init("the key \(key.stringValue.debugDescription) is missing", at: context.codingPath, in: bytes)
        case .valueNotFound(let type, let context):
            self.init("expected \(type), found null or no value", at: context.codingPath, in: bytes)
        @unknown default:
            self.init("\(error)")
        }
    }

    fileprivate init(_ reason: String, at path: [any CodingKey], in bytes: Data) {
        let place = bytes.withBytes { bytes in
            var locator = JSONLocator(scanned: bytes)
            return locator.offset(of: path).map { TextPlace(of: $0, in: bytes) }
        }
        self.init(reason, line: place?.line, column: place?.column, codingPath: path)
    }

    /// Foundation's sentence as a clause.
    private static func reason(_ sentence: String) -> String {
        let clause = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
        return clause.prefix(1).lowercased() + clause.dropFirst()
    }
}
