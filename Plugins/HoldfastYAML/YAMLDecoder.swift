public import FoundationEssentials
import Holdfast

/// Decodes values from YAML.
///
/// ```swift
/// var decoder = YAMLDecoder()
/// decoder.keyDecodingStrategy = .convertFromSnakeCase
/// let config = try decoder.decode(Config.self, from: data)
/// ```
///
/// Errors are `DecodingError`s whose `debugDescription` is one line with line, column and coding path, and whose
/// underlying error is a `CodecError` with the same as values.
@dynamicMemberLookup
public struct YAMLDecoder: Sendable {
    /// How it reads.
    public var options: YAMLDecodingOptions

    /// Creates a decoder.
    ///
    /// - Parameter options: How it reads.
    public init(options: YAMLDecodingOptions = YAMLDecodingOptions()) {
        self.options = options
    }

    /// An option.
    ///
    /// - Parameter member: A property of ``YAMLDecodingOptions``.
    public subscript<Option>(dynamicMember member: WritableKeyPath<YAMLDecodingOptions, Option>) -> Option {
        get { options[keyPath: member] }
        set { options[keyPath: member] = newValue }
    }

    /// Decodes a value from a text of at most one document; a text without any is null.
    ///
    /// - Parameters:
    ///   - type: The value's type.
    ///   - data: UTF-8, or UTF-16 with a byte order mark.
    /// - Returns: The value.
    /// - Throws: A `DecodingError`, or what the value's own `init(from:)` throws.
    public func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        let value = try withTape(of: data) { tape, context in
            if let error = documentError(tape) { throw context.corrupted(error) }
            return try tape.roots.first.map { try context.decodeRoot(type, $0) }
        }
        return try value ?? decode(type, from: Data("null".utf8))
    }

    /// Decodes a value from a text of at most one document; a text without any is null.
    ///
    /// - Parameters:
    ///   - type: The value's type.
    ///   - text: The text.
    /// - Returns: The value.
    /// - Throws: A `DecodingError`, or what the value's own `init(from:)` throws.
    public func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        try decode(type, from: Data(text.utf8))
    }

    /// Decodes a value from each document of a text.
    ///
    /// - Parameters:
    ///   - type: The values' type.
    ///   - data: UTF-8, or UTF-16 with a byte order mark.
    /// - Returns: The values, in order.
    /// - Throws: A `DecodingError`, or what the values' own `init(from:)` throws.
    public func decodeDocuments<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> [Value] {
        try withTape(of: data) { tape, context in
            try tape.roots.map { try context.decodeRoot(type, $0) }
        }
    }

    /// Decodes a value from each document of a text.
    ///
    /// - Parameters:
    ///   - type: The values' type.
    ///   - text: The text.
    /// - Returns: The values, in order.
    /// - Throws: A `DecodingError`, or what the values' own `init(from:)` throws.
    public func decodeDocuments<Value: Decodable>(_ type: Value.Type, from text: String) throws -> [Value] {
        try decodeDocuments(type, from: Data(text.utf8))
    }

    /// Checks that a text is well-formed and within the limits, without building a value.
    ///
    /// - Parameter data: UTF-8, or UTF-16 with a byte order mark.
    /// - Throws: A `CodecError` that says where the first fault is.
    public func validate(_ data: Data) throws {
        try data.withUnsafeBytes { bytes in
            let tape = try TapeBuilder.tape(of: SourceText(borrowing: bytes), options.rules)
            if options.refusesEmptyText, let error = documentError(tape) { throw error }
        }
    }

    /// What is wrong with the number of a text's documents where one is expected.
    private func documentError(_ tape: Tape) -> CodecError? {
        if tape.source.bytes.isEmpty, options.refusesEmptyText {
            return CodecError("expected a value, but the file is empty", line: 1, column: 1)
        }
        guard tape.roots.count > 1 else { return nil }
        let place = tape.position(tape.roots[1])
        return CodecError(
            "a second document starts here, but one was expected", line: place.line, column: place.column)
    }

    private func withTape<Result>(
        of data: Data, _ body: (Tape, DecodingState) throws -> Result
    ) throws -> Result {
        try data.withUnsafeBytes { bytes in
            let source = SourceText(borrowing: bytes)
            let tape: Tape
            do {
                tape = try TapeBuilder.tape(of: source, options.rules)
            } catch let error as CodecError {
                throw DecodingError.dataCorrupted(
                    DecodingError.Context(
                        codingPath: [], debugDescription: error.description, underlyingError: error))
            }
            var state = DecodingState(tape, options)
            // A decoder that a value has kept goes on with a copy of the text.
            defer { if !isKnownUniquelyReferenced(&state) { state.tape.keepText() } }
            return try body(tape, state)
        }
    }
}
