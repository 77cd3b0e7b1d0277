import Foundation
import HoldfastTesting
import Synchronization
import Testing

@testable import Holdfast

@Suite struct `A flush that threads share` {
    /// Flushes from eight threads; the first flush waits until the others have come.
    private func flush(failing isFailing: Bool) throws -> (calls: Int, made: Int, covered: Int, failed: Int) {
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
        let shared = SharedFlush { () throws(SystemCallError) in try directory.flush() }
        let results = Mutex((made: 0, covered: 0, failed: 0))
        let group = DispatchGroup()
        for index in 0..<8 {
            group.enter()
            Thread.detachNewThread {
                do {
                    let isMade = try shared.flush(since: 0)
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
        let directory = try Directory(path: NSTemporaryDirectory(), on: POSIXFileSystem())
        let shared = SharedFlush { () throws(SystemCallError) in try directory.flush() }
        #expect(try shared.flush(since: 0))
        #expect(try shared.flush(since: 0))
        #expect(shared.gatheredCount == 0)
    }

    @Test func `fails for those that were under way when it failed, though the system tells nobody twice`() throws {
        let isFaulty = Atomic(true)
        let shared = SharedFlush { () throws(SystemCallError) in
            if isFaulty.load(ordering: .relaxed) { throw SystemCallError(.syncfs, .inputOutput) }
        }
        #expect(throws: SystemCallError.self) { try shared.flush(since: 0) }
        isFaulty.store(false, ordering: .relaxed)
        #expect(throws: SystemCallError.self) { try shared.flush(since: 0) }
        #expect(try shared.flush(since: shared.failureCount))
    }

    private final class Counter: Sendable {
        private let count = Atomic(0)
        func next() -> Int { count.add(1, ordering: .relaxed).newValue }
    }

    @Test func `that fails for one document fails the save of another that was under way`() throws {
        var configuration = SimulatedMachine.Configuration()
        configuration.model = .btrfs
        let opened = Mutex<DocumentStore?>(nil)
        let errors = Mutex<[Int32?]>([])
        @Sendable func save(_ document: String, _ number: Int) {
            do {
                try opened.withLock { $0 }?.update(document) { draft in
                    try draft.set("title \(number)", for: .metadata)
                    try draft.set([number], for: .events)
                }
                errors.withLock { $0.append(nil) }
            } catch {
                errors.withLock { $0.append((error as? HoldfastError)?.errno) }
            }
        }
        // Y is saved, and fails, when both files of X are written and not flushed.
        let (flushes, writes) = (Counter(), Counter())
        let meanwhile = Meanwhile({ call, _ in call == .pwrite && writes.next() == 6 }) { save("Y", 2) }
        let fileSystem = InterposedFileSystem(
            SimulatedMachine(configuration).client(),
            before: { (call, _) throws(SystemCallError) in
                guard call == .syncfs, meanwhile.hasHappened, flushes.next() == 1 else { return }
                throw SystemCallError(.syncfs, .inputOutput)
            }, after: meanwhile.hook)
        // As if others were being saved: all share the flush of the whole file system.
        var options = StoreOptions()
        options.documentsUnderway = 4
        let store = try DocumentStore.open(
            at: "/store", on: fileSystem, codecs: CodecRegistry(NoteCodec()), options: options)
        opened.withLock { $0 = store }
        save("X", 1)
        save("Y", 1)
        save("X", 2)
        #expect(meanwhile.hasHappened)
        #expect(errors.withLock { $0 } == [nil, nil, Errno.inputOutput.rawValue, Errno.inputOutput.rawValue])
        for name in ["X", "Y"] { #expect(try store.snapshot(name).value(.metadata) == "title 1") }
        save("X", 3)
        #expect(try store.snapshot("X").value(.metadata) == "title 3")
        opened.withLock { $0 = nil }
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
