import CLibYAML
import Foundation
import Testing

@testable import HoldfastYAML

/// The tape holds what libyaml's events say, no more and no less.
@Suite struct EventTests {
    /// libyaml's events as lines; nil where it refuses the text.
    static func libyamlEvents(_ data: Data) -> [String]? {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        yaml_parser_initialize(parser)
        defer { yaml_parser_delete(parser) }
        return data.withUnsafeBytes { bytes in
            yaml_parser_set_input_string(parser, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
            var lines: [String] = []
            var event = yaml_event_t()
            while true {
                guard yaml_parser_parse(parser, &event) == 1 else { return nil }
                defer { yaml_event_delete(&event) }
                switch event.type {
                case YAML_DOCUMENT_START_EVENT: lines.append("document")
                case YAML_SEQUENCE_START_EVENT:
                    lines.append(event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE ? "[ flow" : "[ block")
                case YAML_MAPPING_START_EVENT:
                    lines.append(event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE ? "{ flow" : "{ block")
                case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: lines.append("end")
                case YAML_ALIAS_EVENT: lines.append("alias")
                case YAML_SCALAR_EVENT:
                    let scalar = event.data.scalar
                    let text = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
                    lines.append(
                        "scalar \(scalar.style.rawValue - 1) \(String(decoding: text, as: UTF8.self).debugDescription)")
                case YAML_STREAM_END_EVENT: return lines
                default: break
                }
            }
        }
    }

    /// The same lines from the tape.
    static func tapeEvents(_ data: Data, limits: YAMLLimits = YAMLLimits()) throws -> [String] {
        var rules = TapeBuilder.Rules(limits: limits)
        rules.refusesUnknownTags = false
        return try data.withUnsafeBytes { bytes in
            let tape = try TapeBuilder.tape(of: SourceText(borrowing: bytes), rules)
            var lines: [String] = []
            func visit(_ index: Int) {
                let node = tape.nodes[index]
                switch node.kind {
                case .alias: lines.append("alias")
                case .scalar:
                    lines.append("scalar \(node.style.rawValue) \(tape.string(node).debugDescription)")
                case .sequence, .mapping:
                    lines.append((node.kind == .sequence ? "[ " : "{ ") + (node.style == .flow ? "flow" : "block"))
                    var child = index + 1
                    while child < tape.next(after: index) {
                        visit(child)
                        child = tape.next(after: child)
                    }
                    lines.append("end")
                }
            }
            for root in tape.roots {
                lines.append("document")
                visit(root)
            }
            return lines
        }
    }

    @Test(.enabled(if: ConformanceTests.folder != nil, ConformanceTests.isMissing))
    func `the tape of every case of the suite is libyaml's events, but for three that libyaml misreads`() throws {
        var different: [String] = []
        var equal = 0
        for testCase in try ConformanceTests.cases() {
            guard let expected = Self.libyamlEvents(testCase.input), !testCase.mustFail else {
                #expect(throws: (any Error).self, "\(testCase.id)") { try Self.tapeEvents(testCase.input) }
                continue
            }
            if try Self.tapeEvents(testCase.input) == expected { equal += 1 } else { different.append(testCase.id) }
        }
        print("events: equal \(equal), read better than libyaml \(different)")
        #expect(Set(different).isSubset(of: ["652Z", "JEF9/02", "L24T/01"]))
    }

    @Test func `what is accepted of mutated texts is libyaml's events`() throws {
        var random = FidelityTests.Seeded(state: 6)
        let pieces = [
            "\n", " ", "  ", "- ", ": ", "|\n", "|+\n", ">-\n", "|2\n", "'", "\"", "#", "é", "😀", "\r\n", "\u{85}", "a",
            "b c", "\t", "{", "}",
            "[", "]", ",", "&a ", "*a", "!!str ", "---\n", "...\n", "\\n", "? ",
        ]
        var compared = 0
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 1...14, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            let data = Data(text.utf8)
            // A question mark before a scalar and a last line of spaces are read better than by libyaml.
            guard !text.contains("?"), data.last != 0x20, let events = try? Self.tapeEvents(data) else { continue }
            #expect(events == Self.libyamlEvents(data), "\(text.debugDescription)")
            compared += 1
        }
        print("mutated texts compared:", compared)
        #expect(compared > 500)
    }

    @Test func `the encoder's text gives the events that were meant, whatever the string`() throws {
        for text in FidelityTests.texts {
            for layout in FidelityTests.layouts {
                let data = try YAMLEncoder(options: layout).encode([text: [text]])
                let events = try #require(Self.libyamlEvents(data), "\(String(decoding: data, as: UTF8.self))")
                let scalars = events.filter { $0.hasPrefix("scalar") }.map { String($0.dropFirst(9)) }
                #expect(scalars == [text.debugDescription, text.debugDescription])
                #expect(events.count == 7)
            }
        }
    }

    @Test func `nodes know where they stand in the text`() throws {
        let text = "é: &x 'a😀'\nb: |\n  c\n  d\n\nl: [1, {k: v}]\nn:\n- z # c\n"
        let data = Data(text.utf8)
        var rules = TapeBuilder.Rules()
        rules.keepsEnds = true
        try data.withUnsafeBytes { bytes in
            let tape = try TapeBuilder.tape(of: SourceText(borrowing: bytes), rules)
            let spans = (0..<tape.count).map { index in
                String(decoding: bytes[Int(tape.nodes[index].start)..<Int(tape.ends[index])], as: UTF8.self)
            }
            #expect(
                spans == [
                    String(text.dropLast(5)), "é", "&x 'a😀'", "b", "|\n  c\n  d\n\n", "l", "[1, {k: v}]", "1", "{k: v}",
                    "k", "v", "n",
                    "- z", "z",
                ])
        }
    }
}
