public import FoundationEssentials

/// A number of JSON as its text, so that no digit, zero or exponent of it is lost.
///
/// `1`, `1.0` and `1e0` are three different numbers here: equality is that of the text. Ask for ``int``, ``double`` or
/// ``decimal`` to calculate.
public struct JSONNumber: Hashable, Sendable, CustomStringConvertible, LosslessStringConvertible {
    /// The number as it is written, such as `-1.10e400`.
    public let description: String

    /// Creates a number from text.
    ///
    /// - Parameter description: The text; nil is returned where it is no number by RFC 8259 section 6.
    public init?(_ description: String) {
        var text = description
        let isNumber = text.withUTF8 { bytes -> Bool in
            var scanner = JSONScanner(bytes, maximumDepth: 0)
            return scanner.isNumber()
        }
        guard isNumber else { return nil }
        self.description = text
    }

    /// Creates a number from text that the scanner has passed.
    init(checked description: String) {
        self.description = description
    }

    /// Creates a number from an integer.
    ///
    /// - Parameter value: The integer.
    public init(_ value: some BinaryInteger) {
        description = String(value)
    }

    /// Creates the shortest number that reads back as the same `Double`.
    ///
    /// - Parameter value: The value; nil is returned for infinities and NaN, which JSON has no numbers for.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        let text = value.description
        description = text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// Creates a number from a decimal.
    ///
    /// - Parameter value: The value; nil is returned for NaN, which JSON has no number for.
    public init?(_ value: Decimal) {
        self.init(value.description)
    }

    /// The number as an integer; nil where it has a fraction or an exponent, or is out of range.
    public var int: Int? { Int(description) }

    /// The number as an unsigned integer; nil where it has a fraction or an exponent, or is out of range.
    public var uint64: UInt64? { UInt64(description) }

    /// The nearest `Double`; infinite where the number is out of its range.
    public var double: Double { Double(description) ?? .nan }

    /// The number as a decimal; nil where it has more than 38 digits or its exponent is out of range.
    public var decimal: Decimal? {
        // Decimal rounds silently, so it gets only what it can hold: 38 significant digits, exponents of -128 to 127.
        let parts = Self.parts(of: description)
        guard parts.digits.count <= 38, (-128...127).contains(parts.exponent) else { return nil }
        return Decimal(string: description)
    }

    /// Tells whether two numbers are the same amount, however they are written.
    ///
    /// - Parameter other: The other number.
    /// - Returns: Whether they are equal as exact decimal numbers.
    public func isEqualInValue(to other: JSONNumber) -> Bool {
        let (a, b) = (Self.parts(of: description), Self.parts(of: other.description))
        return a.digits == b.digits && (a.digits.isEmpty || (a.isNegative == b.isNegative && a.exponent == b.exponent))
    }

    /// How many digits it has without zeros at either end.
    var significantDigits: Int { Self.parts(of: description).digits.count }

    /// Whether a number may have more than a decimal's 38 digits, or an exponent outside of its -128 to 127.
    ///
    /// Where it has not, `Decimal` holds it.
    static func isWide(length: Int, exponentDigits: Int) -> Bool { length > 32 || exponentDigits > 2 }

    /// A number as digits without zeros at either end, times a power of ten; no digits stand for zero.
    private static func parts(of text: String) -> (isNegative: Bool, digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var exponent = 0
        var isNegative = false
        var isFraction = false
        let bytes = text.utf8
        var index = bytes.startIndex
        scan: while index < bytes.endIndex {
            let byte = bytes[index]
            index = bytes.index(after: index)
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                // An exponent that large is as far from every other number as one at the end of the range.
                let written = text[index...]
                let number = Int(written) ?? (written.hasPrefix("-") ? Int.min : Int.max)
                exponent += min(max(number, Int.min / 2), Int.max / 2)
                break scan
            default:
                if !digits.isEmpty || byte != UInt8(ascii: "0") { digits.append(byte) }
                if isFraction { exponent -= 1 }
            }
        }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        return (isNegative, digits, exponent)
    }
}
