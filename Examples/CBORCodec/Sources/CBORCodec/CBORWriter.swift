import CLibCBOR
import FoundationEssentials

/// Writes a tree of nodes in the one form that RFC 8949, section 4.2.1, calls deterministic.
struct CBORWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ node: Node) {
        switch node.content {
        case .null: put { cbor_encode_null($0, $1) }
        case .bool(let bool): put { cbor_encode_bool(bool, $0, $1) }
        case .unsigned(let number): put { cbor_encode_uint(number, $0, $1) }
        case .negative(let number): put { cbor_encode_negint(number, $0, $1) }
        case .number(let number): write(number)
        case .text(let text): write(text)
        case .bytes(let data):
            put { cbor_encode_bytestring_start(data.count, $0, $1) }
            bytes.append(contentsOf: data)
        case .date(let seconds):
            put { cbor_encode_tag(1, $0, $1) }
            write(seconds)
        case .array(let elements):
            put { cbor_encode_array_start(elements.count, $0, $1) }
            for element in elements { write(element) }
        case .map(let members):
            put { cbor_encode_map_start(members.count, $0, $1) }
            // By their encoded bytes, which start with the length.
            let sorted = members.sorted { a, b in
                let (a, b) = (a.key.utf8, b.key.utf8)
                return a.count == b.count ? a.lexicographicallyPrecedes(b) : a.count < b.count
            }
            for member in sorted {
                write(member.key)
                write(member.value)
            }
        }
    }

    private mutating func write(_ text: String) {
        put { cbor_encode_string_start(text.utf8.count, $0, $1) }
        bytes.append(contentsOf: text.utf8)
    }

    /// The shortest form that holds the very same number.
    private mutating func write(_ number: Double) {
        if number.isNaN {
            put { cbor_encode_half(.nan, $0, $1) }
        } else if let float = Float(exactly: number) {
            if Self.fitsHalf(float) {
                put { cbor_encode_half(float, $0, $1) }
            } else {
                put { cbor_encode_single(float, $0, $1) }
            }
        } else {
            put { cbor_encode_double(number, $0, $1) }
        }
    }

    /// Whether a number is zero, infinite, or a normal number of the half format: 10 fraction bits, exponents -14…15.
    private static func fitsHalf(_ float: Float) -> Bool {
        if float.isZero || float.isInfinite { return true }
        return (-14...15).contains(float.exponent) && float.significandBitPattern & 0x1FFF == 0
    }

    /// Appends what one of libcbor's functions writes; none needs more than nine bytes.
    private mutating func put(_ encode: (UnsafeMutablePointer<UInt8>?, Int) -> Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 9) { buffer in
            let count = encode(buffer.baseAddress, buffer.count)
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}
