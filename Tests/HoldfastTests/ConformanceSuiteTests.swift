import Foundation
import Holdfast
import HoldfastTesting
import Synchronization
import Testing

/// The suite for codecs finds each promise that a codec breaks.
@Suite struct ConformanceSuiteTests {
    /// Keeps all promises but one.
    private struct Breaking: ManagedFileCodec {
        enum Promise: String, CaseIterable {
            case none, noneButSlowly, roundTrip, stableBytes, sortedKeys, validation, anyBytes
        }

        let broken: Promise
        let format = "broken"
        let filenames: [FilenamePattern] = ["a.broken"]
        private static let calls = Mutex(0)

        func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
            let encoder = JSONEncoder()
            if broken != .sortedKeys { encoder.outputFormatting = .sortedKeys }
            var bytes = try encoder.encode([value])
            if broken == .stableBytes {
                // Another number of spaces at each call.
                let count = Self.calls.withLock {
                    $0 += 1
                    return $0
                }
                bytes.append(contentsOf: [UInt8](repeating: 0x20, count: count))
            }
            return bytes
        }

        func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
            var bytes = bytes
            if broken == .roundTrip, let place = bytes.firstIndex(of: UInt8(ascii: "1")) {
                bytes[place] = UInt8(ascii: "2")
            }
            // Takes its time with what is no JSON.
            if broken == .anyBytes, bytes.first != UInt8(ascii: "[") { Thread.sleep(forTimeInterval: 5) }
            if broken == .noneButSlowly { Thread.sleep(forTimeInterval: 0.001) }
            let values = try JSONDecoder().decode([Value].self, from: bytes)
            guard let value = values.first else { throw CodecError("expected a value") }
            return value
        }

        func validate(_ bytes: Data, in context: CodecContext) throws {
            if broken == .validation { return }
            _ =
                try JSONDecoder().decode([Anything].self, from: bytes).first
                ?? { throw CodecError("expected a value") }()
        }

        private struct Anything: Decodable {
            init(from decoder: any Decoder) throws {}
        }
    }

    @Test(arguments: [
        (Breaking.Promise.none, nil), (.noneButSlowly, nil), (.roundTrip, "1, round trip"), (.stableBytes, "2, "),
        (.validation, "3, validate"),
        (.anyBytes, "4, "),
    ])
    private func `of each promise`(broken: Breaking.Promise, complaint: String?) throws {
        var conformance = CodecConformance(Breaking(broken: broken), filename: "a.broken")
        // For each input; all of them together take the slow one longer.
        if broken == .anyBytes || broken == .noneButSlowly { conformance.patience = .seconds(2) }
        conformance.mutations = 50
        let samples = (1...4).map { ["key \($0)": [$0, 11, 1]] }
        guard let complaint else { return try conformance.check(samples) }
        let error = try #require(throws: CodecConformanceError.self) { try conformance.check(samples) }
        #expect("\(error)".contains("- \(complaint)"), "\(error)")
    }

    /// Keeps its promises for one type.
    private struct OneType: ManagedFileCodec {
        struct Row: Codable, Equatable {
            var name: String
        }

        struct WrongType: Error {}

        let format = "rows"
        let filenames: [FilenamePattern] = ["a.rows"]

        func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
            guard let row = value as? Row, !row.name.contains("\n") else { throw WrongType() }
            return Data("\(row.name)\n".utf8)
        }

        func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
            try validate(bytes, in: context)
            let row = Row(name: String(decoding: bytes.dropLast(), as: UTF8.self))
            guard let value = row as? Value else { throw WrongType() }
            return value
        }

        func validate(_ bytes: Data, in context: CodecContext) throws {
            guard bytes.last == 0x0A, bytes.dropLast().firstIndex(of: 0x0A) == nil else {
                throw CodecError("expected one line")
            }
        }
    }

    @Test func `a codec of one type passes with values of that type, and none with no values`() throws {
        let conformance = CodecConformance(OneType(), filename: "a.rows")
        try conformance.check([OneType.Row(name: "a"), OneType.Row(name: "")])
        #expect(throws: CodecConformanceError.self) { try conformance.check([OneType.Row]()) }
        #expect(throws: CodecConformanceError.self) { try conformance.check() }
    }

    @Test func `a dictionary's order in the bytes is found`() throws {
        var conformance = CodecConformance(Breaking(broken: .sortedKeys), filename: "a.broken")
        conformance.mutations = 0
        let error = try #require(throws: CodecConformanceError.self) { try conformance.check() }
        #expect(error.failures.contains { $0.contains("where its dictionaries have another order") })
    }

    @Test func `a negative number of mutations is none`() throws {
        var conformance = CodecConformance(Breaking(broken: .none), filename: "a.broken")
        conformance.mutations = -1
        try conformance.check([["key": 1]])
    }
}
