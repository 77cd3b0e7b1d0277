import Foundation
import Holdfast
import HoldfastTesting
import HoldfastYAML
import Testing

/// What the options do, and the parts of YAML that the suite's cases do not reach.
@Suite struct OptionsTests {
    @Test func `the codec writes dictionaries in the order of their keys, and all else as it is declared`() throws {
        struct Usage: Encodable {
            var tokens: [String: Int]
            var days: [Int: Bool]
            var cost: Int
        }
        let keys = (0..<40).map { "key \($0 + 10)" }
        var tokens = Dictionary(uniqueKeysWithValues: keys.map { ($0, 1) })
        let context = CodecContext(filename: "a.yaml")
        let usage = Usage(tokens: tokens, days: [30: true, 7: false], cost: 2)
        let text = try YAMLCodec("a.yaml").encode(usage, in: context)
        let lines = keys.map { "  \($0): 1" }
        #expect(
            String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
                == ["tokens:"] + lines + ["days:", "  \"30\": true", "  \"7\": false", "cost: 2"])
        tokens.reserveCapacity(1000)
        #expect(
            try YAMLCodec("a.yaml").encode(Usage(tokens: tokens, days: [:], cost: 2), in: context).count < text.count)
        #expect(
            try YAMLCodec("a.yaml").encode(tokens, in: context) == YAMLCodec("a.yaml").encode(usage.tokens, in: context)
        )
    }

    @Test func `the codec holds what every codec must`() throws {
        var conformance = CodecConformance(YAMLCodec("a.yaml"), filename: "a.yaml")
        // The mutations of this module's own tests are many more.
        conformance.mutations = 50
        try conformance.check()
    }

    @Test func `people's text looks as they would write it`() throws {
        struct Post: Encodable {
            var title = "Hello, world 😀"
            var ratio = 6.85
            var published = true
            var body = "First line\n  indented 👍\n"
            var tags = ["a", "b c", "yes", "1.0"]
            var author: [String: String]? = ["name": "O'Neil"]
            var none: [Int] = []
        }
        #expect(
            try YAMLEncoder().encodeToString(Post()) == """
                title: Hello, world 😀
                ratio: 6.85
                published: true
                body: |
                  First line
                    indented 👍
                tags:
                  - a
                  - b c
                  - "yes"
                  - "1.0"
                author:
                  name: O'Neil
                none: []

                """)
    }

    @Test func `indent, order, flow, width and start`() throws {
        var encoder = YAMLEncoder()
        encoder.indent = 4
        encoder.sortedKeys = true
        encoder.flowSequenceWidth = 20
        // PyYAML takes a question mark between brackets for a key's.
        #expect(try encoder.encodeToString(["what?", "b"]) == "[\"what?\", b]\n")
        encoder.width = 16
        encoder.explicitStart = true
        let value = YAMLValue.mapping([
            .init("z", .array([.int(1), .int(2)])), .init("long", .array((0..<10).map { .int($0 + 100) })),
            .init("a", .mapping([.init("text", .string("one two three four five"))])),
        ])
        let text = try encoder.encodeToString(value)
        #expect(
            text.hasPrefix(
                "---\na:\n    text: >-\n        one two\n        three\n        four\n        five\nlong:\n    -   100\n"
            ))
        #expect(text.hasSuffix("z: [1, 2]\n"))
    }

    @Test func `documents in a row`() throws {
        let data = try YAMLEncoder().encodeDocuments([[1], [], [2, 3]])
        #expect(String(decoding: data, as: UTF8.self) == "---\n- 1\n---\n[]\n---\n- 2\n- 3\n")
        #expect(try YAMLDecoder().decodeDocuments([Int].self, from: data) == [[1], [], [2, 3]])
        #expect(try YAMLDecoder().decodeDocuments([Int].self, from: "# nothing\n") == [])
        #expect(throws: DecodingError.self) { try YAMLDecoder().decode([Int].self, from: data) }
        #expect(throws: DecodingError.self) { try YAMLDecoder().decodeDocuments(Int.self, from: "&a 1\n--- *a\n") }
    }

    @Test func `dates, data, keys and numbers by strategy`() throws {
        struct Item: Codable, Equatable {
            var createdAt: Date
            var someURLText: Data
            var maxValue: Double
            var byKey: [String: Int]
        }
        let item = Item(
            createdAt: Date(timeIntervalSince1970: 1_700_000_000), someURLText: Data([1, 2]), maxValue: .infinity,
            byKey: ["aKey": 1])
        var encoder = YAMLEncoder()
        var decoder = YAMLDecoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        encoder.dateEncodingStrategy = .secondsSince1970
        decoder.dateDecodingStrategy = .secondsSince1970
        encoder.dataEncodingStrategy = .binary
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "big", negativeInfinity: "small", nan: "odd")
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "big", negativeInfinity: "small", nan: "odd")
        let text = try encoder.encodeToString(item)
        #expect(
            text == "created_at: 1700000000.0\nsome_url_text: !!binary \"AQI=\"\nmax_value: big\nby_key:\n  aKey: 1\n")
        let expected = text.replacingOccurrences(of: "some_url_text", with: "some_uRLText")
        #expect(try decoder.decode([String: YAMLValue].self, from: expected).keys.count == 4)
        struct Plain: Codable, Equatable {
            var createdAt: Date
            var maxValue: Double
            var byKey: [String: Int]
        }
        #expect(
            try decoder.decode(Plain.self, from: text)
                == Plain(createdAt: item.createdAt, maxValue: .infinity, byKey: ["aKey": 1]))
        encoder.dateEncodingStrategy = .iso8601
        encoder.dataEncodingStrategy = .deferredToData
        encoder.keyEncodingStrategy = .custom { YAMLTestKey($0.last.map { $0.stringValue.uppercased() } ?? "") }
        #expect(
            try encoder.encodeToString(item).hasPrefix("CREATEDAT: 2023-11-14T22:13:20Z\nSOMEURLTEXT:\n  - 1\n  - 2\n"))
        decoder.nonConformingFloatDecodingStrategy = .throw
        #expect(throws: DecodingError.self) { try decoder.decode(Double.self, from: ".inf") }
    }

    struct YAMLTestKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ text: String) { stringValue = text }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    @Test(arguments: [
        ("point_3d", "point3D"), ("is_3d_model", "is3DModel"), ("first_2nd", "first2Nd"), ("one_two", "oneTwo"),
        ("_a_b_", "_aB_"), ("URL_list", "urlList"),
    ]) func `snake case is read as Foundation's JSON decoder reads it`(snake: String, camel: String) throws {
        struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
        struct Keys: Decodable {
            var names: [String]
            init(from decoder: any Decoder) throws {
                names = try decoder.container(keyedBy: Key.self).allKeys.map(\.stringValue)
            }
        }
        var decoder = YAMLDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        #expect(try decoder.decode(Keys.self, from: "\(snake): 1").names == [camel])
        let json = JSONDecoder()
        json.keyDecodingStrategy = .convertFromSnakeCase
        #expect(try json.decode(Keys.self, from: Data("{\"\(snake)\": 1}".utf8)).names == [camel])
    }

    @Test func `key strategies turn any name into what Foundation's JSON coders make of it`() throws {
        struct Named: Codable {
            var names: [String]
            init(_ name: String) { names = [name] }
            init(from decoder: any Decoder) throws {
                names = try decoder.container(keyedBy: YAMLTestKey.self).allKeys.map(\.stringValue)
            }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: YAMLTestKey.self)
                for name in names { try container.encode(1, forKey: YAMLTestKey(name)) }
            }
        }
        var random = FidelityTests.Seeded(state: 8)
        let characters = Array("abcdABCD12__")
        let names = (0..<5000).map { _ in
            let length = Int.random(in: 0...12, using: &random)
            return String((0..<length).map { _ in characters.randomElement(using: &random) ?? "a" })
        }
        let values = (names + ["isB2bCustomer", "URLName", "aΣΣσ", "éÉé_éa"]).map { Named($0) }
        // The names as the text has them, and as values see them.
        func keys(_ values: [Named]) -> [[String]] { values.map(\.names) }
        var encoder = YAMLEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let json = JSONEncoder()
        json.keyEncodingStrategy = .convertToSnakeCase
        let written = try YAMLDecoder().decode([Named].self, from: encoder.encode(values))
        #expect(try keys(written) == keys(JSONDecoder().decode([Named].self, from: json.encode(values))))
        var decoder = YAMLDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let jsonDecoder = JSONDecoder()
        jsonDecoder.keyDecodingStrategy = .convertFromSnakeCase
        let read = try decoder.decode([Named].self, from: YAMLEncoder().encode(values))
        #expect(try keys(read) == keys(jsonDecoder.decode([Named].self, from: JSONEncoder().encode(values))))
    }

    @Test func `no key strategy changes the keys of dynamic values`() throws {
        struct Wrapped: Codable, Equatable {
            var anyValue: YAMLValue
            var ownCode: Own
            struct Own: Codable, Equatable {
                var value: YAMLValue
                init(_ value: YAMLValue) { self.value = value }
                init(from decoder: any Decoder) throws { value = try YAMLValue(from: decoder) }
                func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
            }
        }
        let value = YAMLValue.mapping([.init("aB", .array([.mapping([.init("c_d", .int(1)), .init("eF", .null)])]))])
        var encoder = YAMLEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        var decoder = YAMLDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let data = try encoder.encode(Wrapped(anyValue: value, ownCode: .init(value)))
        let text = String(decoding: data, as: UTF8.self)
        #expect(text.hasPrefix("any_value:\n  aB:\n    - c_d: 1\n      eF: null\nown_code:\n  aB:\n"))
        #expect(try decoder.decode(Wrapped.self, from: data) == Wrapped(anyValue: value, ownCode: .init(value)))
    }

    @Test func `plain scalars by schema`() throws {
        let text = "[yes, 010, 0o10, 1:30, 1_000, 0b11, 0x1F, 1e3, .5, +1, ~, off, 1.5e+3]"
        func values(_ schema: YAMLSchema) throws -> [YAMLValue] {
            var decoder = YAMLDecoder()
            decoder.schema = schema
            return try decoder.decode([YAMLValue].self, from: text)
        }
        #expect(
            try values(.core) == [
                .string("yes"), .int(10), .int(8), .string("1:30"), .string("1_000"), .string("0b11"), .int(31),
                .double(1000), .double(0.5),
                .int(1), .null, .string("off"), .double(1500),
            ])
        #expect(
            try values(.yaml11) == [
                .bool(true), .int(8), .string("0o10"), .int(90), .int(1000), .int(3), .int(31), .string("1e3"),
                .double(0.5), .int(1), .null,
                .bool(false), .double(1500),
            ])
        var decoder = YAMLDecoder()
        #expect(try decoder.decode(Double.self, from: "010") == 10)
        #expect(try decoder.decode(Double.self, from: "0x10") == 16)
        decoder.schema = .yaml11
        #expect(try decoder.decode(Double.self, from: "010") == 8)
        #expect(try decoder.decode(Double.self, from: "1:30.5") == 90.5)
        #expect(try decoder.decode(Double.self, from: "1._5") == 1.5)
        #expect(throws: DecodingError.self) { try decoder.decode(Double.self, from: "._50") }
        #expect(try decoder.decode(Int.self, from: "-1:30") == -90)
        // Times of day are none of base 60.
        #expect(try decoder.decode([String].self, from: "[09:15, 00:30, 0:6]") == ["09:15", "00:30", "0:6"])
        #expect(try decoder.decode(Double.self, from: "0:30.5") == 30.5)
    }

    @Test func `a directive that libyaml would copy for each tag is refused`() throws {
        var decoder = YAMLDecoder()
        decoder.unknownTags = .ignore
        func read(_ length: Int) throws -> [Int] {
            try decoder.decode(
                [Int].self, from: "# c\n%TAG !x! a:\(String(repeating: "a", count: length))\n--- [!x!a 1]")
        }
        #expect(try read(1000) == [1])
        let error = try #require(throws: DecodingError.self) { try read(1024) }
        #expect("\(error)".contains("line 2, column 1: a %TAG directive longer than 1024 bytes"))
    }

    @Test func `tags decide, and unknown ones are refused or ignored`() throws {
        let decoder = YAMLDecoder()
        #expect(
            try decoder.decode(
                [YAMLValue].self, from: "[!!str 1, !!int \"1\", !!float 1, !!bool \"true\", !!null \"\", ! 1]") == [
                    .string("1"), .int(1), .double(1), .bool(true), .null, .string("1"),
                ])
        #expect(try decoder.decode(Data.self, from: "!!binary |\n  AQ\n  I=\n") == Data([1, 2]))
        #expect(try decoder.decode(Double.self, from: "!!float 1") == 1)
        #expect(throws: DecodingError.self) { try decoder.decode([Int].self, from: "!set [1]") }
        var lenient = YAMLDecoder()
        lenient.unknownTags = .ignore
        #expect(try lenient.decode([Int].self, from: "!set [!x 1]") == [1])
        lenient.plainScalarsAsStrings = true
        #expect(try lenient.decode([String].self, from: "[1.10, yes, true, x]") == ["1.10", "yes", "true", "x"])
        #expect(throws: DecodingError.self) { try lenient.decode([String].self, from: "[null]") }
    }

    @Test func `merge keys are an option`() throws {
        let text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: 5\n"
        let plain = try YAMLDecoder().decode(YAMLValue.self, from: text)
        #expect(plain[path: ["c", "<<", "0", "x"]] == .int(1))
        var decoder = YAMLDecoder()
        decoder.mergeKeys = true
        let merged = try decoder.decode([String: [String: Int]].self, from: text)
        #expect(merged["c"] == ["x": 5, "y": 2, "z": 4])
        struct Point: Decodable { var x, y, z: Int }
        #expect(try decoder.decode([String: YAMLValue].self, from: text)["c"]?["z"] == .int(4))
        #expect(throws: DecodingError.self) { try decoder.decode([String: Point].self, from: text) }
        #expect(throws: DecodingError.self) { try decoder.decode(YAMLValue.self, from: "<<: 1\n") }
    }

    @Test func `UTF-16 and byte order marks`() throws {
        let text = "é: 😀\n"
        for encoding in [String.Encoding.utf16BigEndian, .utf16LittleEndian] {
            var data = encoding == .utf16BigEndian ? Data([0xFE, 0xFF]) : Data([0xFF, 0xFE])
            data += try #require(text.data(using: encoding))
            #expect(try YAMLDecoder().decode([String: String].self, from: data) == ["é": "😀"])
        }
        #expect(
            try YAMLDecoder().decode([String: String].self, from: Data([0xEF, 0xBB, 0xBF]) + Data(text.utf8)) == [
                "é": "😀"
            ])
    }

    @Test func `a decoder that a value keeps goes on after the call`() throws {
        struct Lazy: Decodable {
            var decoder: any Decoder
            init(from decoder: any Decoder) throws { self.decoder = decoder }
        }
        var data = Data("[one, |x]".utf8)
        data = Data("- one\n- |\n  two\n  lines\n".utf8)
        let lazy = try YAMLDecoder().decode(Lazy.self, from: data)
        data.resetBytes(in: 0..<data.count)
        #expect(try [String](from: lazy.decoder) == ["one", "two\nlines\n"])
    }

    @Test func `keys that are collections are named in the error`() throws {
        let error = try #require(throws: DecodingError.self) {
            try YAMLDecoder().decode([String: Int].self, from: "{a: 1, [b]: 2}")
        }
        #expect("\(error)".contains("expected a scalar as key, found a sequence"))
        try YAMLDecoder().validate(Data("{a: 1, [b]: 2}".utf8))
    }
}
