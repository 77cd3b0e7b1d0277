import Foundation
import HoldfastYAML
import Synchronization
import Testing

/// Any bytes give a value or an error, on any stack; GrowthTests has the time that it takes.
@Suite(.serialized) struct HostileInputTests {
    /// Reads bytes in every way; true where they are well-formed.
    @discardableResult
    static func read(_ data: Data, _ options: YAMLDecodingOptions = YAMLDecodingOptions()) -> Bool {
        let decoder = YAMLDecoder(options: options)
        let isValid = (try? decoder.validate(data)) != nil
        let values = try? decoder.decodeDocuments(YAMLValue.self, from: data)
        _ = try? decoder.decode([String: [String]].self, from: data)
        _ = try? decoder.decode([Int: Double].self, from: data)
        if let values { _ = try? YAMLEncoder().encode(values) }
        return isValid
    }

    /// Runs on a thread with a stack of a given size.
    static func onThread(stack: Int, _ body: @escaping @Sendable () -> Void) {
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            body()
            done.signal()
        }
        thread.stackSize = stack
        thread.start()
        done.wait()
    }

    static let everything: YAMLDecodingOptions = {
        var options = YAMLDecodingOptions()
        options.schema = .yaml11
        options.mergeKeys = true
        options.unknownTags = .ignore
        return options
    }()

    @Test func `an alias bomb is refused`() throws {
        var text = "a: &a [x,x,x,x,x,x,x,x,x]\n"
        for (name, previous) in zip("bcdefghij", "abcdefghi") {
            let aliases = Array(repeating: "*\(previous)", count: 9).joined(separator: ",")
            text += "\(name): &\(name) [\(aliases)]\n"
        }
        #expect(!Self.read(Data(text.utf8)))
        let error = #expect(throws: DecodingError.self) { try YAMLDecoder().decode(YAMLValue.self, from: text) }
        #expect("\(String(describing: error))".contains("aliases"))
    }

    @Test func `a merge-key bomb is refused`() throws {
        var text = "a: &a {k1: 1, k2: 2, k3: 3}\n"
        for (name, previous) in zip("bcdefghijklmnop", "abcdefghijklmno") {
            let aliases = Array(repeating: "*\(previous)", count: 9).joined(separator: ",")
            text += "\(name): &\(name)\n  <<: [\(aliases)]\n"
        }
        #expect(!Self.read(Data(text.utf8), Self.everything))
    }

    @Test func `many aliases of a long text are refused before they take memory`() throws {
        let text =
            "a: &a \(String(repeating: "x", count: 200_000))\nb: ["
            + String(repeating: "*a,", count: 20_000) + "]\n"
        let error = #expect(throws: DecodingError.self) {
            try YAMLDecoder().decode([String: YAMLValue].self, from: Data(text.utf8))
        }
        #expect("\(String(describing: error))".contains("aliases"))
        let few = text.replacing(String(repeating: "*a,", count: 19_900), with: "")
        struct Texts: Decodable { var b: [String] }
        #expect(try YAMLDecoder().decode(Texts.self, from: Data(few.utf8)).b.count == 100)
    }

    @Test func `aliases without a limit end in an error, not in an overflow`() {
        let lines = (1..<80).map { "- &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }
        var decoder = YAMLDecoder()
        decoder.limits.aliasExpansion = .max
        let error = #expect(throws: (any Error).self) {
            try decoder.validate(Data(("- &a0 [x]\n" + lines.joined()).utf8))
        }
        #expect(error.map { "\($0)" }?.contains("aliases") == true)
    }

    @Test func `the error of a value that nests too deep can be printed`() {
        struct Record: Encodable { var next: [Record] }
        let isPrinted = Atomic(false)
        Self.onThread(stack: 512 << 10) {
            var record = Record(next: [])
            for _ in 0..<600 { record = Record(next: [record]) }
            do {
                _ = try YAMLEncoder().encode(record)
            } catch {
                isPrinted.store("\(error)".contains("nested deeper"), ordering: .relaxed)
            }
        }
        let result = isPrinted.load(ordering: .relaxed)
        #expect(result)
    }

    @Test func `aliases within the limit are resolved`() throws {
        let text = "base: &b {x: 1}\nall: [*b, *b]\n"
        let value = try YAMLDecoder().decode([String: YAMLValue].self, from: text)
        #expect(value["all"] == .array([.mapping([.init("x", .int(1))]), .mapping([.init("x", .int(1))])]))
        #expect(
            try YAMLDecoder().decode([String: Int].self, from: "k: &v 1\nl: *v\n&a m: 2\n") == ["k": 1, "l": 1, "m": 2])
        #expect(throws: DecodingError.self) { try YAMLDecoder().decode(YAMLValue.self, from: "&a k: 1\n*a : 2\n") }
    }

    @Test func `numbers that overflow are errors`() {
        let text = "1:" + Array(repeating: "59", count: 30).joined(separator: ":")
        Self.read(Data(text.utf8), Self.everything)
        var options = Self.everything
        options.mergeKeys = false
        #expect(throws: DecodingError.self) { try YAMLDecoder(options: options).decode(Int.self, from: text) }
        #expect(throws: DecodingError.self) { try YAMLDecoder().decode(Int.self, from: "9223372036854775808") }
        #expect(throws: DecodingError.self) { try YAMLDecoder().decode(Double.self, from: "1e999") }
        #expect(throws: DecodingError.self) { try YAMLDecoder().decode(UInt.self, from: "-1") }
    }

    @Test(arguments: ["[", "{", "- ", "? ", "{a: ", "[[a]: ", "- - ", "!!seq [", "&a ["])
    func `deep nesting is an error, on a small stack too`(opening: String) {
        for depth in [400, 600, 20_000, 100_000] {
            let data = Data(String(repeating: opening, count: depth).utf8)
            // Dashes need no end.
            let isWellFormed = depth < 512 && (opening == "- " || opening == "? ")
            let isRead = Atomic(false)
            Self.onThread(stack: 512 << 10) { isRead.store(Self.read(data), ordering: .relaxed) }
            let result = isRead.load(ordering: .relaxed)
            #expect(result == isWellFormed, "\(depth) times \(opening)")
        }
    }

    @Test func `balanced nesting within the limit is read where the stack allows`() throws {
        for depth in [10, 100, 400, 511] {
            let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            #expect(try YAMLDecoder().decode(YAMLValue.self, from: text) != .null)
            Self.onThread(stack: 512 << 10) { Self.read(Data(text.utf8)) }
        }
    }

    /// A value that nests itself.
    final class Chain: Codable {
        var next: Chain?
        init(_ depth: Int) {
            var link: Chain?
            for _ in 1..<depth {
                let outer = Chain(next: link)
                link = outer
            }
            next = link
        }
        init(next: Chain?) { self.next = next }
        deinit {
            // Links are released one by one: a recursive release would overflow the stack by itself.
            var link = next
            next = nil
            while isKnownUniquelyReferenced(&link), let inner = link?.next {
                link?.next = nil
                link = inner
            }
        }
    }

    @Test func `encoding deeply nested values is an error, on a small stack too`() throws {
        #expect(throws: EncodingError.self) { try YAMLEncoder().encode(Chain(5000)) }
        _ = try YAMLEncoder().encode(Chain(300))
        var unlimited = YAMLEncoder()
        unlimited.limits = YAMLLimits(depth: .max)
        let encoder = unlimited
        Self.onThread(stack: 512 << 10) {
            #expect(throws: EncodingError.self) { try encoder.encode(Chain(50_000)) }
            #expect(throws: EncodingError.self) { try YAMLEncoder().encode(Chain(5000)) }
        }
        var text = ""
        for depth in 0..<500 { text += String(repeating: " ", count: depth) + "next:\n" }
        let data = Data(text.utf8)
        _ = try YAMLDecoder().decode(Chain.self, from: data)
        Self.onThread(stack: 512 << 10) { _ = try? YAMLDecoder().decode(Chain.self, from: data) }
    }

    @Test func `what is written is not too deep to be read`() throws {
        func nested(_ depth: Int) -> YAMLValue {
            (1..<depth).reduce(YAMLValue.array([])) { inner, level in
                level % 2 == 0 ? .array([inner]) : .mapping([.init("k", inner)])
            }
        }
        let deepest = nested(512)
        #expect(try YAMLDecoder().decode(YAMLValue.self, from: YAMLEncoder().encode(deepest)) == deepest)
        #expect(throws: EncodingError.self) { try YAMLEncoder().encode(nested(513)) }
        /// Opens its containers without writing to them.
        struct Opened: Encodable {
            var depth: Int
            func encode(to encoder: any Encoder) throws {
                var container = encoder.unkeyedContainer()
                for _ in 1..<depth { container = container.nestedUnkeyedContainer() }
            }
        }
        _ = try YAMLEncoder().encode(Opened(depth: 512))
        #expect(throws: EncodingError.self) { try YAMLEncoder().encode(Opened(depth: 513)) }
    }

    @Test func `limits on bytes, scalars and depth`() throws {
        var decoder = YAMLDecoder()
        decoder.limits = YAMLLimits(depth: 3, bytes: 100, scalarBytes: 10, aliasExpansion: 1)
        _ = try decoder.decode(YAMLValue.self, from: "[[[1]]]")
        #expect(throws: DecodingError.self) { try decoder.decode(YAMLValue.self, from: "[[[[1]]]]") }
        #expect(throws: DecodingError.self) { try decoder.decode(YAMLValue.self, from: "&a [[1]]: [[*a]]") }
        #expect(throws: DecodingError.self) { try decoder.decode(YAMLValue.self, from: "12345678901") }
        #expect(throws: DecodingError.self) {
            try decoder.decode(YAMLValue.self, from: String(repeating: "a\n", count: 51))
        }
    }

    @Test func `seeded mutations never trap or hang`() throws {
        let isLong = ProcessInfo.processInfo.environment["HOLDFAST_LONG"] == "1"
        var seeds = FidelityTests.texts.map { Data($0.utf8) }
        if ConformanceTests.folder != nil { seeds += try ConformanceTests.cases().map(\.input) }
        seeds.append(try YAMLEncoder().encode(FidelityTests.texts))
        var random = FidelityTests.Seeded(state: 4)
        let pieces = [
            "\n", " ", "  ", "\t", "- ", ": ", ":", "? ", "[", "]", "{", "}", ",", "&a ", "*a", "!!str ", "!", "|", ">",
            "|+2", "\"", "'",
            "#", " #", "%TAG ! a\n", "%YAML 1.1\n", "---", "...", "<<: *a\n", "\\x", "\u{85}", "\u{FEFF}", "😀", "1:59",
            "0x", "~", "\r\n",
        ]
        var valid = 0
        let total = isLong ? 1_000_000 : 20_000
        for number in 0..<total {
            var bytes = Array(seeds.randomElement(using: &random) ?? Data())
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                case 1: if place < bytes.count { bytes.remove(at: place) }
                case 2: bytes.insert(contentsOf: (pieces.randomElement(using: &random) ?? "").utf8, at: place)
                case 3: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
                default:
                    let end = Int.random(in: place...bytes.count, using: &random)
                    bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
                }
                if bytes.count > 4000 { bytes.removeLast(bytes.count - 4000) }
            }
            let data = Data(bytes)
            let options = number % 2 == 0 ? YAMLDecodingOptions() : Self.everything
            let decoder = YAMLDecoder(options: options)
            guard Self.read(data, options) else {
                #expect(throws: (any Error).self) { try decoder.decodeDocuments(YAMLValue.self, from: data) }
                continue
            }
            valid += 1
            // What can be read is written so that it reads back the same.
            guard let values = try? decoder.decodeDocuments(YAMLValue.self, from: data) else { continue }
            let written = try YAMLEncoder().encode(values)
            let again = try YAMLDecoder().decode([YAMLValue].self, from: written)
            let same = try YAMLEncoder().encode(again)
            #expect(same == written, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
        }
        print("mutations: \(total), well-formed \(valid), refused \(total - valid), crashed 0")
    }
}
