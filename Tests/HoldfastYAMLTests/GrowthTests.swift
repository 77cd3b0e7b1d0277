import Foundation
import Holdfast
import Testing

@testable import HoldfastYAML

/// The time that reading, writing and rewriting take grows with the text, whatever is in it.
///
/// Measured in processor time, and kept apart from the sanitizers, which make single steps dearer than others.
@Suite(.serialized) struct GrowthTests {
    /// This thread's processor time: on a busy machine a clock would also count the others'.
    func processorSeconds(_ body: () throws -> Void) rethrows -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        }
        let start = now()
        try body()
        return now() - start
    }

    func rewriteSeconds(_ old: String, as value: YAMLValue) throws -> Double {
        let context = CodecContext(filename: "a.yaml") { Data(old.utf8) }
        return try processorSeconds { _ = try YAMLCodec().encode(value, in: context) }
    }

    /// Texts that grow with a number, and whose time must grow with it.
    static let shapes: [(name: String, make: @Sendable (Int) -> String)] = [
        ("sequence", { (0..<$0).map { "- \($0)\n" }.joined() }),
        ("flow sequence", { "[" + String(repeating: "1,", count: $0) + "]" }),
        ("mapping", { (0..<$0).map { "key\($0): 1\n" }.joined() }),
        ("flow mapping", { "{" + (0..<$0).map { "k\($0): 1," }.joined() + "}" }),
        ("nested mappings", { (0..<$0).map { "- a: \($0)\n  b: {c: [d]}\n" }.joined() }),
        ("anchors", { (0..<$0).map { "- &a\($0) x\n- *a\($0)\n" }.joined() }),
        ("one anchor", { "- &a x\n" + String(repeating: "- *a\n", count: $0) }),
        ("documents", { String(repeating: "--- a\n", count: $0) }),
        ("tag directives", { (0..<$0).map { "%TAG !t\($0)! a:\n" }.joined() + "--- a\n" }),
        ("tags", { String(repeating: "- !!str a\n", count: $0) }),
        ("long plain", { String(repeating: "word ", count: $0) }),
        ("many lines", { "a: |\n" + String(repeating: "  word é 😀\n", count: $0) }),
        ("empty lines", { "a: |\n" + String(repeating: "\n", count: $0) + "  b\n" }),
        ("quoted lines", { "\"" + String(repeating: "a\n", count: $0) + "\"" }),
        ("comments", { String(repeating: "# é\n", count: $0) + "a" }),
        ("question marks", { "{" + String(repeating: "? ,", count: $0) + "}" }),
        ("percent lines", { String(repeating: "%FOO bar\n", count: $0) + "--- a\n" }),
        ("percent text", { "a: |\n" + String(repeating: "  %TAG ! x\n", count: $0) }),
        ("spaces", { String(repeating: " ", count: $0) + "a" }),
        ("unclosed quotes", { String(repeating: "\"", count: $0) }),
        ("colons", { String(repeating: "a: ", count: $0) }),
        ("empty literals", { String(repeating: "- |\n", count: $0) }),
        ("same key", { String(repeating: "a: 1\n", count: $0) }),
        ("errors at the end", { (0..<$0).map { "- a\($0)\n" }.joined() + "]" }),
        ("open brackets", { String(repeating: "[", count: $0) }),
        ("open mappings", { String(repeating: "{a: ", count: $0) }),
        ("open keys", { String(repeating: "[[a]: ", count: $0) }),
        ("dashes", { String(repeating: "- ", count: $0) }),
        ("open tags", { String(repeating: "!!seq [", count: $0) }),
    ]

    @Test(arguments: shapes.indices)
    func `time grows with the input`(index: Int) {
        let shape = Self.shapes[index]
        func best(_ number: Int) -> Double {
            let data = Data(shape.make(number).utf8)
            return (0..<3).map { _ in processorSeconds { HostileInputTests.read(data) } }.min() ?? 0
        }
        let small = best(1000)
        let large = best(10_000)
        // Ten times the input: a quadratic step would take a hundred times as long.
        #expect(large < max(small, 0.001) * 40, "\(shape.name): \(small) s, \(large) s")
    }

    @Test func `time grows with the number of documents that are written`() {
        struct Nested: Encodable {
            enum CodingKeys: String, CodingKey { case outer, inner }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                var nested = container.nestedContainer(keyedBy: CodingKeys.self, forKey: .outer)
                try nested.encode(1, forKey: .inner)
            }
        }
        func best(_ number: Int) -> Double {
            let values = Array(repeating: Nested(), count: number)
            return (0..<3).map { _ in
                processorSeconds { #expect(throws: Never.self) { try YAMLEncoder().encodeDocuments(values) } }
            }.min() ?? 0
        }
        let small = best(500)
        let large = best(5000)
        #expect(large < max(small, 0.001) * 25, "\(small) s, \(large) s")
    }

    @Test func `many changes at one place take time in their number alone`() throws {
        let old = "a: |\n  x\n" + String(repeating: "\n", count: 200_000) + "z: 1\n"
        let value = YAMLValue.mapping(
            [.init("a", .string("x\n"))] + (0..<10_000).map { .init("k\($0)", .int($0)) } + [.init("z", .int(1))])
        #expect(try rewriteSeconds(old, as: value) < 10)
        let list = String(repeating: "#\n", count: 200_000) + "- a\n"
        let items = YAMLValue.array((0..<10_000).map { .int($0) } + [.string("a")])
        let root = YAMLValue.mapping([.init("x", .int(1)), .init("l", items)])
        #expect(try rewriteSeconds("x: 1\nl:\n" + list, as: root) < 10)
    }

    @Test func `time grows with the text, whatever is in it`() throws {
        var codec = YAMLCodec()
        codec.decodingOptions.mergeKeys = true
        // Merges of merges of merges; many mappings that merge a large one; keys in one line; differences far down.
        let chain = (0..<150).map { "m\($0): &m\($0) {\($0 > 0 ? "<<: *m\($0 - 1), " : "")k\($0): 1}\n" }.joined()
        let large = "b: &b\n" + (0..<2000).map { "  k\($0): \($0)\n" }.joined()
        let many = large + "l:\n" + (0..<30).map { "  - {<<: *b, x: \($0)}\n" }.joined()
        let line = "{" + (0..<20_000).map { "k\($0): \($0)" }.joined(separator: ", ") + "}\n"
        let deep = (0..<200).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        let bottom = (0..<2000).map { String(repeating: " ", count: 200) + "k\($0): \($0)\n" }.joined()
        for text in [chain, many, line, deep + bottom] {
            var value = try codec.decode(
                YAMLValue.self, from: Data(text.utf8), in: CodecContext(filename: "a.yaml"))
            func change(_ value: inout YAMLValue) {
                switch value {
                case .mapping(var entries):
                    if let last = entries.indices.last { change(&entries[last].value) }
                    value = .mapping(entries)
                case .array(var items):
                    items.append(.int(0))
                    value = .array(items)
                default: value = .string("new")
                }
            }
            change(&value)
            let context = CodecContext(filename: "a.yaml") { Data(text.utf8) }
            let time = try processorSeconds { _ = try codec.encode(value, in: context) }
            // Debug builds; what is quadratic took minutes.
            #expect(time < 20, "\(text.prefix(40)): \(time) s")
        }
    }

    @Test func `long lists take time in their number, however they change`() throws {
        let names = (0..<40_000).map { "i\($0)" }
        let text = FormattingTests.ItemStyle.beside.text(names)
        let halves = zip(names[..<20_000], names[20_000...]).flatMap { [$0, $1] }
        let thinned = names.enumerated().filter { $0.offset % 3 > 0 }.map(\.element)
        let changed = names.enumerated().map { $0.offset % 2 == 0 ? $0.element : "c\($0.offset)" }
        for order in [changed, thinned, names.reversed(), halves, names.map { _ in "i7" }] {
            let context = CodecContext(filename: "a.yaml") { Data(text.utf8) }
            var data = Data()
            let time = try processorSeconds {
                data = try YAMLCodec().encode(FormattingTests.ItemStyle.beside.root(order), in: context)
            }
            #expect(time < 30)
            let lines = Set(String(decoding: data, as: UTF8.self).split(separator: "\n"))
            let lost = Set(names).intersection(order).count { !lines.contains("  - \($0) # about \($0)") }
            #expect(lost == 0)
        }
    }
}
