/// What a scalar is.
enum ScalarKind {
    case null, `true`, `false`, integer, float, string

    /// Classifies a plain scalar.
    ///
    /// - Parameters:
    ///   - bytes: Its content.
    ///   - schema: The rules.
    @inline(__always)
    init(plain bytes: UnsafeBufferPointer<UInt8>, schema: YAMLSchema) {
        guard let first = bytes.first else {
            self = .null
            return
        }
        // Most scalars are words; no word that starts with another byte than these is anything but a string.
        guard Self.special[Int(first)] else {
            self = .string
            return
        }
        switch schema {
        case .core: self = Self.core(bytes, first: first)
        case .yaml11: self = Self.yaml11(bytes, first: first)
        }
    }

    private static let special: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for byte in "0123456789+-.~nNtTfFyYoO".utf8 { table[Int(byte)] = true }
        return table
    }()

    private static let words: [(word: StaticString, kind: ScalarKind)] = [
        ("null", .null), ("Null", .null), ("NULL", .null), ("true", .true), ("True", .true), ("TRUE", .true),
        ("false", .false), ("False", .false), ("FALSE", .false),
    ]

    private static let words11: [(word: StaticString, kind: ScalarKind)] =
        words + [
            ("yes", .true), ("Yes", .true), ("YES", .true), ("no", .false), ("No", .false), ("NO", .false),
            ("on", .true), ("On", .true), ("ON", .true), ("off", .false), ("Off", .false), ("OFF", .false),
        ]

    private static func word(
        _ bytes: UnsafeBufferPointer<UInt8>, in list: [(word: StaticString, kind: ScalarKind)]
    ) -> ScalarKind {
        guard bytes.count <= 5 else { return .string }
        for entry in list where entry.word.utf8CodeUnitCount == bytes.count {
            let matches = entry.word.withUTF8Buffer { $0.elementsEqual(bytes) }
            if matches { return entry.kind }
        }
        return .string
    }

    /// Section 10.3.2 of the YAML 1.2.2 specification.
    @inline(never)
    private static func core(_ bytes: UnsafeBufferPointer<UInt8>, first: UInt8) -> ScalarKind {
        switch first {
        case UInt8(ascii: "~"): bytes.count == 1 ? .null : .string
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            NumberText.coreKind(bytes)
        default: word(bytes, in: words)
        }
    }

    /// The type repository of YAML 1.1, without the booleans `y` and `n`, as all its well-known readers have it.
    @inline(never)
    private static func yaml11(_ bytes: UnsafeBufferPointer<UInt8>, first: UInt8) -> ScalarKind {
        switch first {
        case UInt8(ascii: "~"): bytes.count == 1 ? .null : .string
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            NumberText.yaml11Kind(bytes)
        default: word(bytes, in: words11)
        }
    }
}
