internal import FoundationEssentials
internal import Holdfast

/// Writes a ``JSONValue`` in the very form in which Foundation's encoder writes other values, so that a file looks the
/// same whichever way it was written.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private let options: JSONOptions
    private let maximumDepth: Int
    /// Made into coding keys only for an error: those take memory of their own.
    private var path: [Step] = []

    private enum Step {
        case index(Int)
        case key(String)
    }

    init(options: JSONOptions, maximumDepth: Int) {
        self.options = options
        self.maximumDepth = maximumDepth
    }

    mutating func write(_ value: JSONValue) throws(CodecError) {
        switch value {
        case .null: put("null")
        case .bool(let bool): put(bool ? "true" : "false")
        case .number(let number): bytes.append(contentsOf: number.description.utf8)
        case .string(let string): write(string: string)
        case .array(let elements):
            try open("[", count: elements.count)
            for (index, element) in elements.enumerated() {
                path.append(.index(index))
                separate(isFirst: index == 0)
                try write(element)
                path.removeLast()
            }
            close("]")
        case .object(let members):
            try open("{", count: members.count)
            for (index, member) in members.enumerated() {
                path.append(.key(member.key))
                separate(isFirst: index == 0)
                write(string: member.key)
                put(options.isPrettyPrinted ? " : " : ":")
                try write(member.value)
                path.removeLast()
            }
            close("}")
        }
    }

    mutating func breakLastLine() {
        put("\n")
    }

    private mutating func put(_ literal: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    private mutating func open(_ bracket: StaticString, count: Int) throws(CodecError) {
        guard path.count < maximumDepth else {
            let keys = path.map { step in
                switch step {
                case .index(let index): JSONPathKey(index)
                case .key(let key): JSONPathKey(key)
                }
            }
            throw CodecError("nested more than \(maximumDepth) deep, which is the limit", codingPath: keys)
        }
        put(bracket)
        // Foundation writes an empty line into what is empty.
        if options.isPrettyPrinted, count == 0 { put("\n") }
    }

    private mutating func separate(isFirst: Bool) {
        if !isFirst { put(",") }
        if options.isPrettyPrinted { breakLine(depth: path.count) }
    }

    private mutating func close(_ bracket: StaticString) {
        if options.isPrettyPrinted { breakLine(depth: path.count) }
        put(bracket)
    }

    private mutating func breakLine(depth: Int) {
        put("\n")
        for _ in 0..<depth { put("  ") }
    }

    private mutating func write(string: String) {
        put("\"")
        var string = string
        string.withUTF8 { text in
            var start = 0
            var i = 0
            while i < text.count {
                let byte = text[i]
                guard
                    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "/")
                else {
                    i += 1
                    continue
                }
                if byte == UInt8(ascii: "/"), !options.escapesSlashes {
                    i += 1
                    continue
                }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<i]))
                write(escapeOf: byte)
                i += 1
                start = i
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        }
        put("\"")
    }

    private mutating func write(escapeOf byte: UInt8) {
        switch byte {
        case 0x08: put("\\b")
        case 0x09: put("\\t")
        case 0x0A: put("\\n")
        case 0x0C: put("\\f")
        case 0x0D: put("\\r")
        case ..<0x20:
            put("\\u00")
            for digit in [byte >> 4, byte & 15] {
                bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        default:
            put("\\")
            bytes.append(byte)
        }
    }
}

/// A key of the path to a value.
struct JSONPathKey: CodingKey {
    var stringValue: String
    var intValue: Int?

    init(_ string: String) {
        stringValue = string
    }

    init(_ index: Int) {
        stringValue = String(index)
        intValue = index
    }

    init(stringValue: String) {
        self.init(stringValue)
    }

    init(intValue: Int) {
        self.init(intValue)
    }
}
