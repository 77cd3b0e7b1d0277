import Foundation
import Holdfast
import HoldfastTesting

/// The operations that are counted.
struct CountedOperations {
    private let base: any FileSystem
    private let path: String
    private let store: DocumentStore
    private let counter = CallCounter()
    private let material = Material()

    /// As many as a batch has.
    private static let documents = (0..<20).map { "document-\($0)" }

    init(on base: any FileSystem, path: String, durability: Durability) throws {
        var options = StoreOptions()
        options.durability = durability
        self.base = base
        self.path = path
        store = try DocumentStore.open(
            at: path, on: counter.interposed(on: base), codecs: CodecRegistry(BytesCodec()), options: options)
    }

    /// Makes what an operation starts from, then carries it out and counts.
    func cost(of operation: CountBounds.Operation) throws -> (cost: CountCheck.Cost, flushing: FlushProtocol) {
        let name = operation.rawValue
        let before = material.files(revision: 1)
        let after = material.files(revision: 2)
        switch operation {
        case .create: return try count { [try save(before, of: name)] }
        case .saveAll:
            try save(before, of: name)
            return try count { [try save(after, of: name)] }
        case .saveOne:
            try save(before, of: name)
            return try count { [try save([after[0]], of: name)] }
        case .saveTwoBeside20:
            try save(before, of: name)
            let document = try Directory(path: "\(path)/\(name)", on: base)
            for index in 0..<20 { try document.create(EntryName("note-\(index).txt"), mode: 0o644).close() }
            return try count { [try save(Array(after.prefix(2)), of: name)] }
        case .saveUnchanged:
            try save(before, of: name)
            return try count { [try save(before, of: name)] }
        case .batchOf20:
            try save(before, of: Self.documents)
            return try count { try save(after, of: Self.documents) }
        case .batchOf20Single:
            try save(before, of: Self.documents)
            return try count { try save([after[0]], of: Self.documents) }
        case .snapshot:
            try save(before, of: name)
            return try count {
                _ = try store.snapshot(name)
                return []
            }
        case .list:
            return try count {
                _ = try store.list()
                return []
            }
        }
    }

    @discardableResult
    private func save(_ files: [(name: String, data: Data)], of document: String) throws -> Receipt {
        try HoldfastContender.save(files, of: document, to: store)
    }

    @discardableResult
    private func save(_ files: [(name: String, data: Data)], of documents: [String]) throws -> [Receipt] {
        let results = try store.updateBatch(documents) { draft in
            for (name, data) in files { try draft.setBytes(data, for: name) }
        }
        return try results.map { try $0.get() }
    }

    private func count(_ body: () throws -> [Receipt]) throws -> (cost: CountCheck.Cost, flushing: FlushProtocol) {
        counter.reset()
        let receipts = try body()
        let counts = counter.counts
        let flushes = counts[.fsync, default: 0] + counts[.syncfs, default: 0]
        guard receipts.isEmpty || receipts.reduce(0, { $0 + $1.flushes }) == flushes else {
            throw BenchmarkError("receipts tell of other flushes than the \(flushes) that there were")
        }
        return (
            CountCheck.Cost(
                flushes: flushes, calls: counts.values.reduce(0, +),
                bytes: receipts.reduce(0) { $0 + $1.bytesWritten + ($1.carryOver?.bytesCopied ?? 0) }),
            receipts.first?.flushProtocol ?? .none
        )
    }
}
