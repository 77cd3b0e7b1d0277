internal import FoundationEssentials

/// Dates as ISO 8601 text without loss.
///
/// A `Date` is a `Double` of seconds since the start of 2001, a whole number of seconds from any civil second. So the
/// fraction digits of the shortest decimal that stands for the `Double` are also those of the civil time, and the text
/// names the same `Double`: no arithmetic rounds on the way.
enum ExactDate {
    static func encode(_ date: Date, to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let text = text(of: date) {
            try container.encode(text)
        } else {
            try container.encode(date.timeIntervalSinceReferenceDate)
        }
    }

    static func decode(from decoder: any Decoder) throws -> Date {
        let container = try decoder.singleValueContainer()
        guard let text = try? container.decode(String.self) else {
            do {
                return Date(timeIntervalSinceReferenceDate: try container.decode(Double.self))
            } catch let DecodingError.typeMismatch(_, context) {
                throw DecodingError.typeMismatch(
                    Date.self,
                    .init(
                        codingPath: context.codingPath,
                        debugDescription: "expected a date: ISO 8601 text, or a number of seconds since 2001"))
            }
        }
        guard let date = date(from: text) else {
            // An infinity, where it has a name.
            if let seconds = try? container.decode(Double.self) { return Date(timeIntervalSinceReferenceDate: seconds) }
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\(text.debugDescription) is no date and time as in RFC 3339, such as"
                    + " 2025-12-20T11:33:49.092105Z")
        }
        return date
    }

    // MARK: - Writing

    /// Days from 0000-03-01 to 2001-01-01 in the proleptic Gregorian calendar.
    private static let referenceDay = 730_791

    /// Writes a date; nil where no four-digit year and reasonable number of digits can.
    static func text(of date: Date) -> String? {
        let interval = date.timeIntervalSinceReferenceDate
        // Years 0 to 9999; NaN fails the test too. Minus zero differs from zero by a bit that text can't hold.
        guard interval >= -63_145_526_400, interval < 252_423_993_600, interval.bitPattern != (-0.0).bitPattern
        else { return nil }
        var second = Int(interval.rounded(.down))
        var fraction: [UInt8] = []
        if Double(second) != interval {
            guard let digits = fractionDigits(of: interval.magnitude) else { return nil }
            fraction = digits
            // Time runs forward also before 2001: what is left of the second is the complement.
            if interval < 0 {
                second = -Int(interval.magnitude.rounded(.down)) - 1
                complement(&fraction)
            }
        }
        let day = second >= 0 ? second / 86_400 : -((86_399 - second) / 86_400)
        second -= day * 86_400
        let civil = civilDate(of: day + referenceDay)
        return String(unsafeUninitializedCapacity: 21 + fraction.count) { buffer in
            var count = 0
            func put(_ byte: UInt8) {
                buffer.initializeElement(at: count, to: byte)
                count += 1
            }
            func put(_ number: Int, width: Int) {
                var divisor = width == 4 ? 1_000 : 10
                while divisor > 0 {
                    put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
                    divisor /= 10
                }
            }
            put(civil.year, width: 4)
            put(UInt8(ascii: "-"))
            put(civil.month, width: 2)
            put(UInt8(ascii: "-"))
            put(civil.day, width: 2)
            put(UInt8(ascii: "T"))
            put(second / 3_600, width: 2)
            put(UInt8(ascii: ":"))
            put(second / 60 % 60, width: 2)
            put(UInt8(ascii: ":"))
            put(second % 60, width: 2)
            if !fraction.isEmpty {
                put(UInt8(ascii: "."))
                for digit in fraction { put(UInt8(ascii: "0") + digit) }
            }
            put(UInt8(ascii: "Z"))
            return count
        }
    }

    /// The digits after the decimal point of the shortest decimal that stands for a number; nil above 40 of them.
    private static func fractionDigits(of number: Double) -> [UInt8]? {
        var digits: [UInt8] = []
        var point: Int?
        var exponent = 0
        var text = Substring(number.description)
        if let mark = text.firstIndex(of: "e") {
            guard let value = Int(text[text.index(after: mark)...]) else { return nil }
            exponent = value
            text = text[..<mark]
        }
        for byte in text.utf8 {
            if byte == UInt8(ascii: ".") { point = digits.count } else { digits.append(byte - UInt8(ascii: "0")) }
        }
        let first = (point ?? digits.count) + exponent
        guard first >= -40 else { return nil }
        var fraction = first < 0 ? Array(repeating: 0, count: -first) + digits : Array(digits.dropFirst(first))
        while fraction.last == 0 { fraction.removeLast() }
        return fraction.count <= 40 ? fraction : nil
    }

    /// Turns the digits of x into those of 1 − x, for 0 < x < 1 without trailing zeros.
    private static func complement(_ digits: inout [UInt8]) {
        for index in digits.indices { digits[index] = (index == digits.count - 1 ? 10 : 9) - digits[index] }
    }

    /// The civil date of a day counted from 0000-03-01; years start in March, so that a leap day ends them.
    private static func civilDate(of day: Int) -> (year: Int, month: Int, day: Int) {
        let era = (day >= 0 ? day : day - 146_096) / 146_097
        let dayOfEra = day - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    // MARK: - Reading

    /// Reads `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH[:]MM)`, with `t` or a space for `T` as RFC 3339 allows.
    static func date(from text: String) -> Date? {
        var text = text
        return text.withUTF8 { date(from: $0) }
    }

    private static func date(from text: UnsafeBufferPointer<UInt8>) -> Date? {
        var i = 0
        func number(_ width: Int) -> Int? {
            guard i + width <= text.count else { return nil }
            var value = 0
            for _ in 0..<width {
                let digit = text[i] &- UInt8(ascii: "0")
                guard digit <= 9 else { return nil }
                value = value * 10 + Int(digit)
                i += 1
            }
            return value
        }
        func skip(_ bytes: UInt8...) -> Bool {
            guard i < text.count, bytes.contains(text[i]) else { return false }
            i += 1
            return true
        }
        guard let year = number(4), skip(UInt8(ascii: "-")), let month = number(2), skip(UInt8(ascii: "-")),
            let day = number(2), skip(UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")),
            let hour = number(2), skip(UInt8(ascii: ":")), let minute = number(2), skip(UInt8(ascii: ":")),
            let second = number(2), (1...12).contains(month), hour <= 23, minute <= 59, second <= 59
        else { return nil }
        let start = dayNumber(year, month, day)
        let civil = civilDate(of: start)
        guard day >= 1, civil.day == day, civil.month == month else { return nil }
        var fraction: [UInt8] = []
        if skip(UInt8(ascii: "."), UInt8(ascii: ",")) {
            while i < text.count, text[i] &- UInt8(ascii: "0") <= 9 {
                fraction.append(text[i] - UInt8(ascii: "0"))
                i += 1
            }
            guard !fraction.isEmpty else { return nil }
        }
        var offset = 0
        if !skip(UInt8(ascii: "Z"), UInt8(ascii: "z")) {
            let isWest = i < text.count && text[i] == UInt8(ascii: "-")
            guard skip(UInt8(ascii: "+"), UInt8(ascii: "-")), let hours = number(2) else { return nil }
            _ = skip(UInt8(ascii: ":"))
            guard let minutes = number(2), hours <= 23, minutes <= 59 else { return nil }
            offset = (hours * 3_600 + minutes * 60) * (isWest ? -1 : 1)
        }
        guard i == text.count else { return nil }
        let whole = (start - referenceDay) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        return Date(timeIntervalSinceReferenceDate: interval(whole: whole, fraction: fraction))
    }

    /// The `Double` next to a decimal, rounded once.
    private static func interval(whole: Int, fraction: [UInt8]) -> Double {
        var digits = fraction
        while digits.last == 0 { digits.removeLast() }
        guard !digits.isEmpty else { return Double(whole) }
        var magnitude = whole
        if whole < 0 {
            magnitude = -whole - 1
            complement(&digits)
        }
        // Integers below 2^53 and powers of ten up to 10^22 are exact as `Double`, so their quotient is rounded once.
        var scaled = magnitude
        var scale = 1
        for digit in digits where scale > 0 {
            scale = scaled < 1 << 49 && scale < 1_000_000_000_000_000_000 ? scale * 10 : 0
            scaled = scaled &* 10 &+ Int(digit)
        }
        if scale > 0 { return Double(whole < 0 ? -scaled : scaled) / Double(scale) }
        let text = "\(magnitude)." + String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
        let value = Double(text) ?? Double(magnitude)
        return whole < 0 ? -value : value
    }

    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    }
}
