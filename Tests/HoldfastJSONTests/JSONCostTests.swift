import Foundation
import Holdfast
import HoldfastJSON
import HoldfastTesting
import Testing

/// Set to have the cost measured.
private let request = ProcessInfo.processInfo.environment["HOLDFAST_JSON_COST"]

/// What the codec costs over Foundation's coders; run on request, in release, on a quiet machine.
///
/// `HOLDFAST_JSON_COST=1 swift test -c release --filter JSONCostTests`, or with the path of a directory of
/// conversations instead of 1, whose `events.json` files are then measured too.
@Suite(.serialized, .enabled(if: request != nil, "set HOLDFAST_JSON_COST to run it"))
struct JSONCostTests {
    private struct Event: Codable {
        struct Call: Codable {
            var name: String
            var arguments: [String: String]
        }

        var id: String?
        var timestamp: String
        var role: String?
        var type: String?
        var content: String?
        var message: String?
        var tokens: Int?
        var calls: [Call]?
    }

    /// Some 10 MB of events as language models write them.
    private static func events() -> [Event] {
        var random = SeededGenerator(seed: 1)
        let words = [
            "the", "store", "naïve", "writes", "日本語", "a\n", "directory", "🧩", "\"quoted\"", "commit,", "ok.\n\n",
        ]
        return (0..<15_000).map { index in
            var text = ""
            let length = Int.random(in: 200...600, using: &random)
            while text.utf8.count < length { text += (words.randomElement(using: &random) ?? "") + " " }
            let call = Event.Call(name: "search", arguments: ["query": "term \(index)", "limit": "10"])
            return Event(
                id: "event-\(index)", timestamp: "2025-12-20T11:33:49.\(100_000 + index)Z",
                role: index % 2 == 0 ? "user" : "assistant", type: "chat", content: text, message: nil,
                tokens: index % 3 == 0 ? index : nil, calls: index % 4 == 0 ? [call, call] : nil)
        }
    }

    private static func seconds(_ body: () throws -> Void) throws -> Double {
        let duration = try ContinuousClock().measure(body)
        return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// Measures both in turns, and gives the median of the ratios.
    private static func ratio(
        of ours: () throws -> Void, to theirs: () throws -> Void
    ) throws -> (ratio: Double, theirs: Double) {
        var ratios: [Double] = []
        var times: [Double] = []
        for round in 0..<21 {
            let first = try seconds(round % 2 == 0 ? theirs : ours)
            let second = try seconds(round % 2 == 0 ? ours : theirs)
            let (own, foreign) = round % 2 == 0 ? (second, first) : (first, second)
            ratios.append(own / foreign)
            times.append(foreign)
        }
        return (median(ratios), median(times))
    }

    private static func report(_ name: String, _ files: [Data]) throws -> (decode: Double, encode: Double) {
        let codec = JSONCodec("events.json")
        let context = CodecContext(filename: "events.json")
        let megabytes = Double(files.reduce(0) { $0 + $1.count }) / 1e6
        let decoding = try ratio {
            for file in files { _ = try codec.decode([Event].self, from: file, in: context) }
        } to: {
            for file in files { _ = try JSONDecoder().decode([Event].self, from: file) }
        }
        let values = try files.map { try JSONDecoder().decode([Event].self, from: $0) }
        let encoding = try ratio {
            for value in values { _ = try codec.encode(value, in: context) }
        } to: {
            for value in values {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                _ = try encoder.encode(value)
            }
        }
        let dynamic = try ratio {
            for file in files { _ = try codec.decode(JSONValue.self, from: file, in: context) }
        } to: {
            for file in files { try codec.validate(file, in: context) }
        }
        func format(_ number: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", number) }
        print(
            """
            \(name), \(format(megabytes, 1)) MB
              decode     \(format(decoding.ratio, 3)) × Foundation (\(format(megabytes / decoding.theirs, 0)) MB/s)
              encode     \(format(encoding.ratio, 3)) × Foundation
              validate   \(format(megabytes / dynamic.theirs, 0)) MB/s
              JSONValue  \(format(megabytes / (dynamic.theirs * dynamic.ratio), 0)) MB/s
            """)
        return (decoding.ratio, encoding.ratio)
    }

    @Test func `costs little over Foundation on made events`() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let ratios = try Self.report("made events", [encoder.encode(Self.events())])
        #expect(ratios.decode < 1.15 && ratios.encode < 1.25)
    }

    @Test func `costs little over Foundation on real conversations`() throws {
        guard let root = request, FileManager.default.fileExists(atPath: root) else { return }
        let files = try FileManager.default.contentsOfDirectory(atPath: root).sorted()
            .compactMap { FileManager.default.contents(atPath: "\(root)/\($0)/events.json") }
        guard !files.isEmpty else { return }
        let ratios = try Self.report("\(files.count) conversations", files)
        #expect(ratios.decode < 1.15 && ratios.encode < 1.25)
    }
}
