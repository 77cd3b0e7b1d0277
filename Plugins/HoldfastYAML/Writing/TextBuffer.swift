#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The bytes of a text that grows at its end.
final class TextBuffer {
    @exclusivity(unchecked) private var bytes: GrowableBuffer<UInt8>

    init(capacity: Int) { bytes = GrowableBuffer(capacity: capacity) }

    @inline(__always) var count: Int { bytes.count }
    @inline(__always) var base: UnsafeMutablePointer<UInt8> { bytes.base }

    @inline(__always)
    func append(_ byte: UInt8) { bytes.append(byte) }

    @inline(__always)
    func append(literal text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    func append(_ text: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: text) }

    func append(_ text: String) {
        var copy = text
        copy.withUTF8 { bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    func appendSpaces(_ number: Int) {
        guard number > 0 else { return }
        bytes.reserve(number)
        (bytes.base + bytes.count).update(repeating: 0x20, count: number)
        bytes.setCount(bytes.count + number)
    }

    /// Appends a number in decimal digits.
    func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(decimal: number.magnitude)
    }

    /// Appends a number in decimal digits.
    func append(decimal number: UInt64) {
        bytes.reserve(20)
        var left = number
        var length = 1
        var bound: UInt64 = 10
        while length < 20, left >= bound {
            length += 1
            let next = bound.multipliedReportingOverflow(by: 10)
            if next.overflow { break }
            bound = next.partialValue
        }
        var place = bytes.count + length
        bytes.setCount(place)
        for _ in 0..<length {
            place -= 1
            bytes.base[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: left % 10)
            left /= 10
        }
    }

    /// Drops what is beyond a place.
    func truncate(to count: Int) { bytes.setCount(count) }

    /// The text from a place on.
    func suffix(from start: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: bytes.base + start, count: bytes.count - start)
    }

    /// Hands the storage over; the caller frees it.
    func take() -> (base: UnsafeMutablePointer<UInt8>, count: Int) { bytes.take() }
}
