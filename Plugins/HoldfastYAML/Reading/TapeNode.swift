/// One node of a YAML text: sixteen bytes in a flat array, children right after their parent.
struct TapeNode: BitwiseCopyable {
    /// Where the node starts in the text, in bytes, its anchor and tag included.
    var start: UInt32
    /// A scalar: where its content starts, in the text or in the tape's side buffer; a sequence or mapping: the number
    /// of its child nodes (two for each entry of a mapping); an alias: the node it stands for.
    var payload: UInt32
    /// A scalar: the length of its content in bytes; any other node: the index after its last descendant.
    var extent: UInt32
    /// Kind in bits 0 and 1, style in 2 to 4, tag in 5 to 7, flags in 8 to 11; in the upper twenty a scalar's
    /// indentation or a mapping's hint.
    var bits: UInt32

    enum Kind: UInt32 {
        case scalar, sequence, mapping, alias
    }

    enum Style: UInt32 {
        case plain, singleQuoted, doubleQuoted, literal, folded, block, flow
    }

    /// The tags that decide what a scalar is.
    enum Tag: UInt32 {
        case none, string, integer, float, boolean, null, binary
    }

    /// A scalar whose content had to be copied, since it does not stand in the text as it is.
    static let inSideBuffer: UInt32 = 1 << 8
    /// A literal block scalar whose content stands in the text with `number` spaces before each line.
    static let indentedInText: UInt32 = 1 << 9
    /// A mapping that has a merge key.
    static let hasMergeKey: UInt32 = 1 << 10
    /// A mapping that has a key that is not a scalar.
    static let hasComplexKey: UInt32 = 1 << 11

    static let numberShift: UInt32 = 12
    static let numberLimit = 1 << 20

    init(
        start: Int, payload: Int = 0, extent: Int = 0, kind: Kind, style: Style, tag: Tag = .none, flags: UInt32 = 0,
        number: Int = 0
    ) {
        // Offsets fit: texts of 4 GiB and more are refused, and no text has more nodes than bytes plus a few.
        self.start = UInt32(truncatingIfNeeded: start)
        self.payload = UInt32(truncatingIfNeeded: payload)
        self.extent = UInt32(truncatingIfNeeded: extent)
        bits =
            kind.rawValue | style.rawValue << 2 | tag.rawValue << 5 | flags
            | UInt32(truncatingIfNeeded: number) << Self.numberShift
    }

    @inline(__always) var kind: Kind { Kind(rawValue: bits & 3) ?? .scalar }
    @inline(__always) var style: Style { Style(rawValue: (bits >> 2) & 7) ?? .plain }
    @inline(__always) var tag: Tag { Tag(rawValue: (bits >> 5) & 7) ?? .none }
    @inline(__always) func has(_ flag: UInt32) -> Bool { bits & flag != 0 }

    /// A literal's indentation; for a mapping how many nodes after it the entry lies that is looked at first.
    @inline(__always) var number: Int { Int(bits >> Self.numberShift) }

    @inline(__always)
    mutating func setNumber(_ number: Int) {
        let kept = number < Self.numberLimit ? UInt32(truncatingIfNeeded: number) : 0
        bits = bits & ((1 << Self.numberShift) - 1) | kept << Self.numberShift
    }
}
