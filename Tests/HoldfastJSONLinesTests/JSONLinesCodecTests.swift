import FoundationEssentials
import Holdfast
import HoldfastJSONLines
import HoldfastTesting
import Testing

private let codec = JSONLinesCodec("a.jsonl")
private var context: CodecContext { CodecContext(filename: "a.jsonl") }

@Suite struct `The JSON Lines codec` {
    struct Turn: Codable, Equatable, Sendable {
        var role: String
        var text: String
        var at: Date?
    }

    @Test func `keeps what every codec promises`() throws {
        let turns = [Turn(role: "user", text: "two\nlines, [and] {more}: \"q\" é 🧩", at: .distantFuture)]
        try CodecConformance(codec, filename: "a.jsonl").check([[], turns, turns + turns])
    }

    @Test func `writes a value a line`() throws {
        let turns = [Turn(role: "user", text: "a\nb"), Turn(role: "x/y", text: "")]
        #expect(
            String(decoding: try codec.encode(turns, in: context), as: UTF8.self) == """
                {"role":"user","text":"a\\nb"}
                {"role":"x/y","text":""}

                """)
        #expect(try codec.encode([[1, 2], [], [3]], in: context) == Data("[1,2]\n[]\n[3]\n".utf8))
        #expect(try codec.encode([Int](), in: context) == Data())
    }

    @Test func `keeps dynamic values exact`() throws {
        let text = Data("{\"b\":1.10,\"a\":1e400}\nnull\n12345678901234567890123\n\"x\"\n".utf8)
        let values = try codec.decode([JSONValue].self, from: text, in: context)
        #expect(values.count == 4 && values[1] == nil)
        #expect(try codec.encode(values, in: context) == text)
    }

    @Test func `reads lines that a person wrote`() throws {
        #expect(try codec.decode([Int].self, from: Data("1\r\n 2 \n3".utf8), in: context) == [1, 2, 3])
    }

    @Test func `limits the nesting of each line`() throws {
        for limit in [3, JSONOptions.highestDepth] {
            var options = JSONOptions()
            options.maximumDepth = limit
            let codec = JSONLinesCodec("a.jsonl", options: options)
            var value: JSONValue = []
            for _ in 1..<limit { value = [value] }
            let bytes = try codec.encode([value], in: context)
            try codec.validate(bytes, in: context)
            #expect(try codec.decode([JSONValue].self, from: bytes, in: context) == [value])
            #expect(throws: CodecError.self) { try codec.encode([[value]] as [JSONValue], in: context) }
            #expect(throws: CodecError.self) {
                try codec.validate(Data("[".utf8) + bytes.dropLast() + Data("]".utf8), in: context)
            }
        }
    }

    @Test func `refuses what is no array`() {
        #expect(throws: CodecError.self) { try codec.encode(["a": 1], in: context) }
        #expect(throws: CodecError.self) { try codec.encode("[1]", in: context) }
    }

    @Test(arguments: [
        ("1\n\n2\n", 2, 1), ("1\n2,\n", 2, 2), ("{\"a\":\n1}\n", 1, 6), ("[1]\n[2\n", 2, 3), ("1 2\n", 1, 3),
        ("1\n{\"a\":1,\"a\":2}\n", 2, 8), ("1\n\n", 2, 1), ("1\n\0\0", 2, 1),
    ])
    func `refuses lines that are not JSON, with line and column`(text: String, line: Int, column: Int) throws {
        let refused = try #require(throws: CodecError.self) { try codec.validate(Data(text.utf8), in: context) }
        #expect((refused.line, refused.column) == (line, column), "\(refused)")
        let error = try #require(throws: CodecError.self) {
            try codec.decode([JSONValue].self, from: Data(text.utf8), in: context)
        }
        #expect(error.description == refused.description)
    }

    @Test func `says where a value of the wrong type stands`() throws {
        let error = try #require(throws: CodecError.self) {
            try codec.decode(
                [Turn].self, from: Data("{\"role\":\"a\",\"text\":\"\"}\n{\"role\":7,\"text\":\"\"}\n".utf8),
                in: context)
        }
        #expect((error.line, error.column, error.codingPath) == (2, 9, "[1].role"))
    }
}
