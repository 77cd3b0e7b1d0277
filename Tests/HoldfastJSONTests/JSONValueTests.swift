import FoundationEssentials
import Holdfast
import HoldfastJSON
import HoldfastTesting
import Testing

private var context: CodecContext { CodecContext(filename: "a.json") }
private let codec = JSONCodec("a.json")

private func value(_ text: String) throws -> JSONValue {
    try codec.decode(JSONValue.self, from: Data(text.utf8), in: context)
}

@Suite struct `A dynamic JSON value` {
    @Test func `keeps numbers, key order and unknown keys through a file`() throws {
        let text = """
            {
              "z" : 1.10,
              "a" : 1e400,
              "m" : [
                12345678901234567890123,
                -0,
                1E+2,
                0.1000
              ],
              "text" : "tab\\t \\u0001 \\"q\\" é 🧩 /",
              "empty" : {

              },
              "none" : [

              ]
            }

            """
        let read = try value(text)
        #expect(String(decoding: try codec.encode(read, in: context), as: UTF8.self) == text)
        #expect(read.object?.keys == ["z", "a", "m", "text", "empty", "none"])
        let listed = try codec.encode([read, 1], in: context)
        #expect(try codec.decode([JSONValue].self, from: listed, in: context) == [read, 1])
        let named = try codec.encode(["b": read, "a": 2], in: context)
        #expect(try codec.decode([String: JSONValue].self, from: named, in: context) == ["a": 2, "b": read])
        #expect(try codec.decode(JSONObject.self, from: Data(text.utf8), in: context) == read.object)
    }

    @Test func `is written like Foundation writes everything else`() throws {
        struct Sample: Codable {
            var a: [Int] = [1, -2]
            var b: [String: Int] = [:]
            var c = ["x": ["y": [true, false]]]
            var d = "q\" \\ / \u{8}\u{C}\n\r\t\u{1F}\u{7F} é 🧩 \u{2028}"
            var e: [[Int]] = [[]]
            var f = 0.5
        }
        for pretty in [true, false] {
            for escapes in [true, false] {
                var options = JSONOptions()
                options.isPrettyPrinted = pretty
                options.escapesSlashes = escapes
                let codec = JSONCodec("a.json", options: options)
                let bytes = try codec.encode(Sample(), in: context)
                let dynamic = try codec.decode(JSONValue.self, from: bytes, in: context)
                #expect(try codec.encode(dynamic, in: context) == bytes)
            }
        }
    }

    @Test func `reads every escape`() throws {
        #expect(try value(#""\"\\\/\b\f\n\r\t\u0041\u00e9\u65e5\ud83e\udde9""#) == "\"\\/\u{8}\u{C}\n\r\tAé日🧩")
    }

    @Test func `is equal by value, whatever the keys' order`() throws {
        #expect(try value(#"{"a":1,"b":[2]}"#) == value(#"{ "b" : [2], "a" : 1 }"#))
        #expect(try value(#"{"a":1,"b":[2]}"#).hashValue == value(#"{ "b" : [2], "a" : 1 }"#).hashValue)
        #expect(try value("1.0") != value("1"))
        #expect(try value(#""é""#) != value(#""e\u0301""#))
        // Two keys for JSON, one for `String`.
        let both = try value("{\"é\":1,\"e\u{301}\":2}")
        #expect(both["é"] == 1 && both["e\u{301}"] == 2)
    }

    @Test func `can be edited in place`() throws {
        var object: JSONValue = ["a": 1, "b": ["c": true]]
        object["a"] = "one"
        object["b"]?["d"] = nil
        object["b"]?["e"] = []
        object["z"] = 3
        object["a2"] = nil
        #expect(object == ["a": "one", "b": ["c": true, "e": []], "z": 3])
        object["a"]?["x"] = nil
        object["b"]?["e"]?["x"] = nil
        #expect(object["a"] == "one" && object["b"]?["e"] == [])
        object["b"] = nil
        #expect(object.object?.keys == ["a", "z"])
        var many = JSONObject()
        for index in 0..<100 { many["key \(index)"] = .number(JSONNumber(index)) }
        many["key 3"] = nil
        many["key 50"] = "fifty"
        #expect(many.count == 99 && many["key 99"] == 99 && many["key 3"] == nil && many["key 50"] == "fifty")
    }

    @Test func `says what it found where a type asks for another kind`() throws {
        let error = try #require(throws: CodecError.self) {
            try codec.decode([JSONObject].self, from: Data("[{},\n 7]".utf8), in: context)
        }
        #expect(error.description == "line 2, column 2, at [1]: expected an object, found a number")
    }

    struct Holder: Codable, Equatable {
        var extra: JSONValue
    }

    @Test(arguments: [
        "0", "1", "-1", "18446744073709551615", "0.1", "-0.5", "1e300", "-1e300", "123456789.123456789123456789",
        "1.5e-9", "5e-324", "4503599627370497.50000000000001", "0.99999999999999999999999", "-0", "-0.0",
        "99999999999999999999999999999999999999", "1e60", "-1.5e99",
        "111.999999999999999999999999999999999999", "1e127", "1e-128", "0.1e-127",
        "1000000000000000000000000000000000000000000000000000000", "1.00000000000000000000000000000000000000000000000",
    ])
    func `inside another type keeps a number's value`(text: String) throws {
        let holder = Holder(extra: try value(text))
        let bytes = try codec.encode(holder, in: context)
        let exact = try codec.decode(JSONValue.self, from: bytes, in: context)
        let written = try #require(exact["extra"]?.number)
        #expect(try written.isEqualInValue(to: #require(JSONNumber(text))))
        let back = try #require(try codec.decode(Holder.self, from: bytes, in: context).extra.number)
        #expect(back.isEqualInValue(to: written), "\(text) became \(back)")
        let read = try codec.decode(Holder.self, from: Data("{\"extra\":\(text)}".utf8), in: context)
        let number = try #require(read.extra.number)
        #expect(try number.isEqualInValue(to: #require(JSONNumber(text))), "\(text) became \(number)")
        for number in [written, back, number] { #expect(number.description.hasPrefix("-") == text.hasPrefix("-")) }
    }

    @Test(arguments: [
        "1e400", "0.12345678901234567890123456789012345678901234567890", "1E-400", "-1e-999", "1.5e-324", "4e-324",
        "12345678901234567890.0000000000000000000001", "0.99999999999999999999999999999999999999999999999999",
        "340282366920938463463374607431768211457", "1.00000000000000000000000000001e-200",
        "-1.2345678901234567890e200",
    ])
    func `inside another type refuses to round`(text: String) throws {
        let holder = Holder(extra: try value(text))
        #expect(throws: CodecError.self) { try codec.encode(holder, in: context) }
        #expect(throws: CodecError.self) {
            try codec.decode(Holder.self, from: Data("{\"extra\":\(text)}".utf8), in: context)
        }
    }

    @Test func `inside another type, a number that would be rounded does not stand in others' way`() throws {
        struct Mixed: Codable {
            var double: Double
            var extra: JSONValue
        }
        let text = "{\"double\":0.99999999999999999999999999999999999999999999999999,\"extra\":[1,0,-0,1e300,5e-324]}"
        let read = try codec.decode(Mixed.self, from: Data(text.utf8), in: context)
        #expect(read.double == 1)
        #expect(read.extra.array?.compactMap(\.number?.description) == ["1", "0", "-0", "1e+300", "5e-324"])
    }

    @Test func `inside another type refuses to round in a long text, too`() throws {
        let holders = String(repeating: "{\"extra\":[1.5,-0,1e300]},", count: 5_000)
        #expect(
            try codec.decode([Holder].self, from: Data("[\(holders){\"extra\":1}]".utf8), in: context).count == 5_001)
        let error = try #require(throws: CodecError.self) {
            let text = "[\(holders){\"extra\":12345678901234567890.0000000000000000000001}]"
            _ = try codec.decode([Holder].self, from: Data(text.utf8), in: context)
        }
        #expect(error.codingPath == "[5000].extra")
    }

    @Test func `of any decoder refuses what Foundation's would round to an integer`() throws {
        for text in ["4503599627370497.50000000000001", "1E-400", "-0", "18446744073709551615", "7", "1e60"] {
            let number = try #require(JSONNumber(text))
            let read = try? JSONDecoder().decode(Holder.self, from: Data("{\"extra\":\(text)}".utf8)).extra.number
            #expect(read.map { $0.isEqualInValue(to: number) } ?? (text == "1E-400"))
        }
    }

    @Test func `inside another type keeps everything else`() throws {
        let holder = Holder(extra: ["a": [nil, true, "x", ["b": [:]]], "c": []])
        #expect(try codec.decode(Holder.self, from: codec.encode(holder, in: context), in: context) == holder)
    }
}

@Suite struct `A JSON number` {
    @Test func `is only what RFC 8259 allows`() {
        for text in ["0", "-0", "10", "1.5", "1e5", "1E-5", "-1.50e+07", "0.0"] {
            #expect(JSONNumber(text)?.description == text)
        }
        for text in ["", "-", "01", "1.", ".5", "+1", "1e", "0x1", "1 ", " 1", "NaN", "inf", "1,5", "１"] {
            #expect(JSONNumber(text) == nil, "\(text)")
        }
    }

    @Test func `converts without surprises`() throws {
        #expect(JSONNumber(0.1)?.description == "0.1" && JSONNumber(2.0)?.description == "2")
        #expect(JSONNumber(Double.nan) == nil && JSONNumber(-Double.infinity) == nil)
        #expect(JSONNumber("7")?.int == 7 && JSONNumber("7.0")?.int == nil)
        #expect(JSONNumber("18446744073709551615")?.uint64 == .max)
        #expect(JSONNumber("1e400")?.double == .infinity)
        #expect(JSONNumber("0.1")?.decimal == Decimal(string: "0.1"))
        #expect(JSONNumber("1e400")?.decimal == nil)
        for (a, b, equal) in [
            ("1", "1.0", true), ("10", "1e1", true), ("0.001", "1E-3", true), ("-0", "0", true), ("1", "-1", false),
            ("1", "10", false), ("1e999999999999999999999", "1e2", false),
        ] {
            #expect(try #require(JSONNumber(a)).isEqualInValue(to: #require(JSONNumber(b))) == equal)
        }
    }
}

@Suite struct `A date in JSON` {
    private func roundTrip(_ date: Date) throws -> Date {
        try codec.decode([Date].self, from: codec.encode([date], in: context), in: context)[0]
    }

    @Test func `comes back bit for bit`() throws {
        var random = SeededGenerator(seed: 3)
        var intervals: [Double] = [
            0, -0.0, 1e-300, -1e-300, 0.1, -0.1, 1e300, -1e300, .leastNonzeroMagnitude, 63_113_904_000, -63_114_076_800,
            252_423_993_599.99997, -63_145_526_400, -63_145_526_400.00001, 252_423_993_600, 1e-10, -1e-9,
        ]
        for _ in 0..<20_000 {
            intervals.append(Double.random(in: -7e10...3e11, using: &random))
            intervals.append(Double.random(in: 5e8...9e8, using: &random))
            intervals.append((Double.random(in: -1e9...1e9, using: &random) * 1_000).rounded() / 1_000)
        }
        for start in stride(from: 0, to: intervals.count, by: 10_000) {
            let dates = intervals[start..<min(start + 10_000, intervals.count)].map(
                Date.init(timeIntervalSinceReferenceDate:))
            let back = try codec.decode([Date].self, from: codec.encode(dates, in: context), in: context)
            for (a, b) in zip(dates, back) {
                #expect(
                    a.timeIntervalSinceReferenceDate.bitPattern == b.timeIntervalSinceReferenceDate.bitPattern,
                    "\(a.timeIntervalSinceReferenceDate)")
            }
        }
        #expect(try roundTrip(.distantPast) == .distantPast && roundTrip(.distantFuture) == .distantFuture)
    }

    @Test func `reads as a person expects`() throws {
        let dates = [
            Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 1_700_000_000.5), .distantPast, .distantFuture,
            Date(timeIntervalSinceReferenceDate: -0.25), Date(timeIntervalSince1970: 1_709_210_096),
        ]
        let text = try codec.decode([String].self, from: codec.encode(dates, in: context), in: context)
        #expect(
            text == [
                "1970-01-01T00:00:00Z", "2023-11-14T22:13:20.5Z", "0000-12-30T00:00:00Z", "4001-01-01T00:00:00Z",
                "2000-12-31T23:59:59.75Z", "2024-02-29T12:34:56Z",
            ])
    }

    @Test(arguments: [
        ("\"2024-02-29T12:34:56Z\"", 1_709_210_096), ("\"2024-02-29t14:34:56.000+02:00\"", 1_709_210_096),
        ("\"2024-02-29 07:04:56-0530\"", 1_709_210_096), ("730902896", 1_709_210_096),
        ("\"2024-02-29T12:34:56,5z\"", 1_709_210_096.5), ("\"2024-02-29T12:34:56-00:00\"", 1_709_210_096),
    ])
    func `is read from other forms too`(text: String, seconds: Double) throws {
        let date = try codec.decode(Date.self, from: Data(text.utf8), in: context)
        #expect(date == Date(timeIntervalSince1970: seconds))
    }

    @Test(arguments: [
        "\"2024-02-30T00:00:00Z\"", "\"2024-13-01T00:00:00Z\"", "\"2024-02-29\"", "\"2024-02-29T12:34:56\"",
        "\"2024-02-29T24:00:00Z\"", "\"2024-02-29T12:34:60Z\"", "\"2024-02-29T12:34Z\"",
        "\"2024-02-29T12:34:56+02\"", "\"20240229T123456Z\"", "\"2024-W09-4T12:34:56Z\"", "\"2024-060T12:34:56Z\"",
        "\"yesterday\"", "\"\"", "\"2024-02-29T12:34:56Zx\"", "true", "[]",
    ])
    func `is refused where it is none`(text: String) throws {
        #expect(throws: CodecError.self) { try codec.decode(Date.self, from: Data(text.utf8), in: context) }
    }

    @Test func `follows the other strategies`() throws {
        var options = JSONOptions()
        let date = Date(timeIntervalSince1970: 1_700_000_000)
        let expected: [(JSONOptions.DateStrategy, String)] = [
            (.secondsSinceReferenceDate, "721692800\n"), (.secondsSince1970, "1700000000\n"),
            (.millisecondsSince1970, "1700000000000\n"), (.iso8601, "\"2023-11-14T22:13:20Z\"\n"),
            (.custom(encode: { _, encoder in try "today".encode(to: encoder) }, decode: { _ in date }), "\"today\"\n"),
        ]
        for (strategy, text) in expected {
            options.dates = strategy
            let codec = JSONCodec("a.json", options: options)
            let bytes = try codec.encode(date, in: context)
            #expect(String(decoding: bytes, as: UTF8.self) == text)
            #expect(try codec.decode(Date.self, from: bytes, in: context) == date)
        }
    }

    @Test func `keeps numbers in optionals too`() throws {
        let codec = JSONCodec("a.json")
        let context = CodecContext(filename: "a.json")
        let value = try codec.decode(
            [String: JSONValue?]?.self, from: Data("{\"b\":1.10,\"a\":null}".utf8), in: context)
        let text = String(decoding: try codec.encode(value, in: context), as: UTF8.self)
        #expect(text.contains("1.10") && text.contains("\"a\" : null"))
    }
}
