/// Numbers as YAML writes them, recognised and read on bytes.
enum NumberText {
    private static let zero = UInt8(ascii: "0")
    private static let nine = UInt8(ascii: "9")

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }

    @inline(__always)
    private static func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }

    private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 6 }

    private static func isOctal(_ byte: UInt8) -> Bool { byte &- zero < 8 }

    // MARK: Recognising

    /// Tells what a scalar that starts like a number is in the core schema of YAML 1.2.
    static func coreKind(_ bytes: UnsafeBufferPointer<UInt8>) -> ScalarKind {
        let count = bytes.count
        var index = isSign(bytes[0]) ? 1 : 0
        guard index < count else { return .string }
        if bytes[index] == UInt8(ascii: "."), let special = specialFloat(bytes, from: index) { return special }
        if count > 2, bytes[0] == zero {
            if bytes[1] == UInt8(ascii: "x") { return bytes[2...].allSatisfy(isHex) ? .integer : .string }
            if bytes[1] == UInt8(ascii: "o") { return bytes[2...].allSatisfy(isOctal) ? .integer : .string }
        }
        let whole = index
        while index < count, isDigit(bytes[index]) { index += 1 }
        var digits = index - whole
        if index == count { return digits > 0 ? .integer : .string }
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            while index < count, isDigit(bytes[index]) {
                index += 1
                digits += 1
            }
        }
        guard digits > 0 else { return .string }
        if index == count { return .float }
        guard bytes[index] | 0x20 == UInt8(ascii: "e") else { return .string }
        index += 1
        if index < count, isSign(bytes[index]) { index += 1 }
        guard index < count else { return .string }
        return bytes[index...].allSatisfy(isDigit) ? .float : .string
    }

    /// `.inf` with or without a sign, `.nan` without one, each in three spellings.
    private static func specialFloat(_ bytes: UnsafeBufferPointer<UInt8>, from index: Int) -> ScalarKind? {
        guard bytes.count == index + 4 else { return nil }
        let word = bytes[(index + 1)...]
        for spelling in ["inf", "Inf", "INF"] where word.elementsEqual(spelling.utf8) { return .float }
        guard index == 0 else { return nil }
        for spelling in ["nan", "NaN", "NAN"] where word.elementsEqual(spelling.utf8) { return .float }
        return nil
    }

    /// Tells what a scalar that starts like a number is in YAML 1.1.
    static func yaml11Kind(_ bytes: UnsafeBufferPointer<UInt8>) -> ScalarKind {
        let underscore = UInt8(ascii: "_")
        let start = isSign(bytes[0]) ? 1 : 0
        guard start < bytes.count else { return .string }
        if bytes[start] == UInt8(ascii: "."), let special = specialFloat(bytes, from: start) { return special }
        let body = bytes[start...]
        if body.count > 2, body.first == zero {
            let rest = body.dropFirst(2)
            switch bytes[start + 1] {
            case UInt8(ascii: "x"): return rest.allSatisfy { isHex($0) || $0 == underscore } ? .integer : .string
            case UInt8(ascii: "b"):
                return rest.allSatisfy { $0 &- zero < 2 || $0 == underscore } ? .integer : .string
            default: break
            }
        }
        if isDigit(bytes[start]), body.allSatisfy({ isDigit($0) || $0 == underscore }) {
            let octal = body.count > 1 && bytes[start] == zero
            return octal && !body.allSatisfy({ isOctal($0) || $0 == underscore }) ? .string : .integer
        }
        if body.contains(UInt8(ascii: ":")) { return sexagesimalKind(body) }
        // A float of YAML 1.1 has a point, and a sign in its exponent.
        var index = start
        var digits = 0
        while index < bytes.count, isDigit(bytes[index]) || (bytes[index] == underscore && digits > 0) {
            digits += isDigit(bytes[index]) ? 1 : 0
            index += 1
        }
        guard index < bytes.count, bytes[index] == UInt8(ascii: ".") else { return .string }
        index += 1
        while index < bytes.count, isDigit(bytes[index]) || (bytes[index] == underscore && digits > 0) {
            digits += isDigit(bytes[index]) ? 1 : 0
            index += 1
        }
        guard digits > 0 else { return .string }
        if index == bytes.count { return .float }
        guard bytes[index] | 0x20 == UInt8(ascii: "e"), index + 2 < bytes.count, isSign(bytes[index + 1]) else {
            return .string
        }
        return bytes[(index + 2)...].allSatisfy(isDigit) ? .float : .string
    }

    /// Base 60, as in `1:30`: every part after the first has one or two digits and is below 60.
    private static func sexagesimalKind(_ body: Slice<UnsafeBufferPointer<UInt8>>) -> ScalarKind {
        var parts = body.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var kind = ScalarKind.integer
        if let last = parts.last, let point = last.firstIndex(of: UInt8(ascii: ".")) {
            guard last[(point + 1)...].allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "_") }) else { return .string }
            kind = .float
            parts[parts.count - 1] = last[..<point]
        }
        guard let head = parts.first, let first = head.first, isDigit(first),
            head.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "_") })
        else { return .string }
        for part in parts.dropFirst() {
            guard 1...2 ~= part.count, part.allSatisfy(isDigit), part.count == 1 || part.first ?? 0 < UInt8(ascii: "6")
            else { return .string }
        }
        // An integer of base 60 has no zero in front: 09:15 is a time of day for people (yaml.org/type/int.html).
        return kind == .integer && first == zero ? .string : kind
    }

    // MARK: Reading

    /// Reads a scalar that was recognised as an integer; nil where it does not fit the type.
    @inline(__always)
    static func integer<Integer: FixedWidthInteger>(
        _ bytes: UnsafeBufferPointer<UInt8>, schema: YAMLSchema, as type: Integer.Type = Integer.self
    ) -> Integer? {
        // The usual case, decimal digits that can't overflow, without a call.
        let negative = bytes[0] == UInt8(ascii: "-")
        let start = negative ? 1 : 0
        if bytes.count - start <= 18, bytes[start] != zero || bytes.count == start + 1 {
            var value: Int64 = 0
            for index in start..<bytes.count {
                let digit = bytes[index] &- zero
                guard digit < 10 else { return general(bytes, schema: schema) }
                value = value &* 10 &+ Int64(digit)
            }
            return Integer(exactly: negative ? -value : value)
        }
        return general(bytes, schema: schema)
    }

    @inline(never)
    private static func general<Integer: FixedWidthInteger>(
        _ bytes: UnsafeBufferPointer<UInt8>, schema: YAMLSchema
    ) -> Integer? {
        let negative = bytes[0] == UInt8(ascii: "-")
        let start = isSign(bytes[0]) ? 1 : 0
        var radix: UInt8 = 10
        var digits = bytes[start...]
        if digits.count > 1, digits.first == zero {
            switch (digits[start + 1], schema) {
            case (UInt8(ascii: "x"), _): (radix, digits) = (16, digits.dropFirst(2))
            case (UInt8(ascii: "o"), .core): (radix, digits) = (8, digits.dropFirst(2))
            case (UInt8(ascii: "b"), .yaml11): (radix, digits) = (2, digits.dropFirst(2))
            case (_, .yaml11): if !digits.contains(UInt8(ascii: ":")) { (radix, digits) = (8, digits.dropFirst()) }
            default: break
            }
        }
        // Base 60 is a sum of its parts, each times 60 for each colon after it.
        var total: Integer = 0
        var part: Integer = 0
        func step(_ value: inout Integer, by factor: UInt8, adding digit: Integer) -> Bool {
            guard let multiplier = Integer(exactly: factor) else { return false }
            let scaled = value.multipliedReportingOverflow(by: multiplier)
            let sum =
                negative
                ? scaled.partialValue.subtractingReportingOverflow(digit)
                : scaled.partialValue.addingReportingOverflow(digit)
            value = sum.partialValue
            return !scaled.overflow && !sum.overflow
        }
        for byte in digits {
            if byte == UInt8(ascii: "_") { continue }
            if byte == UInt8(ascii: ":") {
                guard add(part, to: &total) else { return nil }
                let scaled = total.multipliedReportingOverflow(by: 60)
                guard !scaled.overflow else { return nil }
                total = scaled.partialValue
                part = 0
                continue
            }
            let digit = isDigit(byte) ? byte - zero : (byte | 0x20) &- UInt8(ascii: "a") &+ 10
            guard digit < radix, step(&part, by: radix, adding: Integer(digit)) else { return nil }
        }
        return add(part, to: &total) ? total : nil
    }

    private static func add<Integer: FixedWidthInteger>(_ part: Integer, to total: inout Integer) -> Bool {
        let sum = total.addingReportingOverflow(part)
        total = sum.partialValue
        return !sum.overflow
    }

    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// Reads a scalar that was recognised as a float or an integer, rounded once; nil where it overflows.
    static func double(_ bytes: UnsafeBufferPointer<UInt8>, kind: ScalarKind, schema: YAMLSchema) -> Double? {
        // Up to 2^53 times or over a power of ten up to 10^22 is exact (Clinger 1990, fast path).
        var mantissa: UInt64 = 0
        var exponent = 0
        var index = isSign(bytes[0]) ? 1 : 0
        var digits = 0
        var afterPoint = false
        while index < bytes.count, digits < 19 {
            let digit = bytes[index] &- zero
            if digit < 10 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                digits += 1
                exponent -= afterPoint ? 1 : 0
            } else if bytes[index] == UInt8(ascii: "."), !afterPoint {
                afterPoint = true
            } else {
                break
            }
            index += 1
        }
        let isDecimal = schema == .core || bytes.count == 1 || bytes[isSign(bytes[0]) ? 1 : 0] != zero || afterPoint
        if index == bytes.count, digits > 0, isDecimal, mantissa <= 1 << 53, exponent >= -22 {
            let value = exponent == 0 ? Double(mantissa) : Double(mantissa) / powers[-exponent]
            return bytes[0] == UInt8(ascii: "-") ? -value : value
        }
        if index == bytes.count, digits > 0, isDecimal, let value = extended(mantissa, exponent) {
            return bytes[0] == UInt8(ascii: "-") ? -value : value
        }
        return floating(bytes, kind: kind, schema: schema)
    }

    /// Divides with 64 bits of precision, and rounds to the 53 of a double; nil where that could round twice.
    ///
    /// The mantissa and powers of ten up to 10^27 are exact in an extended double. Its quotient is on the same side of
    /// the middle between two doubles as the true one, unless it is that middle.
    private static func extended(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        #if arch(x86_64) || arch(i386)
            guard exponent >= -27, mantissa > 0 else { return nil }
            let quotient = Float80(mantissa) / extendedPowers[-exponent]
            guard quotient.significandBitPattern & 0x7FF != 0x400 else { return nil }
            return Double(quotient)
        #else
            return nil
        #endif
    }

    #if arch(x86_64) || arch(i386)
        private static let extendedPowers: [Float80] = (0...27).map { power in
            (0..<power).reduce(Float80(1)) { product, _ in product * 10 }
        }
    #endif

    /// Reads a scalar that was recognised as a float or an integer, rounded once; nil where it overflows.
    @inline(never)
    static func floating<Float: BinaryFloatingPoint & LosslessStringConvertible>(
        _ bytes: UnsafeBufferPointer<UInt8>, kind: ScalarKind, schema: YAMLSchema, as type: Float.Type = Float.self
    ) -> Float? {
        let negative = bytes[0] == UInt8(ascii: "-")
        let start = isSign(bytes[0]) ? 1 : 0
        let body = bytes[start...]
        if kind == .float, body.count == 4, body.first == UInt8(ascii: "."), !isDigit(bytes[start + 1]) {
            guard bytes[start + 1] | 0x20 == UInt8(ascii: "i") else { return .nan }
            return negative ? -.infinity : .infinity
        }
        if body.contains(UInt8(ascii: ":")) {
            var value: Float = 0
            for part in body.split(separator: UInt8(ascii: ":")) {
                guard let number = decimal(part, as: Float.self) else { return nil }
                value = value * 60 + number
            }
            guard value.isFinite else { return nil }
            return negative ? -value : value
        }
        let isRadix =
            kind == .integer && body.count > 1 && body.first == zero
            && (schema == .yaml11 || !isDigit(bytes[start + 1]))
        if isRadix {
            guard let integer = integer(bytes, schema: schema, as: Int128.self) else { return nil }
            return Float(integer)
        }
        guard let value = decimal(body, as: Float.self), value.isFinite else { return nil }
        return negative ? -value : value
    }

    /// Reads an unsigned decimal number, with the Swift runtime's parser, which does not depend on the locale.
    private static func decimal<Float: BinaryFloatingPoint & LosslessStringConvertible>(
        _ digits: Slice<UnsafeBufferPointer<UInt8>>, as type: Float.Type
    ) -> Float? {
        // Without underscores, and with a digit on either side of the point.
        var text = "0"
        for byte in digits where byte != UInt8(ascii: "_") {
            if byte | 0x20 == UInt8(ascii: "e"), text.utf8.last == UInt8(ascii: ".") { text += "0" }
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        if text.utf8.last == UInt8(ascii: ".") { text += "0" }
        return Float(text)
    }
}

extension NumberText {
    /// Writes an integer of any notation with decimal digits; nil where it fits no 128 bits.
    static func integerText(_ text: String, schema: YAMLSchema) -> String? {
        var copy = text
        return copy.withUTF8 { bytes in
            let digits = bytes.drop(while: isSign)
            // Decimal digits need no conversion, so that any number of them is kept.
            if digits.allSatisfy(isDigit), schema == .core || digits.first != zero || digits.count == 1 { return text }
            return integer(bytes, schema: schema, as: Int128.self).map(String.init)
        }
    }
}
