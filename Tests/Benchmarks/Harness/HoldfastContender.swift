import Foundation
import Holdfast
import HoldfastTesting
import Synchronization

/// A store of the kernel's, and a second look at it that counts calls.
struct HoldfastContender {
    let store: DocumentStore
    let counted: DocumentStore
    let counter: CallCounter

    init(
        path: String, durability: Durability = .powerLoss, cleanup: Cleanup = .beforeReturning,
        on base: any FileSystem = POSIXFileSystem()
    ) throws {
        var options = StoreOptions()
        options.durability = durability
        options.cleanup = cleanup
        let counter = CallCounter()
        self.counter = counter
        let codecs = try CodecRegistry(BytesCodec())
        store = try DocumentStore.open(at: path, on: base, codecs: codecs, options: options)
        counted = try DocumentStore.open(
            at: path, on: counter.interposed(on: base), codecs: codecs, options: options)
    }

    /// Saves files of one document.
    @discardableResult
    static func save(
        _ files: [(name: String, data: Data)], of document: String, to store: DocumentStore
    ) throws -> Receipt {
        try store.update(document) { draft in
            for (name, data) in files { try draft.setBytes(data, for: name) }
        }
    }

    /// How many system calls something takes.
    func calls(_ body: (DocumentStore) throws -> Void) throws -> Int {
        counter.reset()
        try body(counted)
        return counter.counts.values.reduce(0, +)
    }
}
