public import FoundationEssentials
public import Holdfast
@_exported public import JSONText

/// JSON Lines: an array as a text of one JSON value a line.
///
/// ```swift
/// try registry.register(JSONLinesCodec("events-*.jsonl"))
/// ```
///
/// A file that grows at its end changes no byte before it, and a line-based tool can read it. ``SegmentedArray`` spreads
/// an array over several such files, so that what a save writes does not grow with the array.
public struct JSONLinesCodec: ManagedFileCodec {
    /// The format's name, `JSON Lines`.
    public let format = "JSON Lines"

    /// The filenames that this codec manages.
    public let filenames: [FilenamePattern]

    private let coder: JSONCoder
    private let arrayCoder: JSONCoder

    /// Creates a codec.
    ///
    /// - Parameters:
    ///   - filenames: The names and patterns of the files that it manages.
    ///   - options: How it writes and reads each value; what concerns lines does not apply.
    public init(_ filenames: FilenamePattern..., options: JSONOptions = JSONOptions()) {
        self.init(filenames: filenames, options: options)
    }

    /// Creates a codec for filenames that are known only when the program runs.
    ///
    /// - Parameters:
    ///   - filenames: The names and patterns of the files that it manages.
    ///   - options: How it writes and reads each value; what concerns lines does not apply.
    public init(filenames: [FilenamePattern], options: JSONOptions = JSONOptions()) {
        self.filenames = filenames
        var options = options
        options.isPrettyPrinted = false
        options.endsWithLineBreak = false
        coder = JSONCoder(options: options)
        // The array around the lines, which the file doesn't show, is a level too.
        arrayCoder = JSONCoder(options: options, enclosingLevels: 1)
    }

    /// Encodes an array, a line an element.
    ///
    /// - Parameters:
    ///   - value: A value that encodes as an array.
    ///   - context: The file's name; its current bytes aren't needed.
    /// - Returns: The text in UTF-8.
    /// - Throws: A `CodecError` where the value is no array or can't be written as JSON, or what its own code throws.
    public func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
        var text = Data()
        for line in try lines(of: value, in: context) { text.append(line) }
        return text
    }

    /// Decodes an array from lines.
    ///
    /// - Parameters:
    ///   - type: A type that decodes from an array.
    ///   - bytes: The text in UTF-8.
    ///   - context: The file's name.
    /// - Returns: The value.
    /// - Throws: A `CodecError` with line, column and coding path where a line is not JSON or holds no such value, or what
    ///   the type's own code throws.
    public func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value
    {
        // The array that the lines stand for, with its opening bracket on a line before them.
        var array = Data("[\n".utf8)
        array.reserveCapacity(bytes.count + 64)
        for (index, line) in try coder.validateLines(bytes).enumerated() {
            if index > 0 { array.append(contentsOf: [UInt8(ascii: ","), UInt8(ascii: "\n")]) }
            var text = bytes[bytes.startIndex + line.lowerBound..<bytes.startIndex + line.upperBound]
            // Of a line that ends in CR LF, the CR would count as a line of its own.
            if text.last == UInt8(ascii: "\r") { text.removeLast() }
            array.append(text)
        }
        array.append(UInt8(ascii: "]"))
        do {
            return try arrayCoder.decode(type, from: array, userInfo: context.userInfo)
        } catch var error as CodecError {
            error.line = error.line.map { max(1, $0 - 1) }
            throw error
        }
    }

    /// Checks that each line is JSON, by one pass over the bytes.
    ///
    /// - Parameters:
    ///   - bytes: The text in UTF-8.
    ///   - context: The file's name.
    /// - Throws: A `CodecError` with line and column of the first fault.
    public func validate(_ bytes: Data, in context: CodecContext) throws {
        try coder.validateLines(bytes)
    }

    /// Encodes an array; each element's line ends with its line break.
    func lines(of value: some Encodable, in context: CodecContext) throws -> [Data] {
        let array = try arrayCoder.encode(value, userInfo: context.userInfo)
        guard let elements = JSONCoder.elements(in: array) else {
            throw CodecError("only an array can be written as JSON Lines, a value a line")
        }
        return elements.map { array[$0] + CollectionOfOne(UInt8(ascii: "\n")) }
    }
}
