import Foundation
import Holdfast
import HoldfastJSONLines

/// Saves of one document, and of a hundred together.
struct SaveCases {
    let place: Place
    let rounds: Int
    private let material = Material()

    init(place: Place, rounds: Int) {
        self.place = place
        self.rounds = rounds
    }

    var all: [(String, () throws -> BenchmarkCase)] {
        [
            ("save", { try self.save(.powerLoss) }),
            ("save-process", { try self.save(.processCrash) }),
            ("save-background", { try self.saveInBackground(.powerLoss) }),
            ("save-background", { try self.saveInBackground(.processCrash) }),
            ("save-one", saveOne),
            ("batch", batch),
            ("unchanged", unchanged),
            ("growth", besideEvents),
            ("append", append),
            ("beside", { try self.beside(.thousandFiles, files: ["config.data"], limit: 1.1) }),
            ("beside", { try self.beside(.attachment, files: ["config.data"], limit: 1.1) }),
            // Linear in entries, independent of bytes.
            ("beside", { try self.beside(.thousandFiles, files: ["config.data", "metadata.data"], limit: nil) }),
            ("beside", { try self.beside(.attachment, files: ["config.data", "metadata.data"], limit: 1.1) }),
        ]
    }

    private struct Arena {
        let path: String
        let holdfast: HoldfastContender
        let floor: FloorStore
    }

    /// A store of some documents for each contender.
    private func arena(_ name: String, documents: [String] = ["X"], durability: Durability = .powerLoss) throws -> Arena
    {
        let path = try place.directory(name)
        for store in ["holdfast", "floor", "plain", "plain-flushed", "atomic"] {
            for document in documents { try material.write(to: "\(path)/\(store)/\(document)") }
        }
        let holdfast = try HoldfastContender(path: "\(path)/holdfast", durability: durability)
        let probe = try HoldfastContender.save(material.files(revision: 1), of: documents[0], to: holdfast.store)
        return Arena(
            path: path, holdfast: holdfast, floor: try FloorStore(path: "\(path)/floor", like: probe.flushProtocol))
    }

    private func save(_ durability: Durability) throws -> BenchmarkCase {
        let isDurable = durability == .powerLoss
        let arena = try arena(isDurable ? "save" : "save-process", durability: durability)
        let material = material
        let plain = try FloorStore(path: "\(arena.path)/plain", like: .none)
        let flushed = try FloorStore(path: "\(arena.path)/plain-flushed", like: .none)
        var contenders = [
            Contender(
                name: "Holdfast",
                body: { try HoldfastContender.save(material.files(revision: $0), of: "X", to: arena.holdfast.store) },
                calls: { round in
                    try arena.holdfast.calls {
                        try HoldfastContender.save(material.files(revision: round), of: "X", to: $0)
                    }
                }),
            Contender(
                name: "floor", limit: isDurable ? 1.15 : 1.3,
                body: { try arena.floor.swap(material.files(revision: $0), of: ["X"]) },
                calls: { round in
                    try FloorStore.calls { try arena.floor.swap(material.files(revision: round), of: ["X"]) }
                }),
        ]
        if isDurable {
            let wal = try SQLiteStore(path: "\(arena.path)/wal.sqlite", journal: .wal)
            let rollback = try SQLiteStore(path: "\(arena.path)/rollback.sqlite", journal: .rollback)
            contenders += [
                Contender(
                    name: "SQLite WAL FULL", limit: 0.8,
                    body: { try wal.save(material.files(revision: $0), of: ["X"]) }),
                Contender(
                    name: "SQLite rollback FULL",
                    body: { try rollback.save(material.files(revision: $0), of: ["X"]) }),
                Contender(
                    name: "staging, two renames, fsync",
                    body: { try flushed.plainSwap(material.files(revision: $0), of: "X", isFlushing: true) },
                    calls: { round in
                        try FloorStore.calls {
                            try flushed.plainSwap(material.files(revision: round), of: "X", isFlushing: true)
                        }
                    }),
            ]
        }
        contenders += [
            Contender(
                name: "staging, two renames",
                body: { try plain.plainSwap(material.files(revision: $0), of: "X", isFlushing: false) },
                calls: { round in
                    try FloorStore.calls {
                        try plain.plainSwap(material.files(revision: round), of: "X", isFlushing: false)
                    }
                }),
            Contender(
                name: "Data.write(.atomic)",
                body: {
                    for (name, data) in material.files(revision: $0) {
                        try data.write(to: URL(fileURLWithPath: "\(arena.path)/atomic/X/\(name)"), options: .atomic)
                    }
                }),
        ]
        return BenchmarkCase(
            name: "save of 3 of 3 files, \(durability)", rounds: rounds, isWriting: true, contenders: contenders)
    }

    /// What a caller waits for, where the old generation goes behind the return; the others' turns come after that.
    private func saveInBackground(_ durability: Durability) throws -> BenchmarkCase {
        let isDurable = durability == .powerLoss
        let arena = try arena(isDurable ? "background" : "background-process", durability: durability)
        let store = try HoldfastContender(
            path: "\(arena.path)/holdfast", durability: durability, cleanup: .inBackground
        ).store
        let material = material
        var contenders = [
            Contender(
                name: "Holdfast, clean-up behind the return",
                body: { try HoldfastContender.save(material.files(revision: $0), of: "X", to: store) },
                settle: { store.finishCleanup() }),
            Contender(
                name: "floor, which removes before it returns", limit: isDurable ? 1.15 : 1.3,
                body: { try arena.floor.swap(material.files(revision: $0), of: ["X"]) }),
        ]
        if isDurable {
            let wal = try SQLiteStore(path: "\(arena.path)/wal.sqlite", journal: .wal)
            contenders.append(
                Contender(
                    name: "SQLite WAL FULL", limit: 0.8,
                    body: { try wal.save(material.files(revision: $0), of: ["X"]) }))
        }
        return BenchmarkCase(
            name: "save of 3 of 3 files, \(durability), until it returns", rounds: rounds, isWriting: true,
            contenders: contenders)
    }

    private func saveOne() throws -> BenchmarkCase {
        let arena = try arena("save-one")
        let material = material
        let wal = try SQLiteStore(path: "\(arena.path)/wal.sqlite", journal: .wal)
        func config(_ revision: Int) -> (name: String, data: Data) {
            ("config.data", material.file("config.data", revision: revision))
        }
        return BenchmarkCase(
            name: "save of 1 of 3 files, powerLoss", rounds: rounds, isWriting: true,
            contenders: [
                Contender(
                    name: "Holdfast",
                    body: { try HoldfastContender.save([config($0)], of: "X", to: arena.holdfast.store) },
                    calls: { round in
                        try arena.holdfast.calls { try HoldfastContender.save([config(round)], of: "X", to: $0) }
                    }),
                Contender(
                    name: "floor", limit: 1.15, body: { try arena.floor.replace(config($0), of: "X") },
                    calls: { round in try FloorStore.calls { try arena.floor.replace(config(round), of: "X") } }),
                Contender(name: "SQLite WAL FULL", body: { try wal.save([config($0)], of: ["X"]) }),
                Contender(
                    name: "Data.write(.atomic)",
                    body: {
                        let (name, data) = config($0)
                        try data.write(to: URL(fileURLWithPath: "\(arena.path)/atomic/X/\(name)"), options: .atomic)
                    }),
            ])
    }

    private func batch() throws -> BenchmarkCase {
        let documents = (0..<100).map { "document-\($0)" }
        let arena = try arena("batch", documents: documents)
        let material = material
        let wal = try SQLiteStore(path: "\(arena.path)/wal.sqlite", journal: .wal)
        func save(_ revision: Int, to store: DocumentStore) throws {
            let files = material.files(revision: revision)
            let results = try store.updateBatch(documents) { draft in
                for (name, data) in files { try draft.setBytes(data, for: name) }
            }
            for result in results { _ = try result.get() }
        }
        return BenchmarkCase(
            name: "batch of 100 documents, 3 of 3 files each", rounds: max(3, rounds / 10), isWriting: true,
            contenders: [
                Contender(
                    name: "Holdfast", body: { try save($0, to: arena.holdfast.store) },
                    calls: { round in try arena.holdfast.calls { try save(round, to: $0) } }),
                Contender(
                    name: "floor", body: { try arena.floor.swap(material.files(revision: $0), of: documents) },
                    calls: { round in
                        try FloorStore.calls { try arena.floor.swap(material.files(revision: round), of: documents) }
                    }),
                Contender(
                    name: "SQLite WAL FULL, one transaction", limit: 0.5,
                    body: { try wal.save(material.files(revision: $0), of: documents) }),
            ])
    }

    private func unchanged() throws -> BenchmarkCase {
        let arena = try arena("unchanged")
        let files = material.files(revision: 1)
        let names = files.map(\.name)
        let save = { (store: DocumentStore) throws in _ = try HoldfastContender.save(files, of: "X", to: store) }
        return BenchmarkCase(
            name: "save that changes nothing", rounds: rounds * 5,
            contenders: [
                Contender(
                    name: "Holdfast",
                    body: { _ in try save(arena.holdfast.store) },
                    calls: { _ in
                        // A store's first one makes sure that what it finds is durable.
                        _ = try arena.holdfast.calls(save)
                        return try arena.holdfast.calls(save)
                    }),
                Contender(
                    name: "open, read, close of the same files", body: { _ in try arena.floor.read(names, of: "X") },
                    calls: { _ in try FloorStore.calls { try arena.floor.read(names, of: "X") } }),
            ])
    }

    /// A save beside more than is saved costs what it costs beside little.
    private func besideEvents() throws -> BenchmarkCase {
        let path = try place.directory("growth")
        func store(_ name: String, events: Int) throws -> (store: HoldfastContender, material: Material) {
            let material = Material(sizes: ["metadata.data": 200, "events.data": events])
            try material.write(to: "\(path)/\(name)/X")
            return (try HoldfastContender(path: "\(path)/\(name)"), material)
        }
        let large = try store("large", events: 2_000_000)
        let small = try store("small", events: 2_000)
        func contender(_ name: String, _ arena: (store: HoldfastContender, material: Material), limit: Double?)
            -> Contender
        {
            Contender(name: name, limit: limit) { revision in
                let metadata = arena.material.file("metadata.data", revision: revision)
                try HoldfastContender.save([("metadata.data", metadata)], of: "X", to: arena.store.store)
            }
        }
        return BenchmarkCase(
            name: "save of metadata, powerLoss", rounds: rounds, isWriting: true,
            contenders: [
                contender("Holdfast, beside 2 MB of events", large, limit: nil),
                contender("Holdfast, beside 2 KB of events", small, limit: 1.1),
            ])
    }

    /// An append to an array in segments costs the same, however long the array has grown.
    private func append() throws -> BenchmarkCase {
        let path = try place.directory("append")
        let events = SegmentedArray<String>("events")
        let event = String(repeating: "e", count: 1_000)
        // Both have as many in their last file, so that both begin the next one in the same round.
        let perFile = events.segmentSize / (event.utf8.count + 3)
        func contender(_ name: String, files: Int, limit: Double?) throws -> Contender {
            let store = try DocumentStore.open(at: "\(path)/\(name)", codecs: CodecRegistry(events.codec))
            try store.update("X") { draft in
                try draft.setElements(Array(repeating: event, count: files * perFile + 100), of: events)
            }
            return Contender(name: "Holdfast, to \(name)", limit: limit) { _ in
                try store.update("X") { try $0.append([event], to: events) }
            }
        }
        return BenchmarkCase(
            name: "append of 1 KB, powerLoss", rounds: rounds, isWriting: true,
            contenders: [
                try contender("100 MB", files: 383, limit: nil), try contender("100 KB", files: 0, limit: 2),
            ])
    }

    /// What is kept beside the managed files.
    private enum Company: String {
        case thousandFiles = "1,000 unmanaged files"
        case attachment = "an attachment of 1 GB"
        case nothing = "nothing"
    }

    /// A save of files of a document in some company, to the same of one without.
    private func beside(_ company: Company, files: [String], limit: Double?) throws -> BenchmarkCase {
        let material = material
        let path = try place.directory("beside")
        func contender(_ company: Company, limit: Double?) throws -> Contender {
            let holdfast = try store(in: company, path: "\(path)/\(files.count)-\(company)-\(limit ?? 0)")
            func changed(_ revision: Int) -> [(name: String, data: Data)] {
                files.map { ($0, material.file($0, revision: revision)) }
            }
            return Contender(
                name: "Holdfast, beside \(company.rawValue)", limit: limit,
                body: { try HoldfastContender.save(changed($0), of: "X", to: holdfast.store) },
                calls: { round in
                    try holdfast.calls { try HoldfastContender.save(changed(round), of: "X", to: $0) }
                })
        }
        return BenchmarkCase(
            name: "save of \(files.count) of 3 files beside \(company.rawValue), powerLoss", rounds: rounds,
            isWriting: true,
            contenders: [try contender(company, limit: nil), try contender(.nothing, limit: limit)])
    }

    private func store(in company: Company, path: String) throws -> HoldfastContender {
        try material.write(to: "\(path)/X", unmanaged: company == .thousandFiles ? 1_000 : 0)
        if company == .attachment {
            let attachment = "\(path)/X/attachment.bin"
            try Data().write(to: URL(fileURLWithPath: attachment))
            // Sparse: small file systems have no room for more, and nobody is to touch a byte of it.
            guard truncate(attachment, 1 << 30) == 0 else {
                throw BenchmarkError("`\(attachment)` can't be grown (errno \(errno))")
            }
        }
        return try HoldfastContender(path: path)
    }
}
