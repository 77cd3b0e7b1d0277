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
            let what = value < 0 ? problem : "\(problem) (U+\(String(value, radix: 16, uppercase: true)))"
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
                reason: problem + context, index: place.index, isByte: false,
                beginning: isAbove ? beginning.index : nil)
        }
    }
}
