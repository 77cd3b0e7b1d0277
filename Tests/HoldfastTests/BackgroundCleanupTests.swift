import Foundation
import HoldfastTesting
import Synchronization
import Testing

@testable import Holdfast

/// Step 7 behind a commit's return.
@Suite struct BackgroundCleanupTests {
    /// A store whose clean-up waits until something needs it.
    private func waiting() throws -> TemporaryStore {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.options.cleanup = .inBackground
        store.options.cleansUpByItself = false
        return store
    }

    private func save(_ number: Int, _ document: String = "X", to opened: DocumentStore) throws -> Receipt {
        try opened.update(document) { draft in
            try draft.set("title \(number)", for: .metadata)
            try draft.set([number], for: .events)
        }
    }

    @Test func `happens by itself`() async throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.options.cleanup = .inBackground
        let opened = try store.open()
        let before = try store.tree("X")
        #expect(try save(1, to: opened).outcome == .swapped)
        await opened.finishCleanup()
        #expect(try store.remnants().isEmpty)
        let changed = try store.tree("X").filter { before[$0.key] != $0.value }
        #expect(changed.keys.sorted() == ["events.json", "metadata.json"])
    }

    @Test func `leaves the document whole, listed and readable until then`() throws {
        let store = try waiting()
        let opened = try store.open()
        let receipt = try save(1, to: opened)
        #expect(receipt.warnings.isEmpty && receipt.reconciled.isEmpty)
        #expect(try store.remnants() == [".old-X"])
        #expect(try opened.list() == ["X"])
        #expect(try opened.snapshot("X").value(.metadata) == "title 1")
        opened.finishCleanup()
        #expect(try store.remnants().isEmpty)
    }

    @Test func `is finished by whatever needs the document next`() throws {
        let store = try waiting()
        let opened = try store.open()
        _ = try save(1, to: opened)
        _ = try opened.update("X") { try $0.set("title 2", for: .metadata) }
        #expect(try store.remnants().isEmpty)
        _ = try save(3, to: opened)
        _ = try opened.rename("X", to: "Y")
        #expect(try store.remnants().isEmpty)
        _ = try save(4, "Y", to: opened)
        #expect(try opened.recover().isClean)
        #expect(try store.remnants().isEmpty)
        _ = try save(5, "Y", to: opened)
        #expect(try opened.verify(.trash).isSound)
        _ = try opened.remove("Y")
        #expect(try store.remnants() == [".removed-Y"])
        _ = try save(6, "Y", to: opened)
        #expect(try store.remnants().isEmpty)
        #expect(try store.read("Y/metadata.json") == "\"title 6\"")
        #expect(!store.exists("Y/QUERY_MESSAGE.md"))
    }

    @Test func `keeps the document's lock, so that others leave the document alone`() throws {
        let store = try waiting()
        let opened = try store.open()
        _ = try save(1, to: opened)
        let report = try store.reopen().recoveryReport
        #expect(report.documents.map(\.skipped) == ["a writer holds the document's lock"])
        #expect(throws: HoldfastError.self) { try LockHolderForTests.tryOnce(store.path, document: "X") }
        opened.finishCleanup()
        try LockHolderForTests.tryOnce(store.path, document: "X").release()
    }

    @Test(arguments: [SimulatedDisk.Loss.everything, .nothing])
    func `that the end of the machine cuts off is done at the next start`(loss: SimulatedDisk.Loss) throws {
        let disk = SimulatedDisk()
        let codecs = try CodecRegistry(NoteCodec())
        var options = StoreOptions()
        _ = try save(1, to: try disk.openStore(codecs: codecs, options: options))
        options.cleanup = .inBackground
        options.cleansUpByItself = false
        _ = try save(2, to: try disk.openStore(codecs: codecs, options: options))
        disk.crash(loss)
        let opened = try disk.openStore(codecs: codecs, options: options)
        #expect(opened.recoveryReport.documents.first?.actions == [.reconcileUnmanaged, .removeOld])
        #expect(try opened.snapshot("X").value(.metadata) == "title 2")
        #expect(try disk.openStore(codecs: codecs).recoveryReport.isClean)
    }

    @Test func `brings what a person saved meanwhile, and tells the observer`() throws {
        let store = try waiting()
        let reconciled = Mutex<[String]>([])
        store.options.observer = { event in
            guard case .reconciled(let document, let actions) = event else { return }
            reconciled.withLock { $0 += actions.map { "\(document) \($0.action) \($0.path)" } }
        }
        let url = store.url("X/later.md")
        let person = Meanwhile({ call, _ in call == .renameat2 }) { try Data("later".utf8).write(to: url) }
        store.before = person.hook
        let opened = try store.open()
        #expect(try save(1, to: opened).reconciled.isEmpty)
        opened.finishCleanup()
        #expect(person.hasHappened)
        #expect(reconciled.withLock { $0 } == ["X created later.md"])
        #expect(try store.read("X/later.md") == "later")
    }

    @Test func `tells an observer that uses the store when it is over`() throws {
        let store = try waiting()
        let opened = Mutex<DocumentStore?>(nil)
        let seen = Mutex<[String]>([])
        store.options.observer = { event in
            guard case .reconciled(let document, _) = event, let opened = opened.withLock({ $0 }) else { return }
            opened.finishCleanup()
            do {
                try opened.update(document) { try $0.set("by the observer", for: .metadata) }
                seen.withLock { $0.append(document) }
            } catch {
                seen.withLock { $0.append("\(error)") }
            }
        }
        let url = store.url("X/later.md")
        store.before = Meanwhile({ call, _ in call == .renameat2 }) { try Data("later".utf8).write(to: url) }.hook
        let it = try store.open()
        opened.withLock { $0 = it }
        _ = try save(1, to: it)
        it.finishCleanup()
        #expect(seen.withLock { $0 } == ["X"])
        #expect(try store.read("X/metadata.json") == "\"by the observer\"")
        opened.withLock { $0 = nil }
    }

    @Test func `is done at once where another thread waits for the document`() throws {
        let store = try waiting()
        let opened = try store.open()
        let failures = Mutex<[String]>([])
        let group = DispatchGroup()
        try opened.update("X") { draft in
            group.enter()
            Thread.detachNewThread {
                do {
                    try opened.update("X") { try $0.set("the other's", for: .metadata) }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
                group.leave()
            }
            Thread.sleep(forTimeInterval: 0.2)
            try draft.set("title 1", for: .metadata)
            try draft.set([1], for: .events)
        }
        group.wait()
        #expect(failures.withLock { $0 } == [])
        #expect(try store.remnants().isEmpty)
        #expect(try store.read("X/metadata.json") == "\"the other's\"")
    }

    @Test func `is bounded`() throws {
        let store = try waiting()
        let opened = try store.open()
        let names = (0..<BackgroundCleanup.limit + 3).map { "D\($0)" }
        for name in names { _ = try save(1, name, to: opened) }
        for name in names { _ = try save(2, name, to: opened) }
        #expect(try store.remnants().count == BackgroundCleanup.limit)
        opened.finishCleanup()
        #expect(try store.remnants().isEmpty)
    }

    @Test func `loses nothing among threads that save the same documents`() throws {
        let store = try TemporaryStore()
        for name in ["X", "Y"] {
            try store.makeConversation(name)
            try store.open().update(name) { try $0.set([0], for: .events) }
        }
        store.options.cleanup = .inBackground
        let opened = try store.open()
        let failures = Mutex<[String]>([])
        let group = DispatchGroup()
        for thread in 0..<8 {
            group.enter()
            Thread.detachNewThread {
                do {
                    for save in 0..<10 {
                        try opened.update(save % 2 == 0 ? "X" : "Y") { draft in
                            let number = try draft.value(.events)?.first ?? 0
                            try draft.set([number + 1], for: .events)
                            try draft.set("by \(thread)", for: .metadata)
                        }
                    }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
                group.leave()
            }
        }
        group.wait()
        opened.finishCleanup()
        #expect(failures.withLock { $0 } == [])
        #expect(try store.remnants().isEmpty)
        for name in ["X", "Y"] { #expect(try opened.snapshot(name).value(.events) == [40]) }
    }
}
