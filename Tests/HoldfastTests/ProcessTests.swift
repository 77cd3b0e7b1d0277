import Foundation
import Holdfast
import HoldfastTesting
import Testing

/// Several processes at once, and processes that are killed.
@Suite(.serialized) struct ProcessTests {
    /// A child process and what it prints.
    private struct Worker {
        let process = Process()
        let output = Pipe()

        init(
            _ role: String, _ store: TemporaryStore, _ documents: String, seconds: Double, _ withheld: String = "",
            _ durability: String = "process-crash"
        ) throws {
            // The tests' own executable lies beside those of the package.
            let folder = try #require(Bundle.main.executableURL).deletingLastPathComponent()
            process.executableURL = folder.appending(path: "store-worker")
            process.arguments = [role, store.path, documents, "\(seconds)", withheld, durability]
            process.standardOutput = output
            try process.run()
        }

        func finish() throws -> String {
            let data = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return String(decoding: data, as: UTF8.self)
        }
    }

    private func counters(_ store: TemporaryStore, _ document: String) throws -> (a: Int, single: Int) {
        func read(_ name: String) throws -> Int { Int(try store.read("\(document)/\(name).count")) ?? -1 }
        #expect(try read("a") == read("b"))
        return (try read("a"), try read("single"))
    }

    private func start(_ store: TemporaryStore, _ documents: [String]) throws {
        for document in documents {
            for name in ["a", "b", "single"] { try store.write("0", to: "\(document)/\(name).count") }
            try store.write("a question", to: "\(document)/QUERY_MESSAGE.md")
            try store.write("deep", to: "\(document)/files/deep/file.txt")
        }
    }

    @Test(arguments: ["", "exchange"])
    func `writers, readers and openers in processes of their own lose and mix nothing`(withheld: String) throws {
        let store = try TemporaryStore()
        let documents = ["P", "Q", "R"]
        try start(store, documents)
        let list = documents.joined(separator: ",")
        var (saves, snapshots, openings) = (0, 0, 0)
        // A slow machine, or a slow file system, takes more rounds to meet often enough.
        for _ in 0..<20 where saves <= 100 || snapshots <= 100 {
            let writers = try (0..<4).map { _ in try Worker("writer", store, list, seconds: 3, withheld) }
            let readers = try (0..<4).map { _ in try Worker("reader", store, list, seconds: 3, withheld) }
            let opener = try Worker("opener", store, list, seconds: 3, withheld)
            for writer in writers { saves += try finish(writer).split(separator: "\n").count }
            for reader in readers { snapshots += try number(finish(reader)) }
            openings += try number(finish(opener))
        }
        let total = try documents.reduce(0) { sum, document in
            let (a, single) = try counters(store, document)
            #expect(try store.read("\(document)/QUERY_MESSAGE.md") == "a question")
            return sum + a + single
        }
        #expect(total == saves)
        #expect(try store.remnants().isEmpty)
        #expect(saves > 100 && snapshots > 100)
        print(
            "processes (\(withheld.isEmpty ? "exchange" : "two renames")): \(saves) saves, \(snapshots) snapshots,",
            "\(openings) openings, 0 lost")
    }

    private func finish(_ worker: Worker) throws -> String {
        let output = try worker.finish()
        #expect(worker.process.terminationStatus == 0, "\(output.suffix(300))")
        return output
    }

    private func number(_ output: String) throws -> Int {
        try #require(Int(output.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    /// How many kills: a hundred for each way to swap, or what the environment asks for.
    private static let kills = ProcessInfo.processInfo.environment["HOLDFAST_KILLS"].flatMap { Int($0) } ?? 100

    @Test(arguments: ["", "exchange", "exchange,link,clone"])
    func `writers killed at random moments leave whole documents`(withheld: String) throws {
        let store = try TemporaryStore()
        try start(store, ["P", "Q"])
        var random = SeededGenerator(seed: 0x5EED)
        var remnants = 0
        var kills = 0
        // More where none has hit yet.
        while kills < Self.kills || (remnants == 0 && kills < 10 * Self.kills) {
            let worker = try Worker("writer", store, "P,Q", seconds: 60, withheld)
            // It has begun to save when its first line is there.
            let first = worker.output.fileHandleForReading.availableData
            usleep(UInt32.random(in: 0..<6_000, using: &random))
            kill(worker.process.processIdentifier, SIGKILL)
            let output = String(decoding: first, as: UTF8.self) + (try worker.finish())
            #expect(worker.process.terminationReason == .uncaughtSignal)
            kills += 1
            if try !store.remnants().isEmpty { remnants += 1 }
            let report = try DocumentStore.open(
                at: store.path, codecs: CodecRegistry(CounterFiles()), options: store.options
            ).recoveryReport
            #expect(report.isComplete)
            #expect(try store.remnants().isEmpty)
            for document in ["P", "Q"] {
                let (a, single) = try counters(store, document)
                // What was printed had returned; one save more may have happened.
                let acknowledged = output.split(separator: "\n").last { $0.hasPrefix(document) }
                    .flatMap { Int($0.dropFirst(2)) }
                if let acknowledged { #expect([acknowledged, acknowledged + 1].contains(a + single)) }
                #expect(try store.read("\(document)/QUERY_MESSAGE.md") == "a question")
                #expect(try store.read("\(document)/files/deep/file.txt") == "deep")
            }
        }
        #expect(remnants > 0, "no kill hit a save: nothing was tested")
        print(
            "kills (\(withheld.isEmpty ? "everything" : "without \(withheld)")): \(kills), of which \(remnants) left remnants; 0 violations"
        )
    }

    private struct CounterFiles: ManagedFileCodec {
        var format = "count"
        var filenames: [FilenamePattern] = ["*.count"]
        func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data { Data() }
        func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
            throw CodecError("not decoded here")
        }
        func validate(_ bytes: Data, in context: CodecContext) throws {}
    }
}
