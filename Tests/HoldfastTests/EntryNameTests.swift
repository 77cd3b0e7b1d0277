import Testing

@testable import Holdfast

@Suite struct `The name of an entry` {
    /// Around the length from which on a name is kept elsewhere.
    private static let names: [[UInt8]] = [0, 1, 8, 29, 30, 31, 32, 255].flatMap { count in
        [UInt8](repeating: 0x61, count: count)
            .variants(of: max(count - 1, 0))
    }

    @Test(arguments: names) func `holds its bytes, whatever their number`(bytes: [UInt8]) {
        let name = EntryName(bytes: bytes)
        #expect(name.bytes == bytes)
        #expect(name.count == bytes.count)
        #expect(name.withCString { String(cString: $0) } == String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
        #expect(name.description == String(decoding: bytes, as: UTF8.self))
        #expect(name.string == String(validating: bytes, as: UTF8.self))
        for end in ["", ".tmp", "a name that is kept elsewhere itself"] {
            #expect((name + end).bytes == bytes + end.utf8)
            #expect((end + name).bytes == end.utf8 + bytes)
            #expect((name + end).hasSuffix(end) && (end + name).hasPrefix(end))
            #expect((name + end).dropping(suffix: end) == name)
            #expect((end + name).dropping(prefix: end) == name)
        }
    }

    /// With two bytes that change places, in each word.
    private static let swapped: [[UInt8]] = [0, 6, 8, 15, 16, 24, 28, 29, 40].flatMap { count in
        ([[0x61, 0x62], [0x62, 0x61], [0x80, 0x61], [0x62]] as [[UInt8]]).map { end in
            [UInt8](repeating: 0x61, count: count) + end
        }
    }

    @Test func `compares by its bytes`() {
        let all = Self.names + Self.swapped
        for a in all {
            for b in all {
                #expect((EntryName(bytes: a) == EntryName(bytes: b)) == (a == b))
                #expect((EntryName(bytes: a) < EntryName(bytes: b)) == a.lexicographicallyPrecedes(b))
            }
        }
        #expect(Set(all.map { EntryName(bytes: $0) }).count == Set(all).count)
    }
}

extension [UInt8] {
    /// The bytes, and some in which the one at a place is another.
    fileprivate func variants(of place: Int) -> [[UInt8]] {
        isEmpty
            ? [self]
            : ([0, 0x61, 0x62, 0xFF] as [UInt8]).map { byte in
                var variant = self
                variant[place] = byte
                return variant
            }
    }
}
