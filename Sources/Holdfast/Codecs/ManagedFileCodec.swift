public import FoundationEssentials

/// A file format, and the filenames of a document that are kept in it.
///
/// A codec turns values into bytes and back. It never touches the disk: the kernel reads and writes the files, and
/// knows no format. Register a codec with ``CodecRegistry/register(_:)``; every file of a document whose name matches
/// one of ``filenames`` is then a *managed file*, which only the kernel writes.
///
/// What every codec must hold, and what `CodecConformance` of `HoldfastTesting` checks in one line:
///
/// 1. What ``encode(_:in:)`` returns passes ``validate(_:in:)`` and decodes to an equal value.
/// 2. Encoding the same value twice in the same context gives the same bytes, so that a save that changes nothing is
///    seen to change nothing.
/// 3. Bytes that ``decode(_:from:in:)`` would refuse for their syntax, ``validate(_:in:)`` refuses too.
/// 4. Any bytes at all give a value or an error: no trap, no hang, no unbounded memory.
/// 5. All calls may come from any thread, and several at once.
///
/// Throw a ``CodecError`` to say where in the bytes the fault lies; any other error is wrapped as it is.
public protocol ManagedFileCodec: Sendable {
    /// The format's name as a person knows it, such as `JSON`; used in errors and reports.
    var format: String { get }

    /// The filenames that this codec manages: literal names, or patterns such as `events-*.jsonl`.
    var filenames: [FilenamePattern] { get }

    /// Encodes a value to the bytes of a whole file.
    ///
    /// - Parameters:
    ///   - value: The value to encode.
    ///   - context: The file's name, and the bytes that it holds now, for codecs that keep a person's comments.
    /// - Returns: The bytes to store.
    /// - Throws: A ``CodecError``, an `EncodingError`, or any other error; nothing has been written then.
    func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data

    /// Decodes a value from the bytes of a whole file.
    ///
    /// - Parameters:
    ///   - type: The type to decode.
    ///   - bytes: The file's bytes.
    ///   - context: The file's name.
    /// - Returns: The value.
    /// - Throws: A ``CodecError``, a `DecodingError`, or any other error.
    func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value

    /// Checks that bytes are a well-formed file of this format, without building a value.
    ///
    /// It runs over whole stores, so it should cost no more than a pass over the bytes.
    ///
    /// - Parameters:
    ///   - bytes: The file's bytes.
    ///   - context: The file's name.
    /// - Throws: A ``CodecError`` that says where the first fault is, or any other error.
    func validate(_ bytes: Data, in context: CodecContext) throws
}
