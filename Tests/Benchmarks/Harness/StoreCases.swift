import Foundation
import Holdfast

/// Reads of one document, and what is done to a whole store.
struct StoreCases {
    let place: Place
    let rounds: Int
    /// How many documents are listed, and how many opened.
    let listed: Int
    let opened: Int
    private let material = Material()

    init(place: Place, rounds: Int, listed: Int, opened: Int) {
        self.place = place
        self.rounds = rounds
        self.listed = listed
        self.opened = opened
    }

    var all: [(String, () throws -> BenchmarkCase)] {
        [
            ("snapshot", { try snapshot(of: nil) }), ("snapshot", { try snapshot(of: Material.names) }), ("list", list),
            ("among", among), ("open", open), ("open", openWithRemnants),
            ("writers", writers),
        ]
    }

    /// A snapshot of all there is, with a list of what is unmanaged, or of certain files alone.
    private func snapshot(of filenames: [String]?) throws -> BenchmarkCase {
        let path = try place.directory(filenames == nil ? "snapshot" : "snapshot-named")
        try material.write(to: "\(path)/X")
        let holdfast = try HoldfastContender(path: path)
        let floor = try FloorStore(path: path, like: .none)
        return BenchmarkCase(
            name: filenames == nil ? "snapshot of 3 files" : "snapshot of 3 files that are named", rounds: rounds * 10,
            contenders: [
                Contender(
                    name: "Holdfast", body: { _ in _ = try holdfast.store.snapshot("X", of: filenames) },
                    calls: { _ in try holdfast.calls { _ = try $0.snapshot("X", of: filenames) } }),
                Contender(
                    name: "open, read, close", limit: 1.3, body: { _ in try floor.read(Material.names, of: "X") },
                    calls: { _ in try FloorStore.calls { try floor.read(Material.names, of: "X") } }),
            ])
    }

    private func list() throws -> BenchmarkCase {
        let path = try place.directory("list")
        for index in 0..<listed { try makeDirectory("\(path)/a document of everyday length \(index)") }
        let store = try HoldfastContender(path: path).store
        let floor = try FloorStore(path: path, like: .none)
        return BenchmarkCase(
            name: "list of \(listed) documents", rounds: max(5, rounds / 10),
            contenders: [
                Contender(
                    name: "Holdfast",
                    body: { [listed] _ in
                        guard try store.list().count == listed else { throw BenchmarkError("the list is not whole") }
                    }),
                Contender(
                    name: "readdir loop", limit: 1.5,
                    body: { [listed] _ in
                        guard try floor.list() == listed else { throw BenchmarkError("the store is not whole") }
                    }),
            ])
    }

    /// What the number of documents in a store costs a save of one.
    private func among() throws -> BenchmarkCase {
        let path = try place.directory("among")
        let material = material
        func contender(_ name: String, others: Int) throws -> Contender {
            for index in 0..<others { try makeDirectory("\(path)/\(name)/a document of everyday length \(index)") }
            try material.write(to: "\(path)/\(name)/X")
            let store = try HoldfastContender(path: "\(path)/\(name)").store
            return Contender(name: "Holdfast, \(name)") { revision in
                try HoldfastContender.save(material.files(revision: revision), of: "X", to: store)
            }
        }
        for name in ["among \(listed)", "alone"] { try makeDirectory("\(path)/\(name)") }
        return BenchmarkCase(
            name: "save of 3 of 3 files, powerLoss, by the number of documents", rounds: rounds, isWriting: true,
            contenders: [
                try contender("among \(listed)", others: listed), try contender("alone", others: 0),
            ])
    }

    private static let small = Material(sizes: ["metadata.data": 200, "config.data": 300, "events.data": 400])

    private func store(_ name: String) throws -> String {
        let path = try place.directory(name)
        for index in 0..<opened { try Self.small.write(to: "\(path)/document \(index)") }
        return path
    }

    private func open() throws -> BenchmarkCase {
        let path = try store("open")
        let floor = try FloorStore(path: path, like: .none)
        let threads = ProcessInfo.processInfo.activeProcessorCount
        return BenchmarkCase(
            name: "opening \(opened) clean documents", rounds: max(5, rounds / 10),
            contenders: [
                Contender(name: "Holdfast", body: { _ in try Self.open(path) }),
                Contender(
                    name: "scan on \(threads) threads", limit: 1.3, body: { _ in try floor.scan(threads: threads) }),
            ])
    }

    private func openWithRemnants() throws -> BenchmarkCase {
        let path = try store("open-remnants")
        let clean = try store("open-clean")
        let remnants = 100
        func contender(_ name: String, leave: @escaping (String, Int) throws -> Void) -> Contender {
            Contender(
                name: "Holdfast, with \(remnants) \(name)",
                prepare: { for index in 0..<remnants { try leave(path, index) } },
                body: { _ in try Self.open(path) })
        }
        return BenchmarkCase(
            name: "opening \(opened) documents", rounds: max(5, rounds / 10),
            contenders: [
                contender("old generations") { try Self.small.write(to: "\($0)/.old-document \($1)") },
                contender("stagings") { try makeDirectory("\($0)/.staging-document \($1)") },
                Contender(name: "Holdfast, clean") { _ in try Self.open(clean) },
            ])
    }

    private static func open(_ path: String) throws {
        let store = try DocumentStore.open(at: path, codecs: CodecRegistry(BytesCodec()))
        if let failure = store.recoveryReport.documents.compactMap(\.failure).first { throw BenchmarkError(failure) }
    }

    /// The throughput of writers that go on saving, each a document of its own.
    private func writers() throws -> BenchmarkCase {
        let path = try place.directory("writers")
        let documents = (0..<8).map { "document-\($0)" }
        let savesEach = 5
        for document in documents { try material.write(to: "\(path)/\(document)") }
        let store = try HoldfastContender(path: path).store
        let material = material
        return BenchmarkCase(
            name: "\(documents.count * savesEach) saves of 3 of 3 files, powerLoss", rounds: max(10, rounds / 10),
            isWriting: true,
            contenders: [
                Contender(name: "Holdfast, 8 threads") { round in
                    let revisions = (0..<savesEach).map { material.files(revision: round * savesEach + $0) }
                    let failures = Failures()
                    Writers.perform(documents.count) { index in
                        for files in revisions {
                            failures.collect { try HoldfastContender.save(files, of: documents[index], to: store) }
                        }
                    }
                    try failures.rethrow()
                },
                Contender(name: "Holdfast, one after the other", limit: 1.0 / 3) { round in
                    for save in 0..<savesEach {
                        let files = material.files(revision: round * savesEach + save + 1_000_000)
                        for document in documents { try HoldfastContender.save(files, of: document, to: store) }
                    }
                },
            ])
    }

    private func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o755) == 0 else { throw BenchmarkError("`\(path)` can't be made (errno \(errno))") }
    }
}
