import Foundation
import Holdfast

/// One process of the tests that need several: it writes, reads or opens a store until its time is up or it is killed.
///
/// `store-worker ROLE STORE DOCUMENTS SECONDS [WITHHELD,…] [power-loss|process-crash]`; what it found wrong goes to its
/// output, and its exit code is 1 then.
@main
struct StoreWorker {
    let role: String
    let store: DocumentStore
    let documents: [String]
    let end: ContinuousClock.Instant

    static func main() throws {
        let arguments = CommandLine.arguments
        var options = StoreOptions()
        options.lockTimeout = .seconds(60)
        options.withheldCapabilities = Set(
            (arguments.count > 5 ? arguments[5] : "").split(separator: ",").compactMap {
                Capability(rawValue: String($0))
            })
        options.durability = arguments.count > 6 && arguments[6] == "power-loss" ? .powerLoss : .processCrash
        let codecs = try CodecRegistry(CounterCodec())
        let seconds = Double(arguments[4]) ?? 0
        let end = ContinuousClock.now + .milliseconds(Int(seconds * 1000))
        let documents = arguments[3].split(separator: ",").map(String.init)
        if arguments[1] == "opener" {
            var count = 0
            repeat {
                let report = try DocumentStore.open(at: arguments[2], codecs: codecs, options: options).recoveryReport
                for document in report.documents where document.failure != nil { fail("\(document)") }
                count += 1
            } while ContinuousClock.now < end
            return print(count)
        }
        let store: DocumentStore
        do {
            store = try DocumentStore.open(at: arguments[2], codecs: codecs, options: options)
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
        let worker = StoreWorker(role: arguments[1], store: store, documents: documents, end: end)
        do {
            try worker.run()
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }

    private func run() throws {
        switch role {
        case "writer": try write()
        case "swap": try swap()
        case "reader": try read()
        default: Self.fail("no such role: \(role)")
        }
    }

    static func fail(_ message: String) -> Never {
        print("WRONG: \(message)")
        exit(1)
    }

    /// Counts up; all counters of a document are always equal.
    ///
    /// Every third save is of one file alone.
    ///
    /// Each number is printed when its save has returned, so that a reader of the output knows what must be there.
    private func write() throws {
        var turn = 0
        while ContinuousClock.now < end {
            let document = documents[turn % documents.count]
            var saved = 0
            try store.update(document) { draft in
                let a = try draft.value(ManagedFile<Int>("a.count")) ?? 0
                let b = try draft.value(ManagedFile<Int>("b.count")) ?? 0
                let single = try draft.value(ManagedFile<Int>("single.count")) ?? 0
                if a != b { Self.fail("\(document): \(a) and \(b) in one draft") }
                saved = a + single + 1
                if turn % 3 == 2 {
                    try draft.set(single + 1, for: ManagedFile("single.count"))
                } else {
                    try draft.set(a + 1, for: ManagedFile("a.count"))
                    try draft.set(b + 1, for: ManagedFile("b.count"))
                    if single == 0 { try draft.set(0, for: ManagedFile("single.count")) }
                }
            }
            // Not through a buffer that a kill would take along.
            FileHandle.standardOutput.write(Data("\(document) \(saved)\n".utf8))
            turn += 1
        }
    }

    /// One save of two files.
    private func swap() throws {
        for document in documents {
            try store.update(document) { draft in
                for name in ["a.count", "b.count"] {
                    let value = try draft.value(ManagedFile<Int>(name)) ?? 0
                    try draft.set(value + 1, for: ManagedFile(name))
                }
            }
        }
    }

    private func read() throws {
        var last: [String: Int] = [:]
        var count = 0
        while ContinuousClock.now < end {
            let listed = Set(try store.list())
            for document in documents {
                if !listed.contains(document) { Self.fail("list() misses \(document)") }
                let snapshot = try store.snapshot(document)
                let a = try snapshot.value(ManagedFile<Int>("a.count"))
                let b = try snapshot.value(ManagedFile<Int>("b.count"))
                let single = try snapshot.value(ManagedFile<Int>("single.count"))
                guard let a, let b, let single, a == b else {
                    Self.fail("\(document): \(String(describing: a)) and \(String(describing: b)) in one snapshot")
                }
                if a + single < last[document, default: 0] { Self.fail("\(document) went back in time") }
                last[document] = a + single
                count += 1
            }
        }
        print(count)
    }
}

struct CounterCodec: ManagedFileCodec {
    var format = "count"
    var filenames: [FilenamePattern] = ["*.count"]

    func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
        try JSONEncoder().encode(value)
    }

    func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
        try JSONDecoder().decode(type, from: bytes)
    }

    func validate(_ bytes: Data, in context: CodecContext) throws { _ = try decode(Int.self, from: bytes, in: context) }
}
