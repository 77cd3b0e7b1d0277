import Foundation
import HoldfastYAML
import Testing

/// Whatever Codable can express comes back equal.
@Suite struct FidelityTests {
    /// A generator with a fixed seed, so that a failure can be repeated (SplitMix64).
    struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }

    struct Box<Value: Codable & Equatable>: Codable, Equatable {
        var value: Value
    }

    /// Encodes and decodes a value at the root, in a mapping, in a sequence, and under each layout.
    func check<Value: Codable & Equatable>(_ value: Value, _ location: SourceLocation = #_sourceLocation) throws {
        for layout in Self.layouts {
            let encoder = YAMLEncoder(options: layout)
            let decoder = YAMLDecoder()
            let wrapped = [[Box(value: value)], [Box(value: value), Box(value: value)]]
            let data = try encoder.encode(wrapped)
            try decoder.validate(data)
            #expect(
                try decoder.decode([[Box<Value>]].self, from: data) == wrapped,
                "\(String(decoding: data, as: UTF8.self))", sourceLocation: location)
            let root = try encoder.encode(value)
            #expect(
                try decoder.decode(Value.self, from: root) == value, "\(String(decoding: root, as: UTF8.self))",
                sourceLocation: location)
        }
    }

    static let layouts: [YAMLEncodingOptions] = {
        var wide = YAMLEncodingOptions()
        wide.indent = 4
        wide.sortedKeys = true
        wide.explicitStart = true
        wide.flowSequenceWidth = 60
        wide.width = 20
        var narrow = YAMLEncodingOptions()
        narrow.indent = 1
        return [YAMLEncodingOptions(), wide, narrow]
    }()

    @Test func `integers of every width`() throws {
        try check([Int8.min, -1, 0, 1, Int8.max])
        try check([Int16.min, Int16.max])
        try check([Int32.min, Int32.max])
        try check([Int64.min, Int64.max])
        try check([Int.min, -10, 9, 10, 99, 100, Int.max])
        try check([UInt8.max])
        try check([UInt16.max])
        try check([UInt32.max])
        try check([UInt64.max, 0, 9_999_999_999_999_999_999, 10_000_000_000_000_000_000])
        try check([UInt.max])
        try check([Int128.min, 0, Int128.max])
        try check([UInt128.max])
    }

    @Test func `floats bit for bit`() throws {
        try check([
            0.1 + 0.2, .pi, 1 / 3, 9_007_199_254_740_992, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e16, 1e-5,
            6.85,
        ])
        try check([Float.pi, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.1, 16_777_216])
        var random = Seeded(state: 1)
        var doubles = (0..<5000).map { _ in Double(bitPattern: random.next()) }.filter { !$0.isNaN }
        doubles += (0..<5000).map { _ in Double.random(in: 0..<1, using: &random) } + [0, -0.0, .infinity, -.infinity]
        let read = try YAMLDecoder().decode([Double].self, from: YAMLEncoder().encode(doubles))
        #expect(read.map(\.bitPattern) == doubles.map(\.bitPattern))
        var floats = (0..<5000).map { _ in Float(bitPattern: UInt32.random(in: 0 ... .max, using: &random)) }
        floats = floats.filter { !$0.isNaN } + [-0.0, .infinity, -.infinity]
        let readFloats = try YAMLDecoder().decode([Float].self, from: YAMLEncoder().encode(floats))
        #expect(readFloats.map(\.bitPattern) == floats.map(\.bitPattern))
        #expect(try YAMLDecoder().decode(Double.self, from: YAMLEncoder().encode(Double.nan)).isNaN)
    }

    @Test func `decimals`() throws {
        let texts = [
            "0", "-1", "1.10", "0.30000000000000000000000000000000000001", "123456789012345678901234567890", "1e-20",
        ]
        for text in texts { try check(try #require(Decimal(string: text))) }
        try check([Decimal.greatestFiniteMagnitude, .leastFiniteMagnitude])
    }

    @Test func `dates between the distant past and the distant future, with any fraction`() throws {
        try check([Date.distantPast, .distantFuture, Date(timeIntervalSinceReferenceDate: 0)])
        var random = Seeded(state: 2)
        let range = Date.distantPast.timeIntervalSinceReferenceDate...Date.distantFuture.timeIntervalSinceReferenceDate
        var seconds = (0..<5000).map { _ in Double.random(in: range, using: &random) }
        seconds += (0..<5000).map { _ in Double.random(in: -2e9...2e9, using: &random) }
        seconds += (0..<2000).map { _ in Double.random(in: -2...2, using: &random) }
        seconds += (0..<2000).map { _ in (Double.random(in: -2e9...2e9, using: &random) * 1000).rounded() / 1000 }
        seconds += [
            -0.25, 0.5, -1e-20, .leastNonzeroMagnitude, 1e300, -1e12, 978_307_200, -0.5, -1.75, -86_400, -86_400.5,
        ]
        let dates = seconds.map { Date(timeIntervalSinceReferenceDate: $0) }
        let read = try YAMLDecoder().decode([Date].self, from: YAMLEncoder().encode(dates))
        #expect(read == dates)
    }

    @Test(arguments: [
        "1969-12-31T23:59:59.500Z", "2000-02-29T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    ])
    func `timestamps agree with Foundation's`(text: String) throws {
        let date = try YAMLDecoder().decode(Date.self, from: text)
        #expect(try YAMLEncoder().encodeToString(date) == text + "\n")
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
        if !text.hasPrefix("0001") { #expect(try style.parse(text) == date) }
    }

    @Test func `dates at the edges of the years that have text come back`() throws {
        for text in ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-05:00", "0000-01-01T00:00:00+01:00"] {
            let date = try YAMLDecoder().decode(Date.self, from: text)
            #expect(try YAMLDecoder().decode(Date.self, from: YAMLEncoder().encode(date)) == date)
        }
        for (seconds, text) in [
            (252_423_993_600.0, "252423993600.0\n"), (252_423_993_599, "9999-12-31T23:59:59Z\n"),
            (-63_145_526_400, "0000-01-01T00:00:00Z\n"), (-63_145_526_401, "-63145526401.0\n"),
        ] {
            let date = Date(timeIntervalSinceReferenceDate: seconds)
            #expect(try YAMLEncoder().encodeToString(date) == text)
            #expect(try YAMLDecoder().decode(Date.self, from: text) == date)
        }
    }

    @Test func `timestamps in other notations are read`() throws {
        let decoder = YAMLDecoder()
        let expected = try decoder.decode(Date.self, from: "2001-12-14T21:59:43.1Z")
        for text in [
            "2001-12-14t21:59:43.10-00:00", "2001-12-14 21:59:43.10", "2001-12-14 22:59:43.1 +1",
            "\"2001-12-14T21:59:43.1Z\"",
        ] {
            #expect(try decoder.decode(Date.self, from: text) == expected)
        }
        for text in ["2001-02-30", "2001-13-01", "yesterday", "2001-12-14T25:00:00Z", "{}"] {
            #expect(throws: DecodingError.self) { try decoder.decode(Date.self, from: text) }
        }
    }

    @Test func `data, URLs, UUIDs and optionals, also empty ones`() throws {
        struct All: Codable, Equatable {
            var data: Data?
            var none: Data?
            var url: URL?
            var uuid: UUID
            var text: String?
            var nested: [Int?]
        }
        let tilde = URL(string: "~")
        try check(All(data: Data(), url: tilde, uuid: UUID(), text: "", nested: [1, nil, 3]))
        try check(
            All(
                data: Data([0, 255, 62, 63]), url: URL(string: "https://é.example/a?b=c#d"), uuid: UUID(), text: "~",
                nested: []))
        try check(Data((0...255).map { UInt8($0) }))
        // Base64 that looks like a number, a word or null.
        for text in ["1234", "null", "true", "12e4", "0x12"] { try check(try #require(Data(base64Encoded: text))) }
        try check(nil as Int?)
        try check([:] as [String: Int])
        try check([] as [Int])
        try check([[], [[]], []] as [[[Int]]])
    }

    enum Shape: Codable, Equatable {
        case circle(radius: Double)
        case named(String, count: Int)
        case empty
        indirect case both(Shape, Shape)
    }

    class Animal: Codable {
        var name = "Rex"
        init() {}
    }

    final class Dog: Animal {
        var tricks = ["sit", "roll\nover"]
        override init() { super.init() }
        enum CodingKeys: String, CodingKey { case tricks }
        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            tricks = try container.decode([String].self, forKey: .tricks)
            try super.init(from: container.superDecoder())
        }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try super.encode(to: container.superEncoder())
            try container.encode(tricks, forKey: .tricks)
        }
    }

    @Test func `enums with associated values, and super encoders`() throws {
        try check(Shape.circle(radius: 0.1))
        try check([
            Shape.named("", count: 0), .empty, .both(.empty, .both(.circle(radius: -0.0), .named("x: y", count: 3))),
        ])
        let dog = Dog()
        dog.name = "yes"
        let read = try YAMLDecoder().decode(Dog.self, from: YAMLEncoder().encode(dog))
        #expect(read.name == "yes" && read.tricks == dog.tricks)
    }

    struct Point: Codable, Hashable {
        var x: Int
        var y: Int
    }

    enum Level: String, Codable, CodingKeyRepresentable { case low, high }

    @Test func `dictionaries with any keys`() throws {
        try check([1: "a", -2: "b"])
        try check([Point(x: 1, y: 2): 3, Point(x: 0, y: 0): 4])
        try check([Level.low: 1, .high: 2])
        try check([true: 1])
        try check([UUID(): ["a": [1.5: "b"]]])
    }

    /// Interleaved writing to two nested containers of one parent.
    struct Interleaved: Codable, Equatable {
        var left: [Int]
        var right: [Int]
        enum CodingKeys: String, CodingKey { case left, right, inner, after }

        init(left: [Int], right: [Int]) {
            self.left = left
            self.right = right
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            left = try container.decode([Int].self, forKey: .left)
            let inner = try container.nestedContainer(keyedBy: CodingKeys.self, forKey: .inner)
            right = try inner.decode([Int].self, forKey: .right)
            #expect(try container.decode(Int.self, forKey: .after) == 7)
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            var first = container.nestedUnkeyedContainer(forKey: .left)
            var inner = container.nestedContainer(keyedBy: CodingKeys.self, forKey: .inner)
            var second = inner.nestedUnkeyedContainer(forKey: .right)
            for index in 0..<max(left.count, right.count) {
                if index < left.count { try first.encode(left[index]) }
                if index < right.count { try second.encode(right[index]) }
            }
            try container.encode(7, forKey: .after)
        }
    }

    @Test func `nested containers are written to in any order`() throws {
        try check(Interleaved(left: [1, 2, 3], right: [4, 5]))
        try check([Interleaved(left: [], right: [1]), Interleaved(left: [1], right: [])])
    }

    @Test func `a nested container that is asked for again is the same`() throws {
        struct Shared: Encodable {
            enum CodingKeys: String, CodingKey { case list, map, one, two }
            func encode(to encoder: any Encoder) throws {
                for key in [CodingKeys.one, .two] {
                    var container = encoder.container(keyedBy: CodingKeys.self)
                    var list = container.nestedUnkeyedContainer(forKey: .list)
                    try list.encode(key.stringValue)
                    var map = container.nestedContainer(keyedBy: CodingKeys.self, forKey: .map)
                    try map.encode(1, forKey: key)
                }
            }
        }
        let text = "list:\n  - one\n  - two\nmap:\n  one: 1\n  two: 1\n"
        let json = JSONEncoder()
        json.outputFormatting = .sortedKeys
        let expected = try YAMLDecoder().decode(YAMLValue.self, from: json.encode(Shared()))
        #expect(try YAMLDecoder().decode(YAMLValue.self, from: text) == expected)
        #expect(try YAMLEncoder().encodeToString(Shared()) == text)
        // The second document's containers are not the first's.
        let documents = try YAMLEncoder().encodeDocuments([Shared(), Shared()])
        #expect(String(decoding: documents, as: UTF8.self) == "---\n\(text)---\n\(text)")
        /// Opens two containers of different kinds, or puts a value beside one.
        struct Clash: Encodable {
            var isValue: Bool
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Shared.CodingKeys.self)
                _ = container.nestedContainer(keyedBy: Shared.CodingKeys.self, forKey: .map)
                if isValue { try container.encode(1, forKey: .map) }
                _ = container.nestedUnkeyedContainer(forKey: .map)
            }
        }
        for isValue in [true, false] {
            #expect(throws: EncodingError.self) { try YAMLEncoder().encode(Clash(isValue: isValue)) }
        }
    }

    static let texts = [
        "", " ", "  ", "a", " a", "a ", "~", "null", "Null", "NULL", "yes", "No", "on", "OFF", "y", "N", "true",
        "False",
        "<<", "=", "1e3", "0o7", "0x1F", "0b1", "010", "1:30", "1_000", "+1", "-1", "-", "--", "---", "...", "....",
        ".5",
        "5.", ".", "..", ".inf", "-.INF", ".nan", "2020-01-01", "2020-01-01T00:00:00Z", "- a", "-a", "? a", "?a", "?",
        ":",
        ": a", ":a", "a: b", "a:b", "a:", "a #b", "a#b", "#a", "#", "[a", "a]", "{a", "a}", "a, b", ",", "&a", "*a",
        "!a",
        "!", "|", ">", "|-", "%a", "@a", "`a", "\"", "'", "\"a\"", "'a'", "it's", "\\", "a\\b", "\t", "a\tb", "\ta",
        "a\t",
        "\n", "\n\n", "a\n", "a\n\n", "a\n\n\n", "\na", "\n\na\n", "a\nb", "a\n\nb", " a\nb", "a\n b\n", "\ta\nb",
        "a\n\tb",
        "a \nb ", "a\n \nb", "a\n  ", "a\n\n  \n", " \na", "  \n  \n", "# a\n# b\n", "- a\n- b\n", "---\na\n...\n",
        "a: b\nc: d",
        "a\r\nb", "a\rb", "\r", "\u{0}", "a\u{0}b", "\u{1}", "\u{7}\u{8}\u{B}\u{C}\u{1B}\u{7F}", "\u{80}", "\u{85}",
        "a\u{85}b",
        "\u{9F}", "\u{A0}", "\u{A0}a", "\u{2028}", "a\u{2028}b\n", "\u{2029}", "\u{FEFF}", "a\u{FEFF}", "\u{FEFF}a\n",
        "\u{FFFE}",
        "\u{FFFF}", "\u{FFFD}", "\u{D7FF}", "\u{E000}", "\u{10000}", "\u{10FFFF}", "\u{1FFFE}", "😀", "a 😀 b", "😀\n👩‍👩‍👧\n",
        "é", "e\u{301}", "日本語\nテキスト\n", "مرحبا", "\u{200B}", "\u{202E}", "$HOME", "/a/b", "(a)", "a=b", "^a", ";a",
        "<a>",
        "https://example.com/?a=b&c=d#e", "C:\\dir", "12 34", "1.2.3", "123e4567-e89b-12d3-a456-426614174000",
        "Hello, world! How are you? [fine]", "key: [a, b]", "yamlAnchor", "yamlTag", "!!str a", "? a\n: b", "'\n\"",
        "a'b\nc",
    ]

    @Test func `every string as a value and as a key`() throws {
        for text in Self.texts { try check(text) }
        try check(Self.texts)
        for text in Self.texts { try check([text: text]) }
        try check([String(repeating: "k", count: 3000): 1, String(repeating: "\u{1}", count: 400): 2, "a": 3])
        try check([String(repeating: "😀", count: 1200): ["b": [1]]])
        // Keys that Swift takes for equal, but whose bytes differ, can't be in one dictionary; all others can.
        try check(Dictionary(Self.texts.map { ($0, $0) }, uniquingKeysWith: { first, _ in first }))
    }

    @Test func `every Unicode scalar, alone and in a text`() throws {
        var all: [String] = []
        for value in UInt32(0)...0x10FFFF where value < 0x3000 || value % 61 == 0 || value & 0xFFFE == 0xFFFE {
            guard let scalar = Unicode.Scalar(value) else { continue }
            all.append(String(scalar))
            all.append("a\(scalar)\nb")
        }
        let read = try YAMLDecoder().decode([String].self, from: YAMLEncoder().encode(all))
        #expect(read.count == all.count)
        #expect(zip(read, all).allSatisfy { $0.utf8.elementsEqual($1.utf8) })
    }

    @Test func `random strings of awkward pieces, as values and as keys`() throws {
        let pieces = [
            " ", "\n", "\t", "a", "bc", ":", ": ", " #", "#", "-", "- ", "?", "'", "\"", "\\", ",", "[", "]", "{", "}",
            "|", ">",
            "😀", "é", "\u{85}", "\r", "\u{FEFF}", "0", "1", ".", "e", "~", "...", "---", "long word", "%", "&", "*",
            "!", "=", "<<",
        ]
        var random = Seeded(state: 3)
        for _ in 0..<3000 {
            let length = Int.random(in: 0...12, using: &random)
            let text = (0..<length).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            let nested = [text: [[text, text], [text]]]
            for layout in Self.layouts {
                let data = try YAMLEncoder(options: layout).encode(nested)
                let read = try YAMLDecoder().decode([String: [[String]]].self, from: data)
                #expect(read == nested, "\(String(decoding: data, as: UTF8.self))")
                let root = try YAMLEncoder(options: layout).encode(text)
                #expect(
                    try YAMLDecoder().decode(String.self, from: root).utf8.elementsEqual(text.utf8),
                    "\(text.debugDescription)")
            }
        }
    }

    @Test func `a dynamic value comes back equal, with its order`() throws {
        let value = YAMLValue.mapping([
            .init("z", .int(1)), .init("a", .uint(.max)), .init("null", .null), .init("1", .string("1")),
            .init(
                "list", .array([.bool(true), .double(1), .double(-0.0), .array([]), .mapping([]), .string("x\ny\n")])),
        ])
        let text = try YAMLEncoder().encodeToString(value)
        #expect(try YAMLDecoder().decode(YAMLValue.self, from: text) == value)
        let json = try JSONEncoder().encode(value)
        #expect(try JSONDecoder().decode(YAMLValue.self, from: json)["list"]?[path: ["5"]] == .string("x\ny\n"))
    }

    @Test func `a dynamic value is edited by a path of keys`() throws {
        var value = try YAMLDecoder().decode(YAMLValue.self, from: "a: {b: [1, 2]}\n")
        value[path: ["a", "b", "1"]] = .string("x")
        value[path: ["a", "c", "d"]] = .bool(false)
        value[path: ["a", "b", "0"]] = nil
        // What is not there is not removed, whatever is there.
        for path in [["a", "b", "7", "x"], ["a", "b", "x"], ["a", "c", "d", "x"], ["a", "e", "x"], ["f"]] {
            value[path: path] = nil
        }
        #expect(try YAMLEncoder().encodeToString(value) == "a:\n  b:\n    - x\n  c:\n    d: false\n")
    }
}
