/// A decimal number's value without rounding: `1.50`, `1.5` and `15e-1` are equal, `0.0` and `-0.0` are not.
struct ExactDecimal: Equatable {
    private var isNegative: Bool
    /// The digits without zeros at either end.
    private var digits: [UInt8]
    /// The power of ten that the digits, as a whole number, are times.
    private var exponent: Int

    /// Reads a scalar that was recognised as a float; nil where it is not digits, a point and an exponent alone.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        isNegative = text.first == UInt8(ascii: "-")
        digits = []
        exponent = 0
        var isBehindPoint = false
        var index = text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") ? 1 : 0
        scan: while index < text.count {
            switch text[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits.append(text[index])
                if isBehindPoint { exponent -= 1 }
            case UInt8(ascii: "."):
                guard !isBehindPoint else { return nil }
                isBehindPoint = true
            case UInt8(ascii: "_"): break
            case UInt8(ascii: "e"), UInt8(ascii: "E"): break scan
            default: return nil
            }
            index += 1
        }
        guard !digits.isEmpty else { return nil }
        if index < text.count {
            let power = Int(String(decoding: text[(index + 1)...], as: UTF8.self))
            guard let power, power.magnitude < 1 << 60 else { return nil }
            exponent += power
        }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        digits = Array(digits.drop { $0 == UInt8(ascii: "0") })
        if digits.isEmpty { exponent = 0 }
    }
}
