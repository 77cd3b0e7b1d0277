/// Builds a ``JSONValue`` from bytes that the scanner has passed, so it checks nothing again.
///
/// It recurses, as deep as the scanner has allowed.
struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var i = 0

    /// Creates a parser.
    ///
    /// - Parameter bytes: The text, which the scanner has passed.
    init(scanned bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    mutating func value() -> JSONValue {
        skipWhitespace()
        switch bytes[i] {
        case UInt8(ascii: "\""):
            return .string(string())
        case UInt8(ascii: "["):
            i += 1
            var elements: [JSONValue] = []
            while next() != UInt8(ascii: "]") { elements.append(value()) }
            i += 1
            return .array(elements)
        case UInt8(ascii: "{"):
            i += 1
            var members: [JSONObject.Member] = []
            while next() != UInt8(ascii: "}") {
                let key = string()
                skipWhitespace()
                i += 1
                members.append((key, value()))
            }
            i += 1
            return .object(JSONObject(checked: members))
        case UInt8(ascii: "t"):
            i += 4
            return .bool(true)
        case UInt8(ascii: "f"):
            i += 5
            return .bool(false)
        case UInt8(ascii: "n"):
            i += 4
            return .null
        default:
            let start = i
            while i < bytes.count, Self.isPartOfNumber(bytes[i]) { i += 1 }
            return .number(JSONNumber(checked: String(decoding: bytes[start..<i], as: UTF8.self)))
        }
    }

    /// The byte that the next element, member or end starts with.
    private mutating func next() -> UInt8 {
        skipWhitespace()
        if bytes[i] == UInt8(ascii: ",") {
            i += 1
            skipWhitespace()
        }
        return bytes[i]
    }

    private mutating func string() -> String {
        i += 1
        let start = i
        var isEscaped = false
        while bytes[i] != UInt8(ascii: "\"") {
            let isEscape = bytes[i] == UInt8(ascii: "\\")
            isEscaped = isEscaped || isEscape
            i += isEscape ? 2 : 1
        }
        let content = UnsafeBufferPointer(rebasing: bytes[start..<i])
        i += 1
        return JSONEscape.string(content, isEscaped: isEscaped)
    }

    private mutating func skipWhitespace() {
        while i < bytes.count, bytes[i] <= UInt8(ascii: " ") { i += 1 }
    }

    private static func isPartOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
