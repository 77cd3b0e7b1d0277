import Foundation
import HoldfastTesting
import Synchronization
import Testing

@testable import Holdfast

@Suite struct `A flush that threads share` {
    /// Flushes from eight threads; the first flush waits until the others have come.
    private func flush(failing isFailing: Bool) throws -> (calls: Int, made: Int, covered: Int, failed: Int) {
        let shared = SharedFlush()
        let calls = Mutex(0)
        let hasBegun = DispatchSemaphore(value: 0)
        let mayGoOn = DispatchSemaphore(value: 0)
        let fileSystem = InterposedFileSystem { (call, _) throws(SystemCallError) in
            guard call == .fsync else { return }
            let count = calls.withLock { count in
                count += 1
                return count
            }
            guard count == 1 else { return }
            hasBegun.signal()
            mayGoOn.wait()
            if isFailing { throw SystemCallError(.fsync, .inputOutput) }
        }
        let directory = try Directory(path: NSTemporaryDirectory(), on: fileSystem)
        let results = Mutex((made: 0, covered: 0, failed: 0))
        let group = DispatchGroup()
        for index in 0..<8 {
            group.enter()
            Thread.detachNewThread {
                do {
                    let isMade = try shared.flush { () throws(SystemCallError) in try directory.flush() }
                    results.withLock { if isMade { $0.made += 1 } else { $0.covered += 1 } }
                } catch {
                    results.withLock { $0.failed += 1 }
                }
                group.leave()
            }
            if index == 0 { hasBegun.wait() }
        }
        while shared.gatheredCount < 7 { Thread.sleep(forTimeInterval: 0.001) }
        mayGoOn.signal()
        group.wait()
        let (made, covered, failed) = results.withLock { $0 }
        return (calls.withLock { $0 }, made, covered, failed)
    }

    @Test func `covers all that came while the one before was under way`() throws {
        let result = try flush(failing: false)
        #expect(result == (calls: 2, made: 2, covered: 6, failed: 0))
    }

    @Test func `fails for all that came while it failed, and is not tried again`() throws {
        let result = try flush(failing: true)
        #expect(result == (calls: 1, made: 0, covered: 0, failed: 8))
    }

    @Test func `is made by each commit where no other waits`() throws {
        let shared = SharedFlush()
        let directory = try Directory(path: NSTemporaryDirectory(), on: POSIXFileSystem())
        #expect(try shared.flush { () throws(SystemCallError) in try directory.flush() })
        #expect(try shared.flush { () throws(SystemCallError) in try directory.flush() })
        #expect(shared.gatheredCount == 0)
    }

    @Test(
        arguments: [
            (.btrfs, 2, FlushProtocol.eachFile), (.btrfs, 3, .wholeFileSystem), (.ext4Ordered, 3, .orderedJournal),
        ] as [(DurabilityModel, Int, FlushProtocol)])
    func `is of the whole file system where enough documents are saved at once, and no journal orders them`(
        model: DurabilityModel, others: Int, expected: FlushProtocol
    ) throws {
        var options = StoreOptions()
        options.documentsUnderway = others
        let store = try SimulatedDisk(model: model).openStore(codecs: try CodecRegistry(NoteCodec()), options: options)
        let receipt = try store.update("a") { try $0.set("1", for: .metadata) }
        #expect(receipt.flushProtocol == expected)
        #expect(store.context.documentsUnderway.load(ordering: .relaxed) == others)
    }
}
