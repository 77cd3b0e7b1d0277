import CLibYAML
import Holdfast

/// libyaml's event parser over bytes in memory, and what it says when it fails.
struct LibYAMLParser: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// Begins to parse; the bytes must stay in place while it goes on.
    init(_ bytes: UnsafeRawBufferPointer) throws {
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw CodecError("libyaml is out of memory")
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// Reads the next event, which the caller deletes; false where the text is at fault.
    @inline(__always)
    func next(_ event: UnsafeMutablePointer<yaml_event_t>) -> Bool {
        yaml_parser_parse(parser, event) == 1
    }

    /// What libyaml found wrong.
    struct Fault {
        var reason: String
        /// A character, or for faults in the encoding a byte.
        var index: Int
        var isByte: Bool
        /// The character at which that began which is at fault, where it stands on a line before.
        var beginning: Int?
    }

    /// The fault, after ``next(_:)`` was false.
    func fault() -> Fault {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "the text can't be read"
        switch parser.pointee.error {
        case YAML_MEMORY_ERROR: return Fault(reason: "libyaml is out of memory", index: 0, isByte: true)
        case YAML_READER_ERROR:
            let value = parser.pointee.problem_value
            let what = value < 0 ? problem : "\(problem) (\(Self.codePoint(value)))"
            return Fault(reason: what, index: parser.pointee.problem_offset, isByte: true)
        default:
            let context = parser.pointee.context.map { " \(String(cString: $0))" } ?? ""
            let (place, beginning) = (parser.pointee.problem_mark, parser.pointee.context_mark)
            let isAbove = !context.isEmpty && beginning.line < place.line
            if isAbove, context == " while scanning a simple key" {
                // libyaml finds out only at what comes next, which may be many lines below.
                let reason = "could not find expected ':' after this key"
                return Fault(reason: reason, index: beginning.index, isByte: false)
            }
            return Fault(
                reason: Self.plain[problem] ?? problem + context, index: place.index, isByte: false,
                beginning: isAbove ? beginning.index : nil)
        }
    }

    /// As Unicode writes it, with four digits at least.
    private static func codePoint(_ value: Int32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// What libyaml says of a character that begins nothing, which is told by the character.
    static let unexpectedCharacter = "found character that cannot start any token"

    /// The faults that people make most, in words that tell what to do; where the fault is behind what it belongs to, a text
    /// goes on with "that begins at".
    private static let plain = [
        unexpectedCharacter: unexpectedCharacter,
        "mapping values are not allowed in this context":
            "a value on the line of its key can't hold a key, too: quote it, or put it on lines below, indented deeper",
        "block sequence entries are not allowed in this context":
            "a dash can't follow a key on its line: put the sequence on the lines below",
        "did not find expected key": "expected a key in line with the others of the mapping",
        "did not find expected '-' indicator": "expected a dash in line with the others of the sequence",
        "did not find expected node content": "expected a value here",
    ]
}
