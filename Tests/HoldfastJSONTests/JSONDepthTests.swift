import Dispatch
import Foundation
import Holdfast
import HoldfastJSON
import Synchronization
import Testing

private var context: CodecContext { CodecContext(filename: "a.json") }

/// A chain that nests an array a level.
private indirect enum Chain: Codable, Equatable {
    case end
    case link(Chain)

    init(depth: Int) {
        self = .end
        for _ in 0..<depth { self = .link(self) }
    }

    init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        self = container.isAtEnd ? .end : .link(try container.decode(Chain.self))
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        if case .link(let next) = self { try container.encode(next) }
    }
}

/// A class that holds itself.
private final class Ring: Encodable {
    var next: Ring?
    enum Keys: String, CodingKey { case next }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        // Swallows the error, as some do.
        try? container.encode(next, forKey: .next)
    }
}

/// A value that adds a level to the stack but none to the text.
private final class Wrapped: Encodable {
    var inner: Wrapped?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(inner)
    }
}

@Suite struct `JSON's nesting` {
    @Test func `is limited alike for reading and writing`() throws {
        let codec = JSONCodec("a.json")
        let limit = codec.options.maximumDepth
        let deepest = Chain(depth: limit - 1)
        #expect(try codec.decode(Chain.self, from: codec.encode(deepest, in: context), in: context) == deepest)
        let error = try #require(throws: CodecError.self) { try codec.encode(Chain(depth: limit), in: context) }
        #expect(error.reason == "nested more than \(limit) deep, which is the limit")
        let text = Data((String(repeating: "[", count: limit + 1) + String(repeating: "]", count: limit + 1)).utf8)
        #expect(throws: CodecError.self) { try codec.validate(text, in: context) }
        #expect(throws: CodecError.self) { try codec.decode(JSONValue.self, from: text, in: context) }
        var value: JSONValue = []
        for _ in 0..<limit { value = [value] }
        #expect(throws: CodecError.self) { try codec.encode(value, in: context) }
    }

    @Test func `counts what Foundation writes without asking the value`() throws {
        func check<Value: Codable & Equatable>(_ value: Value, depth: Int) throws {
            var options = JSONOptions()
            options.data = .bytes
            options.maximumDepth = depth
            let codec = JSONCodec("a.json", options: options)
            #expect(try codec.decode(Value.self, from: codec.encode(value, in: context), in: context) == value)
            options.maximumDepth = depth - 1
            let shallow = JSONCodec("a.json", options: options)
            #expect(throws: CodecError.self) { try shallow.encode(value, in: context) }
        }
        try check(["a": ["x"]], depth: 2)
        try check([["a": "x"]], depth: 2)
        try check([["a": [1]]], depth: 3)
        try check([[[0.5]]], depth: 3)
        try check([Data([1])], depth: 2)
        let text = JSONCodec(
            "a.json",
            options: { () -> JSONOptions in
                var options = JSONOptions()
                options.maximumDepth = 1
                return options
            }())
        #expect(try text.decode([Data].self, from: text.encode([Data([1])], in: context), in: context) == [Data([1])])
    }

    @Test func `that has no end is an error`() throws {
        let ring = Ring()
        ring.next = ring
        #expect(throws: CodecError.self) { try JSONCodec("a.json").encode(ring, in: context) }
        ring.next = nil
        let wrapped = Wrapped()
        wrapped.inner = wrapped
        #expect(throws: CodecError.self) { try JSONCodec("a.json").encode(wrapped, in: context) }
        wrapped.inner = nil
    }

    @Test func `fits a thread with a stack of 512 KB`() throws {
        let outcome = Mutex<[String]>([])
        let finished = DispatchSemaphore(value: 0)
        let thread = Thread {
            let codec = JSONCodec("a.json")
            let limit = codec.options.maximumDepth
            do {
                for depth in [limit - 1, 1_000] {
                    do {
                        let bytes = try codec.encode(Chain(depth: depth), in: context)
                        let isSame = try codec.decode(Chain.self, from: bytes, in: context) == Chain(depth: depth)
                        outcome.withLock { $0.append(isSame ? "same" : "changed") }
                    } catch is CodecError {
                        outcome.withLock { $0.append("refused") }
                    }
                }
                var value: JSONValue = ["a": 1]
                for _ in 0..<limit - 1 { value = ["a": value] }
                let bytes = try codec.encode(value, in: context)
                let isSame = try codec.decode(JSONValue.self, from: bytes, in: context) == value
                outcome.withLock { $0.append(isSame ? "same" : "changed") }
                for depth in [500, 1_000_000] {
                    // Foundation alone would decode the first.
                    let brackets = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
                    do {
                        _ = try codec.decode(Chain.self, from: Data(brackets.utf8), in: context)
                    } catch is CodecError {
                        outcome.withLock { $0.append("refused") }
                    }
                }
            } catch {
                outcome.withLock { $0.append("\(error)") }
            }
            finished.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        finished.wait()
        #expect(outcome.withLock { $0 } == ["same", "refused", "same", "refused", "refused"])
    }

    @Test func `doesn't disturb a value's use of its coding path`() throws {
        struct Curious: Codable, Equatable {
            struct Inner: Codable, Equatable {
                var path = ""
                init() {}
                init(from decoder: any Decoder) throws { path = try decoder.singleValueContainer().decode(String.self) }
                func encode(to encoder: any Encoder) throws {
                    // Runs twice; what counts is that both see the same.
                    var container = encoder.singleValueContainer()
                    try container.encode(CodecError.describe(encoder.codingPath))
                    if encoder.codingPath.count != 2 { throw CancellationError() }
                }
            }
            var list = [Inner(), Inner()]
        }
        let codec = JSONCodec("a.json")
        let back = try codec.decode(Curious.self, from: codec.encode(Curious(), in: context), in: context)
        #expect(back.list.map(\.path) == ["list[0]", "list[1]"])
    }
}
