import FoundationEssentials
import Holdfast
import HoldfastJSON
import HoldfastTesting
import Synchronization
import Testing

private var context: CodecContext { CodecContext(filename: "a.json") }

private func encoded(_ value: some Encodable, _ options: JSONOptions = JSONOptions()) throws -> String {
    String(decoding: try JSONCodec("a.json", options: options).encode(value, in: context), as: UTF8.self)
}

private func decoded<Value: Decodable>(
    _ type: Value.Type, _ text: String, _ options: JSONOptions = JSONOptions()
) throws -> Value {
    try JSONCodec("a.json", options: options).decode(type, from: Data(text.utf8), in: context)
}

@Suite struct `The JSON codec` {
    struct Note: Codable, Equatable {
        var title: String
        var path: String = "a/b"
        var count: Int?
    }

    @Test func `keeps what every codec promises`() throws {
        try CodecConformance(JSONCodec("a.json"), filename: "a.json").check()
    }

    @Test func `keeps it for dynamic values too`() throws {
        let samples: [JSONValue] = [
            nil, true, "", 1, [], [:], ["a": [1, "é\n", nil], "": ["b": false]],
            .number(try #require(JSONNumber("12345678901234567890123"))), .number(try #require(JSONNumber("1e400"))),
        ]
        try CodecConformance(JSONCodec("a.json"), filename: "a.json", seed: 2).check(samples)
    }

    @Test func `writes for people by default`() throws {
        #expect(
            try encoded(Note(title: "Zoë")) == """
                {
                  "path" : "a/b",
                  "title" : "Zoë"
                }

                """)
    }

    @Test func `writes as the options say`() throws {
        var options = JSONOptions()
        options.isPrettyPrinted = false
        options.escapesSlashes = true
        options.endsWithLineBreak = false
        #expect(try encoded(Note(title: "x"), options) == #"{"path":"a\/b","title":"x"}"#)
        options.keys = .snakeCase
        options.data = .bytes
        struct Keys: Codable, Equatable {
            var lastActivity = 1
            var rawBytes = Data([1, 2])
        }
        #expect(try encoded(Keys(), options) == #"{"last_activity":1,"raw_bytes":[1,2]}"#)
        #expect(try decoded(Keys.self, #"{"last_activity":1,"raw_bytes":[1,2]}"#, options) == Keys())
    }

    @Test func `an error at an index that there can't be has no place`() {
        struct Element: Decodable {
            enum Key: Int, CodingKey { case before = -1 }
            init(from decoder: any Decoder) throws {
                let path = decoder.codingPath + [Key.before]
                throw DecodingError.dataCorrupted(.init(codingPath: path, debugDescription: "odd"))
            }
        }
        #expect(throws: CodecError.self) { try decoded(Element.self, "[1]", JSONOptions()) }
    }

    @Test func `says where a value stands under a key that a strategy has changed`() throws {
        struct Inner: Codable { var lastActivity: Int }
        struct Outer: Codable { var innerValue: [Inner] }
        var options = JSONOptions()
        options.keys = .snakeCase
        let text = "{\"other_key\": 1,\n \"inner_value\": [{\"last_activity\": \"x\"}]}"
        let error = try #require(throws: CodecError.self) { try decoded(Outer.self, text, options) }
        #expect((error.line, error.column) == (2, 36))
        struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
        options.keys = .custom(
            encode: { Key(stringValue: $0[$0.count - 1].stringValue + "!") },
            decode: { Key(stringValue: String($0[$0.count - 1].stringValue.dropLast())) })
        let marked = try #require(throws: CodecError.self) {
            try decoded(Outer.self, "{\"innerValue!\": [{\"lastActivity!\": \"x\"}]}", options)
        }
        #expect((marked.line, marked.column) == (1, 36))
        // A name that stands there as it is comes first; where two others may be meant, no place is named.
        options.keys = .snakeCase
        let exact = try #require(throws: CodecError.self) {
            try decoded([String: Int].self, "{\"a_b\": 1,\n \"aB\": \"x\"}", options)
        }
        #expect(exact.line == 2)
        struct Foo: Codable { var fooBar: Int }
        let doubtful = try #require(throws: CodecError.self) {
            try decoded(Foo.self, "{\"foobar\": 1,\n \"foo_bar\": \"x\"}", options)
        }
        #expect(doubtful.line == nil)
    }

    @Test func `two Unicode forms of a key in a property are refused, not lost`() throws {
        struct Holder: Codable { var value: JSONValue }
        let value: JSONValue = ["e\u{301}": 1, "\u{e9}": 2]
        #expect(throws: CodecError.self) { try encoded(Holder(value: value)) }
        #expect(try decoded(JSONValue.self, encoded(value)) == value)
    }

    @Test func `no key strategy changes the keys of dynamic values`() throws {
        struct Wrapped: Codable, Equatable {
            var anyValue: JSONValue
            var anObject: JSONObject
        }
        var options = JSONOptions()
        options.isPrettyPrinted = false
        options.keys = .snakeCase
        let value = Wrapped(anyValue: [["user_id": 1, "aB": ["cD": nil]]], anObject: ["x_y": ["zZ": []]])
        let text = try encoded(value, options)
        #expect(
            text == #"{"an_object":{"x_y":{"zZ":[]}},"any_value":[{"aB":{"cD":null},"user_id":1}]}"# + "\n")
        #expect(try decoded(Wrapped.self, text, options) == value)
    }

    @Test func `refuses infinities unless they have names`() throws {
        #expect(throws: CodecError.self) { try encoded([Double.infinity]) }
        var options = JSONOptions()
        options.nonConformingFloats = .strings()
        options.isPrettyPrinted = false
        #expect(try encoded([Double.infinity, -.infinity], options) == "[\"inf\",\"-inf\"]\n")
        #expect(try decoded([Double].self, "[\"nan\"]", options)[0].isNaN)
    }

    @Test func `says where a value of the wrong type stands`() throws {
        let text = "[\n  {\"title\": \"a\"},\n  {\"title\": \"b\",\n   \"count\": \"many\"}\n]"
        let error = try #require(throws: CodecError.self) {
            try decoded(
                [Note].self,
                text.replacing("\"a\"}", with: "\"a\", \"path\": \"\"}").replacing("b\",", with: "b\", \"path\": \"\",")
            )
        }
        #expect(error.line == 4)
        #expect(error.column == 13)
        #expect(error.codingPath == "[1].count")
        #expect(!error.reason.hasSuffix("."))
    }

    @Test func `says which key is missing`() throws {
        let error = try #require(throws: CodecError.self) { try decoded([Note].self, "[{\"title\":\"é\"}]") }
        #expect(error.description == "line 1, column 2, at [0]: the key \"path\" is missing")
    }

    @Test func `passes the host's own errors and user information on`() throws {
        struct Refusal: Error {}
        struct Refusing: Codable {
            init() {}
            init(from decoder: any Decoder) throws { throw Refusal() }
            func encode(to encoder: any Encoder) throws { throw Refusal() }
        }
        #expect(throws: Refusal.self) { try encoded(Refusing()) }
        #expect(throws: Refusal.self) { try decoded(Refusing.self, "1") }

        struct Informed: Codable {
            static let key = CodingUserInfoKey(rawValue: "greeting")
            var text: String
            init() { text = "" }
            init(from decoder: any Decoder) throws {
                text = try #require(Self.key.flatMap { decoder.userInfo[$0] as? String })
            }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(Self.key.flatMap { encoder.userInfo[$0] as? String })
            }
        }
        let informed = CodecContext(filename: "a.json", userInfo: [try #require(Informed.key): "hello"])
        let codec = JSONCodec("a.json")
        #expect(try codec.encode(Informed(), in: informed) == Data("\"hello\"\n".utf8))
        #expect(try codec.decode(Informed.self, from: Data("1".utf8), in: informed).text == "hello")
    }
}

@Suite struct `JSON that isn't` {
    @Test(
        arguments: [
            ("", 1, 1), (" \n", 2, 1), ("[1,]", 1, 3), ("{\"a\":1,}", 1, 7), ("[1 2]", 1, 4), ("{\"a\" 1}", 1, 6),
            ("{a:1}", 1, 2), ("[01]", 1, 2), ("[1.]", 1, 4), ("[.5]", 1, 2), ("[+1]", 1, 2), ("[1e]", 1, 4),
            ("[tru]", 1, 2), ("[NaN]", 1, 2), ("['a']", 1, 2), ("[\"a\nb\"]", 1, 4), ("[\"\\x\"]", 1, 3),
            ("[\"\\u12g4\"]", 1, 3), ("[\"abc", 1, 2), ("[[]", 1, 4), ("[]]", 1, 3), ("1 2", 1, 3), ("// c\n1", 1, 1),
            ("{\"a\":1,\n \"b\":2,\n \"a\":3}", 3, 2), ("{\"a\":1,\"\\u0061\":3}", 1, 8), ("\u{FEFF}[]", 1, 1),
            ("[\"\\ud800\"]", 1, 3), ("[\"\\udc00\"]", 1, 3), ("[\"\\ud800\\u0041\"]", 1, 3), ("[]\0\0\0", 1, 3),
            ("[\"é\",x]", 1, 6), ("[1,\r\n 2,\r\n x]", 3, 2),
        ])
    func `is refused by validate and decode alike, with line and column`(
        text: String, line: Int, column: Int
    ) throws {
        let codec = JSONCodec("a.json")
        let bytes = Data(text.utf8)
        let refused = try #require(throws: CodecError.self) { try codec.validate(bytes, in: context) }
        #expect((refused.line, refused.column) == (line, column), "\(text): \(refused)")
        for attempt in 0..<2 {
            let error = try #require(throws: CodecError.self) {
                if attempt == 0 {
                    _ = try codec.decode([Int].self, from: bytes, in: context)
                } else {
                    _ = try codec.decode(JSONValue.self, from: bytes, in: context)
                }
            }
            #expect(error.description == refused.description)
        }
    }

    @Test(
        arguments: [
            [0xFF], [0x22, 0x80, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22],
            [0x22, 0xE2, 0x82, 0x22], [0x22, 0xF0, 0x8F, 0xBF, 0xBF, 0x22],
        ] as [[UInt8]])
    func `also where the bytes are not UTF-8`(bytes: [UInt8]) throws {
        #expect(throws: CodecError.self) { try JSONCodec("a.json").validate(Data(bytes), in: context) }
    }

    @Test func `names trailing NULs for what they are`() throws {
        let error = try #require(throws: CodecError.self) { try decoded(JSONValue.self, "[]\n\0\0") }
        #expect(error.reason.contains("2 trailing NUL bytes"))
    }

    @Test func `repeated keys are found among many`() throws {
        let keys = (0..<200).map { "\"key \($0)\": \($0)" }
        #expect(try decoded([String: Int].self, "{\(keys.joined(separator: ","))}").count == 200)
        for repeated in [0, 15, 16, 17, 150] {
            let text = "{\((keys + ["\"key \(repeated)\": 0"]).joined(separator: ","))}"
            #expect(throws: CodecError.self) { try decoded([String: Int].self, text) }
        }
        // The same key in two objects is no repetition.
        #expect(try decoded([[String: Int]].self, "[{\"a\":1,\"b\":2},{\"a\":1}]").count == 2)
    }

    /// Texts that Foundation alone would decode; the last ones are scanned on another thread.
    @Test func `no value sees any of it`() throws {
        struct Watched: Decodable {
            static let made = Atomic(0)
            init(from decoder: any Decoder) throws { Self.made.add(1, ordering: .relaxed) }
        }
        for elements in [1, 1_000, 100_000] {
            let rows = String(repeating: "{\"a\":1},\n", count: elements)
            for fault in ["{\"a\":1,\"a\":2}", "1,"] {
                let error = try #require(throws: CodecError.self) {
                    try decoded([Watched].self, "[\(rows)\(fault)]")
                }
                #expect(error.line == elements + 1)
            }
        }
        #expect(Watched.made.load(ordering: .relaxed) == 0)
        _ = try decoded([Watched].self, "[1, 2]")
        #expect(Watched.made.load(ordering: .relaxed) == 2)
    }

    @Test func `bad JSON in a text of its own is not taken for a number that does not fit`() throws {
        struct Nested: Decodable {
            init(from decoder: any Decoder) throws {
                let text = try decoder.singleValueContainer().decode([String].self)[0]
                _ = try JSONDecoder().decode([Int].self, from: Data(text.utf8))
            }
        }
        let error = #expect(throws: CodecError.self) {
            try JSONCodec(filenames: ["a.json"]).decode(
                Nested.self, from: Data(#"["[1,"]"#.utf8), in: CodecContext(filename: "a.json"))
        }
        #expect(error.map { !"\($0)".contains("number") } == true)
    }

    @Test func `a number that does not fit is not taken for bad JSON`() throws {
        for (text, number, place) in [
            ("{\"a\": [1, 3.5]}", "3.5", "line 1, column 11, at a[1]"),
            ("{\"a\": [99999999999999999999]}", "99999999999999999999", "line 1, column 8, at a[0]"),
            ("{\"b\": [0],\n \"[\\\"1\": [2,-1e99 , 3]}", "-1e99", "line 2, column 13, at [\"1[1]"),
        ] {
            let error = try #require(throws: CodecError.self) { try decoded([String: [Int]].self, text) }
            #expect(
                error.description
                    == "\(place): the number \(number) does not fit the type that it is read as: a fraction for an "
                    + "integer, or out of range")
        }
    }

    @Test func `a fraction is taken for an integer only where the documentation says so`() throws {
        for (text, integer) in [
            ("0.99999999999999999", 1), ("9007199254740993.5", 9_007_199_254_740_993), ("1e-400", 0), ("70e-1", 7),
        ] { #expect(try decoded([Int].self, "[\(text)]") == [integer]) }
        for text in ["0.999999999999999", "1e-300", "7.5", "99999999999999.9"] {
            #expect(throws: CodecError.self) { try decoded([Int].self, "[\(text)]") }
        }
    }

    @Test func `two Unicode forms of a key, of which a dictionary holds one, are refused`() throws {
        let text = "{\"x\": [{\"\u{E9}\": 1,\n \"e\u{301}\": 2}]}"
        let error = try #require(throws: CodecError.self) { try decoded([String: [[String: Int]]].self, text) }
        #expect(error.line == 2)
        #expect(error.column == 2)
        #expect(error.description.contains("two Unicode forms"))
        #expect(throws: CodecError.self) { try decoded([String: [[String: JSONValue]]].self, text) }
        // What tells them apart keeps both.
        #expect(try decoded(JSONValue.self, text)["x"]?.array?[0].object?.count == 2)
        _ = try decoded([[String: Int]].self, "[{\"\u{E9}\": 1}, {\"e\u{301}\": 2}]")
    }

    @Test func `dates and numbers of any length end nowhere`() throws {
        for zeros in 15..<25 {
            let fraction = String(repeating: "0", count: zeros) + "1"
            let dates = try decoded([Date].self, "[\"2001-01-01T00:00:00.\(fraction)Z\"]")
            #expect(abs(dates[0].timeIntervalSinceReferenceDate) < 1e-15)
            _ = try decoded([Date].self, "[\"2000-12-31T23:59:59.\(String(repeating: "9", count: zeros))Z\"]")
        }
        for text in ["10e9223372036854775807", "0.1e-9223372036854775808", "1e9223372036854775807"] {
            let number = try #require(JSONNumber(text))
            #expect(number.decimal == nil)
        }
        var options = JSONOptions()
        options.nonConformingFloats = .strings()
        let endless = [Date(timeIntervalSinceReferenceDate: .infinity)]
        #expect(try decoded([Date].self, encoded(endless, options), options) == endless)
    }

    @Test func `a long string's fault is found at any place of it`() throws {
        for place in 0..<70 {
            for fault in ["\u{1}", "\\q"] {
                let text =
                    "\"" + String(repeating: "a", count: place) + fault + String(repeating: "b", count: 40) + "\""
                let error = try #require(throws: CodecError.self) { try decoded(String.self, text) }
                #expect(error.column == place + 2)
            }
        }
    }
}
