import HoldfastTesting
import Testing

@testable import Holdfast

@Suite struct `A list of names` {
    private func sorted(_ names: [String]) -> [String] {
        var list = NameList()
        for name in names { list.append(EntryName(name)) }
        return list.sorted().names
    }

    @Test func `is in the order of bytes, whatever the names have in common`() {
        var generator = SeededGenerator(seed: 1)
        for prefix in ["", "a", "a document named "] {
            var names = ["", "e\u{301}", "\u{E9}", "z", "zz", "aaaaaaaab", "aaaaaaaa", "aaaaaaaaa"].map { prefix + $0 }
            names += (0..<500).map { _ in prefix + "\(UInt64.random(in: 0...1 << 40, using: &generator))" }
            let expected = Set(names.map { Array($0.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
            #expect(sorted(names.shuffled(using: &generator)).map { Array($0.utf8) } == expected)
        }
    }

    @Test func `holds each name once, and puts aside what is not UTF-8`() {
        var list = NameList()
        for name in [[0x62], [0xFF, 0x61], [0x62], [0x61]] as [[UInt8]] { list.append(EntryName(bytes: name)) }
        let (names, faulty) = list.sorted()
        #expect(names == ["a", "b"])
        #expect(faulty.map { Array($0.bytes) } == [[0xFF, 0x61]])
        #expect(NameList().sorted().names == [])
    }
}
