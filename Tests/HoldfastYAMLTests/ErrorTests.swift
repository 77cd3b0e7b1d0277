import Foundation
import Holdfast
import HoldfastYAML
import Testing

/// Every error says in one line where it is and what was expected.
@Suite struct ErrorTests {
    struct Event: Codable {
        var id: Int
        var role: String
        var tags: [String]?
    }

    struct Log: Codable {
        var events: [Event]
        var limit: UInt8?
        var url: URL?
        var when: Date?
        var on: Bool?
    }

    /// Decodes through the codec, and returns what it throws.
    func failure<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> String {
        let codec = YAMLCodec("*.yaml")
        let error = try #require(throws: CodecError.self) {
            _ = try codec.decode(type, from: Data(text.utf8), in: CodecContext(filename: "a.yaml"))
        }
        #expect(error.line != nil && error.column != nil)
        #expect(!error.description.contains("\n"))
        return error.description
    }

    @Test(arguments: [
        ("[[[*x]]]", "at [0][0][0]:"), ("a:\n  - b\n  - [c, *x]\n", "at a[1][1]:"),
        ("- a: 1\n- a: 1\n  a: 2\n", "at [1].a: the key \"a\" occurs twice"),
    ]) func `paths of what can't be parsed count from zero`(text: String, place: String) throws {
        #expect(try failure(YAMLValue.self, text).contains(place))
    }

    @Test func `what would be lost or end the process is an error`() throws {
        struct Dates: Codable { var d: Date }
        let never = try YAMLDecoder().decode(Dates.self, from: Data("d: 9999-12-31T23:59:59.999999999Z\n".utf8))
        #expect(never.d > Date(timeIntervalSince1970: 253_402_300_799))
        #expect(try failure(Decimal.self, ".inf").contains("does not fit Decimal"))
        #expect(try failure(Decimal.self, String(repeating: "1234567890", count: 5)).contains("does not fit Decimal"))
        #expect(try failure([String: Int].self, "\u{E9}: 1\ne\u{301}: 2\n").contains("two Unicode forms"))
        var options = YAMLDecodingOptions()
        options.schema = .yaml11
        #expect(try YAMLDecoder(options: options).decode(Bool.self, from: Data("!!bool off".utf8)) == false)
        #expect(try YAMLDecoder(options: options).decode(Bool.self, from: Data("!!bool on".utf8)) == true)
        #expect(try YAMLDecoder(options: options).decode(Decimal.self, from: Data("1_000.5".utf8)) == Decimal(1000.5))
        struct Far: Decodable {
            init(from decoder: any Decoder) throws {
                struct Key: CodingKey {
                    var stringValue: String { "far" }
                    var intValue: Int? { 1 << 40 }
                    init() {}
                    init?(stringValue: String) { nil }
                    init?(intValue: Int) { nil }
                }
                throw DecodingError.dataCorrupted(.init(codingPath: [Key()], debugDescription: "far away"))
            }
        }
        #expect(try failure(Far.self, "[1, 2]").contains("far away"))
    }

    @Test(arguments: [
        (
            "events:\n  - {id: 1, role: [a]}\n",
            "line 2, column 19, at events[0].role: expected a string, found a sequence"
        ),
        (
            "events:\n  - id: 1\n    role: x\n  - id: \"2\"\n",
            "line 4, column 9, at events[1].id: expected an integer, found the string \"2\""
        ),
        ("events:\n- role: x\n", "line 2, column 3, at events[0]: the key \"id\" is missing in this mapping"),
        ("events: {}\n", "line 1, column 9, at events: expected a sequence, found a mapping"),
        ("- 1\n", "line 1, column 1: expected a mapping, found a sequence"),
        ("", "line 1, column 1: expected a value, but the file is empty"),
        (
            "events: []\nlimit: 256\n",
            "line 2, column 8, at limit: the integer 256 does not fit UInt8, which holds 0 to 255"
        ),
        ("events: []\nlimit: 1.0\n", "line 2, column 8, at limit: expected an integer, found the float 1.0"),
        ("events: []\non: yes\n", "line 2, column 5, at on: expected true or false, found the string \"yes\""),
        (
            "events: []\nwhen: soon\n",
            "line 2, column 7, at when: expected a timestamp such as 2024-05-01T12:34:56.789Z, found the string \"soon\""
        ),
        (
            "events: [{id: 1, role: 7}]\n",
            "line 1, column 24, at events[0].role: expected a string, found the integer 7 (quote it to make it a string)"
        ),
        ("events: [{id: 1, role: null}]\n", "line 1, column 24, at events[0].role: expected a string, found null"),
        ("events: []\n--- {}\n", "line 2, column 5: a second document starts here, but one was expected"),
        ("é: 😀\né: 1\n", "line 2, column 1, at é: the key \"é\" occurs twice in this mapping"),
        ("a: *b\n", "line 1, column 4, at a: there is no anchor &b before this alias"),
        ("a: &b [*b]\n", "line 1, column 8, at a[0]: the alias *b stands inside the node that it names"),
        (
            "a: !foo 1\n",
            "line 1, column 4, at a: the tag !foo is not known here; expected one of !!str, !!int, !!float, !!bool, !!null, !!binary, !!timestamp, unless `unknownTags` is `.ignore`"
        ),
        (
            "a: !foo {}\n",
            "line 1, column 4, at a: the tag !foo is not known here; expected one of !!seq, !!map, unless `unknownTags` is `.ignore`"
        ),
        ("a:\n\t- b\n", "line 2, column 1, at a: a tab can't indent: use spaces"),
        ("a: @b\n", "line 1, column 4, at a: a value can't begin with `@`: quote it"),
        (
            "a: b: c\n",
            "line 1, column 5: a value on the line of its key can't hold a key, too: quote it, or put it on lines below, indented deeper"
        ),
        (
            "a: - b\n",
            "line 1, column 4, at a: a dash can't follow a key on its line: put the sequence on the lines below"
        ),
        (
            "a:\n  b: 1\n c: 2\n",
            "line 3, column 2: expected a key in line with the others of the mapping that begins at line 1, column 1"
        ),
        ("a: [b, ", "line 1, column 8, at a[1]: expected a value here"),
        ("a: \u{1}\n", "line 1, column 4: control characters are not allowed (U+0001)"),
        ("a: !!int x\n", "line 1, column 4, at a: \"x\" is not what its tag !!int says"),
        ("a: !!float 0x1\n", "line 1, column 4, at a: \"0x1\" is not what its tag !!float says"),
        ("a: !!seq x\n", "line 1, column 4, at a: the tag !!seq is not one for a scalar"),
        ("a: !!str [x]\n", "line 1, column 4, at a: the tag !!str is not one for a sequence"),
    ])
    func `errors name line, column, path and what was expected`(text: String, expected: String) throws {
        let told = try failure(Log.self, text)
        #expect(told == expected)
    }

    @Test(arguments: [
        "a: [1, 2\nb: 3\n", "a: b: c\n", "\"a", "a:\n\t- b\n", "%YAML 2.0\n---\n", "a: \u{1}\n", "- a\nb\n", "{a: b",
        "*", "&", "a: |x\n",
    ])
    func `syntax errors have a place, and validation finds them too`(text: String) throws {
        let decoded = try failure(Log.self, text)
        let validated = try #require(throws: CodecError.self) {
            try YAMLCodec("*.yaml").validate(Data(text.utf8), in: CodecContext(filename: "a.yaml"))
        }
        #expect(validated.description == decoded)
    }

    @Test(arguments: [
        ("a: 1\n!foo b: 2\n", "line 2, column 1: "), ("a: 1\n*x : 2\n", "line 2, column 1: "),
        ("- x\n- [b]#c\n", "line 2, column 6, at [1]: "), ("k:\n  - [[a]#c]\n", "at k[0][0]: "),
        ("- x\n- !foo b\n", "line 2, column 3, at [1]: "), ("a: 1\nb: !foo c\n", "line 2, column 4, at b: "),
    ])
    func `a fault is told at its own path`(text: String, place: String) {
        let error = #expect(throws: (any Error).self) { try YAMLDecoder().validate(Data(text.utf8)) }
        #expect(error.map { "\($0)" }?.contains(place) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        "a: &x\n  q: |\n      \n  z: 1\n", "--- !!map\nq: |\n   \nz: 1\n", "- &x\n  q: >\n      \n  z: 1\n",
        "limits: {\n  a: 1,\n  b:\n}\n", "set: {\n  a,\n  b\n}\n",
    ])
    func `what is well-formed is read`(text: String) throws {
        try YAMLDecoder().validate(Data(text.utf8))
    }

    @Test(arguments: ["{?foo\n  bar: 1}", "{?\"a\": 1}", "[?foo\n  bar]", "{?&a foo: 1}"])
    func `a question mark is not lost`(text: String) {
        let error = #expect(throws: (any Error).self) { try YAMLDecoder().validate(Data(text.utf8)) }
        #expect(error.map { "\($0)" }?.contains("expected a space after this question mark") == true)
    }

    @Test func `an empty block scalar may end with its document`() throws {
        for text in ["|\n\n \n...\n", "> # c\n\n  \n---\nb\n"] {
            #expect(try YAMLDecoder().decodeDocuments(String.self, from: Data(text.utf8)).first == "")
        }
    }

    @Test func `surrogate pairs of JSON are refused at their place, characters and YAML's escapes are read`() throws {
        let error = try failure([String: String].self, #"a: "\ud83d\ude00""#)
        #expect(error.prefix(16) == "line 1, column 7")
        #expect(error.contains("invalid Unicode character escape"))
        #expect(try YAMLDecoder().decode([String].self, from: #"["😀", "\U0001F600"]"#) == ["😀", "😀"])
    }

    @Test func `a file cut down to a byte order mark is not null, one of comments is`() throws {
        let codec = YAMLCodec("*.yaml")
        let context = CodecContext(filename: "a.yaml")
        for bytes in [[], [0xFF, 0xFE], [0xFE, 0xFF], [0xEF, 0xBB, 0xBF]] as [[UInt8]] {
            #expect(throws: CodecError.self) { try codec.validate(Data(bytes), in: context) }
            #expect(throws: CodecError.self) { try codec.decode(Int?.self, from: Data(bytes), in: context) }
        }
        #expect(try codec.decode(Int?.self, from: Data("# nothing yet\n".utf8), in: context) == nil)
    }

    @Test func `bytes that are not UTF-8 are refused at their place`() throws {
        for bytes in [
            [0x61, 0x3A, 0x20, 0xFF], [0x61, 0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF5, 0x80, 0x80, 0x80],
        ] as [[UInt8]] {
            let error = try #require(throws: CodecError.self) { try YAMLDecoder().validate(Data(bytes)) }
            #expect(error.line == 1)
        }
    }

    @Test func `an error of a value's own code gets its line and column`() throws {
        enum Role: String, Decodable { case user, assistant }
        struct Message: Decodable { var role: Role }
        let text = try failure([String: [Message]].self, "a:\n  - role: user\n  - role: robot\n")
        #expect(text.hasPrefix("line 3, column 11, at a[1].role: "))
    }

    @Test func `errors are decoding errors of the right kind`() throws {
        let decoder = YAMLDecoder()
        func kind(_ text: String) -> String {
            do {
                _ = try decoder.decode(Event.self, from: text)
                return "none"
            } catch DecodingError.typeMismatch(_, let context) {
                return "typeMismatch \(context.codingPath.map(\.stringValue))"
            } catch DecodingError.valueNotFound(_, let context) {
                return "valueNotFound \(context.codingPath.map(\.stringValue))"
            } catch DecodingError.keyNotFound(let key, _) {
                return "keyNotFound \(key.stringValue)"
            } catch DecodingError.dataCorrupted {
                return "dataCorrupted"
            } catch {
                return "\(error)"
            }
        }
        #expect(kind("{id: x, role: a}") == "typeMismatch [\"id\"]")
        #expect(kind("{id: ~, role: a}") == "valueNotFound [\"id\"]")
        #expect(kind("{id: 1}") == "keyNotFound role")
        #expect(kind("{id: 1") == "dataCorrupted")
        #expect(kind("{id: 1, role: a}") == "none")
    }

    @Test func `a value that can't be encoded is refused with its path, and the rest goes on`() throws {
        struct Odd: Encodable {
            struct Failing: Encodable {
                func encode(to encoder: any Encoder) throws {
                    var container = encoder.unkeyedContainer()
                    try container.encode(1)
                    throw CancellationError()
                }
            }
            enum CodingKeys: String, CodingKey { case a, b, c }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                #expect(throws: CancellationError.self) { try container.encode(Failing(), forKey: .a) }
                try container.encode("x", forKey: .b)
                #expect(throws: CancellationError.self) { try container.encode([Failing()], forKey: .c) }
                try container.encode([1], forKey: .a)
            }
        }
        #expect(try YAMLEncoder().encodeToString(Odd()) == "b: x\na:\n  - 1\n")
        var encoder = YAMLEncoder()
        encoder.nonConformingFloatEncodingStrategy = .throw
        let error = try #require(throws: EncodingError.self) { _ = try encoder.encode(["a": [1, Double.nan]]) }
        guard case .invalidValue(_, let context) = error else { throw error }
        #expect(context.codingPath.map(\.stringValue) == ["a"])
    }

    @Test(arguments: [(YAMLValue.array([.int(1)]), "k:\n  - 1\n"), (.string("other"), "k: other\n")])
    func `a scalar that can't be encoded leaves nothing behind`(fallback: YAMLValue, expected: String) throws {
        struct Fallback: Encodable {
            var value: YAMLValue
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                #expect(throws: EncodingError.self) { try container.encode(Double.nan) }
                try container.encode(value)
            }
        }
        var encoder = YAMLEncoder()
        encoder.nonConformingFloatEncodingStrategy = .throw
        #expect(try encoder.encodeToString(["k": Fallback(value: fallback)]) == expected)
    }

    @Test func `misuse of containers is an error, not a trap`() throws {
        struct TwoKinds: Encodable {
            func encode(to encoder: any Encoder) throws {
                _ = encoder.container(keyedBy: ErrorKey.self)
                _ = encoder.unkeyedContainer()
            }
        }
        struct TwoValues: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(1)
                try container.encode(2)
            }
        }
        struct TwoKeys: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: ErrorKey.self)
                try container.encode(1, forKey: .a)
                try container.encode(2, forKey: .a)
            }
        }
        struct Nothing: Encodable {
            func encode(to encoder: any Encoder) throws {}
        }
        enum ErrorKey: String, CodingKey { case a }
        #expect(throws: EncodingError.self) { try YAMLEncoder().encode(TwoKinds()) }
        #expect(throws: EncodingError.self) { try YAMLEncoder().encode(TwoValues()) }
        #expect(throws: EncodingError.self) { try YAMLEncoder().encode(TwoKeys()) }
        #expect(throws: EncodingError.self) { try YAMLEncoder().encode(Nothing()) }
        #expect(try YAMLEncoder().encodeToString([Nothing()]) == "- {}\n")
    }
}
