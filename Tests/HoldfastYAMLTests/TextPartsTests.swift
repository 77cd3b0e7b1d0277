import Foundation
import Testing

@testable import HoldfastYAML

/// A text that is read in parts is read as it is in one.
@Suite struct TextPartsTests {
    /// All that a tape says: each node with where it stands.
    static func lines(_ tape: Tape) -> [String] {
        (0..<tape.count).map { index in
            let node = tape.nodes[index]
            let place = "\(index) at \(node.start), \(node.style)"
            switch node.kind {
            case .scalar: return "\(place) \(node.tag): \(tape.string(node).debugDescription)"
            case .alias: return "\(place) *\(node.payload) to \(node.extent)"
            case .sequence, .mapping: return "\(place) \(node.kind) of \(node.payload) to \(node.extent), \(node.bits)"
            }
        } + ["\(tape.roots)"]
    }

    /// Reads a text both ways, cut in several numbers of parts.
    ///
    /// - Returns: How often the parts were read, and how often not.
    static func compare(_ data: Data, _ options: YAMLDecodingOptions = YAMLDecodingOptions()) -> (read: Int, not: Int) {
        var (read, not) = (0, 0)
        data.withUnsafeBytes { bytes in
            let whole = try? TapeBuilder.tape(of: SourceText(borrowing: bytes), options.rules)
            for count in 2...5 {
                let source = SourceText(borrowing: bytes)
                guard let parts = TextParts(of: source.bytes, count: count) else { continue }
                #expect(parts.ranges.count > 1 && parts.ranges.last?.upperBound == source.bytes.count)
                guard let tape = TapeBuilder.tape(of: source, in: parts, options.rules) else {
                    not += 1
                    continue
                }
                read += 1
                let text = String(decoding: bytes, as: UTF8.self).debugDescription
                #expect(whole.map(lines) == lines(tape), "\(text) in \(parts.ranges)")
            }
        }
        return (read, not)
    }

    @Test func `random lines`() {
        let beginnings = ["- ", "k: ", "- - ", "- a: ", "  ", "    ", "", "? ", ": ", "\"q\": ", "-\n"]
        let plain = [
            "a", "b c", "[a, b]", "{a: 1}", "\"q\"", "é 😀", "", "# c", "a # c", "|\n  b\n\n  c", "|+\n  b\n\n",
            ">-\n  b\n\n  c", "\n  - b\n  - c", "\n  a: b\n  # c", "&a x", "!t x", "'b\n\n  c'", "|\n", "a\n  b",
        ]
        let odd = [
            "|", "|2", "\"open", "close\"", "'open", "close'", "[", "]", "{", "}", "*a", "\t", "&b", "---", "...",
            "<<: *a",
        ]
        let markers = [
            "---\n", "...\n", "# c\n", "\n", "  \n", "%TAG ! t\n", "%YAML 1.1\n", "--- a\n", "a\r\n", "\u{85}",
            "# c\r&a\n",
        ]
        var options = YAMLDecodingOptions()
        options.unknownTags = .ignore
        options.mergeKeys = true
        var random = FidelityTests.Seeded(state: 9)
        var (read, not) = (0, 0)
        let isLong = ProcessInfo.processInfo.environment["HOLDFAST_LONG"] == "1"
        for _ in 0..<(isLong ? 200_000 : 3000) {
            let isMapping = Bool.random(using: &random)
            // Some with nothing odd in them, most with a little.
            let oddity = Int.random(in: 0...2, using: &random)
            var text = Int.random(in: 0..<8, using: &random) == 0 ? "---\n" : ""
            for number in 0..<Int.random(in: 2...12, using: &random) {
                func isOdd() -> Bool { Int.random(in: 0..<20, using: &random) < oddity }
                if isOdd() { text += markers.randomElement(using: &random) ?? "" }
                let beginning = isOdd() ? beginnings.randomElement(using: &random) ?? "" : isMapping ? "k: " : "- "
                text += beginning.replacing("k", with: "k\(isOdd() ? 0 : number)")
                text += "\((isOdd() ? odd : plain).randomElement(using: &random) ?? "")\n"
            }
            let result = Self.compare(Data(text.utf8), options)
            read += result.read
            not += result.not
        }
        print("yaml texts in parts: \(read) read, \(not) read at once instead")
        #expect(read > 1000 && not > 1000)
    }

    @Test(arguments: ["\r", "\u{85}", "\u{2028}", "\u{2029}"])
    func `what other ends of lines hide in a comment`(end: String) {
        var options = YAMLDecodingOptions()
        options.unknownTags = .ignore
        let entries = (0..<9).map { "k\($0): !!str 1\n" }.joined()
        _ = Self.compare(Data("# c\(end)%TAG !! tag:example.com,2000:\(end)---\n\(entries)".utf8), options)
        _ = Self.compare(Data("# c\(end)&r\n\(entries)".utf8), options)
        #expect(Self.compare(Data("# c\n\(entries)".utf8), options).read == 4)
    }

    @Test(.enabled(if: ConformanceTests.folder != nil, ConformanceTests.isMissing))
    func `every case of the suite`() throws {
        var read = 0
        for testCase in try ConformanceTests.cases() {
            read += Self.compare(testCase.input).read
            // Behind itself, so that it has a cut.
            read += Self.compare(testCase.input + testCase.input).read
        }
        #expect(read > 50)
    }

    struct Message: Codable, Equatable {
        var id: Int
        var text: String
        var tags: [String]
    }

    static func messages(_ count: Int) -> [Message] {
        (0..<count).map { Message(id: $0, text: "line one of \($0)\n\n- line two\n", tags: ["é", "- \($0)"]) }
    }

    @Test func `long texts are read in parts`() throws {
        let list = Self.messages(6000)
        let data = try YAMLEncoder().encode(list)
        let parts = data.withUnsafeBytes { TextParts(of: $0, count: 3) }
        #expect(try #require(parts).ranges.count == 3 && data.count > 300_000)
        #expect(Self.compare(data) == (4, 0))
        #expect(try YAMLDecoder().decode([Message].self, from: data) == list)
        let named = Dictionary(uniqueKeysWithValues: list.map { ("key \($0.id)", $0) })
        let keyed = try YAMLEncoder().encode(named)
        #expect(Self.compare(keyed) == (4, 0))
        #expect(try YAMLDecoder().decode([String: Message].self, from: keyed) == named)
    }

    @Test func `faults of long texts are told as of short ones`() throws {
        let lines = (0..<60_000).map { "key\($0): value\n" }
        func fault(_ text: String) -> String {
            let error = #expect(throws: (any Error).self) { try YAMLDecoder().validate(Data(text.utf8)) }
            return error.map { "\($0)" } ?? ""
        }
        let twice = fault((lines + ["key7: again\n"]).joined())
        #expect(twice.contains("line 60001, column 1") && twice.contains("\"key7\" occurs twice"))
        let open = fault((lines + ["last: [1\n"]).joined())
        #expect(open.contains("line 60001"))
        // Quoted lines that look like keys, for as long as the text is.
        let quoted = "a: \"\n" + lines.joined() + "\"\nb: 1\n"
        #expect(fault(quoted).contains("line 2"))
        // Lines of another document.
        let two = (lines + ["---\n"] + lines).joined()
        #expect(try YAMLDecoder().decodeDocuments([String: String].self, from: two).count == 2)
    }
}
