#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Points in time as text, such as `2024-05-01T12:34:56.789Z`, losing nothing.
///
/// A point in time is a `Double` of seconds since 2001. It is written with as many decimals as are needed to read the
/// same `Double` back: reading rounds the exact decimal value once. Years are those of the proleptic Gregorian calendar.
enum Timestamp {
    /// Midnight of 2001-01-01, in days since 1970-01-01.
    private static let epochDay = 11_323

    // MARK: Writing

    /// Writes a point in time; nil outside of the years 0 to 9999, where no such text exists.
    static func text(secondsSince2001 seconds: Double) -> String? {
        guard seconds >= -63_145_526_400, seconds < 252_423_993_600 else { return nil }
        for (decimals, power) in [(0, 1.0), (3, 1e3), (6, 1e6), (7, 1e7)] {
            let scaled = (seconds * power).rounded()
            // A whole number below 2^53 over a power of ten is rounded once, as reading it will be.
            guard abs(scaled) < 9_007_199_254_740_992, scaled / power == seconds else { continue }
            let whole = Int(power)
            let number = Int(scaled)
            let quotient = number >= 0 ? number / whole : -((-number + whole - 1) / whole)
            var fraction = String(number - quotient * whole)
            guard decimals > 0 else { return civil(quotient, fraction: "") }
            fraction = String(repeating: "0", count: decimals - fraction.utf8.count) + fraction
            return civil(quotient, fraction: fraction)
        }
        let (negative, whole, fraction) = digits(of: seconds)
        guard var number = Int(whole) else { return nil }
        guard negative else { return civil(number, fraction: fraction) }
        if fraction.isEmpty { return civil(-number, fraction: "") }
        // -3.25 is 0.75 after -4.
        number += 1
        return civil(-number, fraction: complement(fraction))
    }

    /// The shortest decimal digits that read back as a number, without an exponent.
    private static func digits(of value: Double) -> (negative: Bool, whole: String, fraction: String) {
        let parts = value.magnitude.description.split(separator: "e")
        let mantissa = (parts.first ?? "0").split(separator: ".")
        var whole = String(mantissa.first ?? "0")
        var fraction = mantissa.count > 1 && mantissa[1] != "0" ? String(mantissa[1]) : ""
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        if exponent < 0 {
            fraction = String(repeating: "0", count: -exponent - whole.utf8.count) + whole + fraction
            whole = "0"
        } else if exponent > 0 {
            fraction += String(repeating: "0", count: max(0, exponent - fraction.utf8.count))
            whole += fraction.prefix(exponent)
            fraction = String(fraction.dropFirst(exponent))
        }
        return (value.sign == .minus, whole, fraction)
    }

    /// The decimals of one less a fraction.
    private static func complement(_ fraction: String) -> String {
        var result: [UInt8] = []
        var borrowed = false
        for digit in fraction.utf8.reversed() {
            let value = digit - UInt8(ascii: "0")
            result.append(UInt8(ascii: "0") + (borrowed ? 9 - value : (10 - value) % 10))
            if value != 0 { borrowed = true }
        }
        return String(decoding: result.reversed(), as: UTF8.self)
    }

    private static func civil(_ seconds: Int, fraction: String) -> String {
        let day = seconds >= 0 ? seconds / 86_400 : -((-seconds + 86_399) / 86_400)
        let time = seconds - day * 86_400
        let (year, month, monthDay) = date(day + epochDay)
        var text = padded(year, 4)
        text += "-" + padded(month, 2) + "-" + padded(monthDay, 2) + "T" + padded(time / 3600, 2)
        text += ":" + padded(time / 60 % 60, 2) + ":" + padded(time % 60, 2)
        if !fraction.isEmpty { text += "." + fraction }
        return text + "Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    /// The civil date of a day, counted from 1970-01-01; years are taken to begin in March, 400 of them at a time.
    private static func date(_ day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    /// The day of a civil date, counted from 1970-01-01.
    private static func day(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    // MARK: Reading

    /// Reads a timestamp: a date, or a date and a time with or without decimals and an offset from UTC.
    static func secondsSince2001(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        var scanner = Scanner(bytes: bytes)
        guard let year = scanner.number(4...4), scanner.take("-"), let month = scanner.number(1...2), scanner.take("-"),
            let monthDay = scanner.number(1...2), 1...12 ~= month, 1...31 ~= monthDay
        else { return nil }
        let dayNumber = day(year: year, month: month, day: monthDay)
        guard date(dayNumber) == (year, month, monthDay) else { return nil }
        var seconds = (dayNumber - epochDay) * 86_400
        if scanner.isAtEnd { return Double(seconds) }
        guard scanner.take("T") || scanner.take("t") || scanner.takeSpaces(), let hour = scanner.number(1...2),
            scanner.take(":"), let minute = scanner.number(2...2), scanner.take(":"),
            let second = scanner.number(2...2),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        seconds += hour * 3600 + minute * 60 + second
        var fraction = bytes[0..<0]
        if scanner.take(".") {
            fraction = scanner.digits()
            guard !fraction.isEmpty else { return nil }
        }
        _ = scanner.takeSpaces()
        if !scanner.take("Z"), !scanner.take("z"), !scanner.isAtEnd {
            let isWest = scanner.take("-")
            guard isWest || scanner.take("+"), let hours = scanner.number(1...2), hours < 24 else { return nil }
            var minutes = 0
            if !scanner.isAtEnd {
                _ = scanner.take(":")
                guard let number = scanner.number(2...2), number < 60 else { return nil }
                minutes = number
            }
            seconds += (isWest ? 1 : -1) * (hours * 3600 + minutes * 60)
        }
        return scanner.isAtEnd ? value(seconds, fraction: fraction) : nil
    }

    /// The double nearest to a whole number of seconds and a decimal fraction.
    private static func value(_ seconds: Int, fraction: Slice<UnsafeBufferPointer<UInt8>>) -> Double? {
        var digits = fraction
        while digits.last == UInt8(ascii: "0") { digits = digits.dropLast() }
        guard !digits.isEmpty else { return Double(seconds) }
        if digits.count <= 9 {
            var number = 0
            var power = 1
            for digit in digits {
                number = number * 10 + Int(digit - UInt8(ascii: "0"))
                power *= 10
            }
            let (scaled, overflow) = seconds.multipliedReportingOverflow(by: power)
            if !overflow, scaled.magnitude < 1 << 53 - 1_000_000_000 { return Double(scaled + number) / Double(power) }
        }
        let text = String(decoding: digits, as: UTF8.self)
        if seconds >= 0 { return Double("\(seconds).\(text)") }
        return Double("-\(-(seconds + 1)).\(complement(text))")
    }

    private struct Scanner {
        let bytes: UnsafeBufferPointer<UInt8>
        var index = 0

        var isAtEnd: Bool { index == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
            index += 1
            return true
        }

        mutating func takeSpaces() -> Bool {
            let start = index
            while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
            return index > start
        }

        mutating func digits() -> Slice<UnsafeBufferPointer<UInt8>> {
            let start = index
            while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
            return bytes[start..<index]
        }

        mutating func number(_ width: ClosedRange<Int>) -> Int? {
            var value = 0
            let start = index
            while index < bytes.count, index - start < width.upperBound, bytes[index] &- UInt8(ascii: "0") < 10 {
                value = value * 10 + Int(bytes[index] - UInt8(ascii: "0"))
                index += 1
            }
            return index - start >= width.lowerBound ? value : nil
        }
    }
}
