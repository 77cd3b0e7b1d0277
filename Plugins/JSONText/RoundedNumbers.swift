internal import FoundationEssentials
internal import Holdfast
internal import Synchronization

/// A number as decoders give it, in the two types that hold fractions.
struct NumberReading: Hashable {
    var double: Double?
    var decimal: Decimal?

    init(double: Double?, decimal: Decimal?) {
        self.double = double
        self.decimal = decimal
    }

    /// What Foundation's decoder gives for a number of a text.
    init(of number: String) {
        self.init(double: Double(number), decimal: Decimal(string: number))
    }

    /// The number that both stand for: a decimal has more digits, but no negative zero and fewer exponents.
    var number: JSONNumber? {
        if let double, double == 0, double.sign == .minus { return JSONNumber(double) }
        return decimal.flatMap { JSONNumber($0) } ?? double.flatMap { JSONNumber($0) }
    }
}

/// The numbers of a text that Foundation's decoder rounds, whichever type it is asked for, and says nothing.
///
/// They are looked for when they are first asked about, which no value of fixed types does. A decoder whose text has no wide
/// numbers has none of these either, and does without.
final class RoundedNumbers: Sendable {
    /// Where a decoder has those of its text.
    static let key = CodingUserInfoKey(rawValue: "JSONText.RoundedNumbers")

    private final class Readings: Sendable {
        let all: Set<NumberReading>

        init(in text: Data) {
            all = text.withBytes { bytes in
                var locator = JSONLocator(scanned: bytes)
                var all: Set<NumberReading> = []
                for place in locator.numbers() where Self.isWide(bytes[place]) {
                    let number = JSONNumber(checked: String(decoding: bytes[place], as: UTF8.self))
                    let reading = NumberReading(of: number.description)
                    if reading.number?.isEqualInValue(to: number) != true { all.insert(reading) }
                }
                return all
            }
        }

        private static func isWide(_ number: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
            let exponent = number.drop { $0 | 0x20 != UInt8(ascii: "e") }.dropFirst().drop { $0 < UInt8(ascii: "0") }
            return JSONNumber.isWide(length: number.count, exponentDigits: exponent.count)
        }
    }

    private let text: Data
    private let readings = AtomicLazyReference<Readings>()

    init(in text: Data) { self.text = text }

    /// Whether a number that reads so is one of them.
    ///
    /// Another that reads the same in both types is taken for one: refused rather than changed.
    func contains(_ reading: NumberReading) -> Bool {
        (readings.load() ?? readings.storeIfNil(Readings(in: text))).all.contains(reading)
    }
}
