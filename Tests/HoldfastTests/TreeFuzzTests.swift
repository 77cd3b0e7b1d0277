import Foundation
import Holdfast
import HoldfastTesting
import Testing

/// Stores as no kernel would leave them: at every name of the protocol, anything that can stand there.
@Suite struct TreeFuzzTests {
    private static let isLong = ProcessInfo.processInfo.environment["HOLDFAST_LONG"] != nil
    private static let count = isLong ? 100_000 : 500

    /// One seed alone, with what was there before and after: to replay a failure.
    private static let replayed = ProcessInfo.processInfo.environment["HOLDFAST_FUZZ_SEED"].flatMap { UInt64($0) }

    /// One random store, and what must be left of it.
    private struct Tree {
        let store: TemporaryStore
        var random: SeededGenerator
        /// Contents of people's files in `X` and `.old-X`, by document: each has one of its own.
        var precious: Set<String> = []
        private var number = 0

        init(_ store: TemporaryStore, seed: UInt64) {
            self.store = store
            random = SeededGenerator(seed: seed)
        }

        mutating func grow() throws {
            try FileManager.default.createDirectory(
                at: store.folder.appending(path: "outside/folder"), withIntermediateDirectories: true)
            try Data("outside".utf8).write(to: store.folder.appending(path: "outside/metadata.json"))
            try FileManager.default.createDirectory(at: store.url(""), withIntermediateDirectories: true)
            let long = String(repeating: "n", count: 246)
            for document in ["X", "\u{E9}", "with space", long] where Bool.random(using: &random) {
                for prefix in ["", ".staging-", ".old-", ".removed-", ".commit-"] where chance(2) {
                    try plant("\(prefix)\(document)", isPrecious: prefix == "" || prefix == ".old-")
                }
            }
            for name in [".staging-", ".old-.hidden", ".lock", ".trash", "file.txt", ".old-" + long + "n", "a.tmp"]
            where chance(5) {
                try plant(name, isPrecious: false)
            }
        }

        private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

        private mutating func plant(_ name: String, isPrecious: Bool) throws {
            let path = store.url(name).path
            switch Int.random(in: 0..<12, using: &random) {
            case 0: try Data(record().utf8).write(to: store.url(name))
            case 1:
                let target =
                    ["outside", "outside/metadata.json", "missing", "store/\(name)", "/"]
                    .randomElement(using: &random) ?? ""
                try FileManager.default.createSymbolicLink(
                    atPath: path, withDestinationPath: target == "/" ? "/" : store.folder.appending(path: target).path)
            case 2: try #require(mkfifo(path, 0o600) == 0)
            default:
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
                try fill(name, depth: 0, isPrecious: isPrecious && !name.hasPrefix(".commit-"))
            }
        }

        private mutating func record() -> String {
            let lines = [
                "holdfast commit 1", "end", "settled file 1 2 3 4 a", "renamed-from 12 X", "renamed-from 1 %2e%2e",
                "settled file -1 x", "\u{0}\u{FFFD}",
            ]
            return (0..<Int.random(in: 0..<5, using: &random)).map { _ in lines.randomElement(using: &random) ?? "" }
                .joined(separator: "\n") + (Bool.random(using: &random) ? "\nend\n" : "")
        }

        private mutating func fill(_ folder: String, depth: Int, isPrecious: Bool) throws {
            let names = [
                "metadata.json", "events.json", "events.json.tmp", "notes.md", "notes.tmp", "QUERY_MESSAGE.md",
                "folder",
                "link", "pipe", ".holdfast-taken-notes.md", String(repeating: "l", count: 255), ".hidden",
            ]
            for name in names where chance(3) {
                let path = "\(folder)/\(name)"
                switch name {
                case "folder", ".hidden":
                    try FileManager.default.createDirectory(at: store.url(path), withIntermediateDirectories: false)
                    if depth < 3 { try fill(path, depth: depth + 1, isPrecious: isPrecious) }
                case "link":
                    try FileManager.default.createSymbolicLink(
                        atPath: store.url(path).path,
                        withDestinationPath: chance(2) ? store.folder.appending(path: "outside").path : "../\(folder)")
                case "pipe": try #require(mkfifo(store.url(path).path, 0o600) == 0)
                default:
                    number += 1
                    let content = "\(number)"
                    try Data(content.utf8).write(to: store.url(path))
                    let isManaged = depth == 0 && (name.hasSuffix(".json") || name == "events.json.tmp")
                    if isPrecious, !isManaged { precious.insert(content) }
                }
            }
        }
    }

    /// Regular files' contents, wherever they are; links are not followed.
    private func contents(_ store: TemporaryStore) throws -> Set<String> {
        Set(try store.tree().values)
    }

    @Test func `whatever stands in a store, nothing of people's is lost and nothing outside is touched`() throws {
        var recovered = 0
        for seed in Self.replayed.map({ $0..<($0 + 1) }) ?? 0..<UInt64(Self.count) {
            let store = try TemporaryStore()
            store.options.parallelism = 1
            store.options.lockTimeout = .milliseconds(50)
            var tree = Tree(store, seed: seed)
            try tree.grow()
            let before = try store.tree()
            let opened: DocumentStore
            do {
                opened = try store.open()
            } catch let error as HoldfastError {
                #expect(!error.description.contains("\n"))
                #expect(try store.tree() == before, "seed \(seed)")
                continue
            }
            if !opened.recoveryReport.documents.isEmpty { recovered += 1 }
            let after = try contents(store)
            #expect(tree.precious.subtracting(after).isEmpty, "seed \(seed): \(tree.precious.subtracting(after)) lost")
            // Where something stands in the way of recovery itself (at `.lock`, at `.trash`), it says so and stops.
            guard opened.recoveryReport.isComplete else { continue }
            try checkGenerations(before, store, seed)
            if Self.replayed != nil { print("before: \(before)\nafter: \(try store.tree())\n\(opened.recoveryReport)") }
            // A second recovery changes nothing.
            let settled = try store.tree()
            _ = try store.open()
            #expect(try store.tree() == settled, "seed \(seed)")
            // Whatever is done then works or says why, in one line.
            use(opened, seed)
            let outside = try FileManager.default.subpathsOfDirectory(
                atPath: store.folder.appending(path: "outside").path)
            #expect(outside.sorted() == ["folder", "metadata.json"], "seed \(seed)")
            #expect(
                try String(contentsOf: store.folder.appending(path: "outside/metadata.json"), encoding: .utf8)
                    == "outside")
        }
        if Self.replayed == nil { #expect(recovered > Self.count / 3) }
        print(
            "fuzz: \(Self.count) odd stores, of which \(recovered) were recovered; nothing lost, nothing outside touched"
        )
    }

    /// Managed files come from one generation: from `X` where it had any, else from `.old-X`.
    private func checkGenerations(_ before: [String: String], _ store: TemporaryStore, _ seed: UInt64) throws {
        func managed(_ tree: [String: String], _ name: String) -> [String: String]? {
            guard tree[name] == "directory" else { return nil }
            var files: [String: String] = [:]
            for file in ["metadata.json", "events.json"] { files[file] = tree["\(name)/\(file)"] }
            return files
        }
        let after = try store.tree()
        for document in ["X", "\u{E9}", "with space"] {
            let live = managed(before, document)
            let old = managed(before, ".old-\(document)")
            if before[document] != nil, live == nil { continue }
            let expected = live?.isEmpty == false ? live : (old?.isEmpty == false ? old : live ?? old)
            // A record of a rename may have given it another name, or taken another's.
            if before[".commit-\(document)"]?.contains("renamed-from") == true { continue }
            if document == "X", before.values.contains(where: { $0.contains("renamed-from 12 X") }) { continue }
            #expect(managed(after, document) == expected, "seed \(seed), \(document)")
        }
    }

    private func use(_ store: DocumentStore, _ seed: UInt64) {
        let operations: [() throws -> Void] = [
            { _ = try store.list() }, { _ = try store.verify() },
            {
                try store.update("X") { draft in
                    try draft.set("new", for: .metadata)
                    try draft.set([1], for: .events)
                }
            },
            { _ = try store.snapshot("X") }, { _ = try store.rename("\u{E9}", to: "Z") }, { _ = try store.remove("X") },
            { _ = try store.recover() },
        ]
        for operation in operations {
            do {
                try operation()
            } catch let error as HoldfastError {
                #expect(!error.description.contains("\n"), "seed \(seed)")
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }
    }

    @Test func `thousands of remnants are removed`() throws {
        let store = try TemporaryStore()
        for number in 0..<1_000 {
            try store.write("1", to: ".staging-\(number)/metadata.json")
            try store.write("2", to: ".old-\(number)/metadata.json")
            try store.write("3", to: ".removed-gone-\(number)/metadata.json")
        }
        let report = try store.open().recoveryReport
        #expect(report.documents.count == 2_000)
        #expect(report.isComplete)
        #expect(try store.remnants().isEmpty)
        #expect(try store.open().list().count == 1_000)
        #expect(try store.read("999/metadata.json") == "2")
    }
}
