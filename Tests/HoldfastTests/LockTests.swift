import Dispatch
import Foundation
import HoldfastTesting
import Synchronization
import Testing

@testable import Holdfast

@Suite struct LockTests {
    @Test func `a writer waits for another's lock, and names the holder when it gives up`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.options.lockTimeout = .milliseconds(200)
        let opened = try store.open()
        let holder = try LockHolderForTests(store.path, document: "X")
        let start = ContinuousClock.now
        let error = #expect(throws: HoldfastError.self) { try opened.update("X") { try $0.set("a", for: .metadata) } }
        #expect(error?.code == .lockTimeout)
        #expect(error?.description.contains("this process") == true)
        #expect(ContinuousClock.now - start >= .milliseconds(200))
        // Others are not held up.
        try opened.update("Y") { try $0.set("a", for: .metadata) }
        holder.release()
        try opened.update("X") { try $0.set("a", for: .metadata) }
    }

    @Test func `a lock is released once: behind its close, the descriptor's number may be another lock's`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let releases = Mutex(0)
        store.before = { (call, _) throws(SystemCallError) in
            if call == .unlock { releases.withLock { $0 += 1 } }
        }
        let opened = try store.open()
        releases.withLock { $0 = 0 }
        #expect(try opened.update("X") { _ in }.outcome == .unchanged)
        #expect(releases.withLock { $0 } == 1)
    }

    @Test func `a wait that is granted in time goes on`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let opened = try store.open()
        let holder = try LockHolderForTests(store.path, document: "X")
        DispatchQueue.global().asyncAfter(deadline: .now() + 0.1) { holder.release() }
        #expect(try opened.update("X") { try $0.set("a", for: .metadata) }.outcome == .replacedFile)
    }

    @Test func `a wait that timed out leaves no lock behind`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.options.lockTimeout = .milliseconds(50)
        let opened = try store.open()
        let holder = try LockHolderForTests(store.path, document: "X")
        #expect(throws: HoldfastError.self) { try opened.update("X") { _ in } }
        holder.release()
        Thread.sleep(forTimeInterval: 0.1)
        for _ in 0..<3 { _ = try LockHolderForTests(store.path, document: "X") }
    }

    @Test func `waits that time out again and again don't pile up threads`() throws {
        func threads() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
        let store = try TemporaryStore()
        try store.makeConversation()
        store.options.lockTimeout = .milliseconds(5)
        let opened = try store.open()
        let holder = try LockHolderForTests(store.path, document: "X")
        let before = try threads()
        for _ in 0..<60 { #expect(throws: HoldfastError.self) { try opened.update("X") { _ in } } }
        // Other tests may have threads too.
        #expect(try threads() < before + 40)
        store.options.lockTimeout = .seconds(5)
        let patient = try store.open()
        DispatchQueue.global().asyncAfter(deadline: .now() + 0.1) { holder.release() }
        #expect(try patient.update("X") { try $0.set("a", for: .metadata) }.outcome == .replacedFile)
    }

    @Test func `locks are taken in one order, whatever the order of the names`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        for name in ["A", "B"] { try opened.update(name) { try $0.set([], for: .events) } }
        DispatchQueue.concurrentPerform(iterations: 4) { index in
            do {
                for _ in 0..<25 {
                    let results = try opened.updateBatch(index % 2 == 0 ? ["A", "B"] : ["B", "A"]) { draft in
                        let events = try draft.value(.events) ?? []
                        try draft.set(events + [index], for: .events)
                    }
                    for result in results { _ = try result.get() }
                }
            } catch {
                Issue.record(error)
            }
        }
        #expect(try opened.snapshot("A").value(.events)?.count == 100)
        #expect(try opened.snapshot("B").value(.events)?.count == 100)
    }

    @Test func `threads of one process lose no update`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        DispatchQueue.concurrentPerform(iterations: 8) { index in
            do {
                for number in 0..<25 {
                    try opened.update("X") { draft in
                        let events = try draft.value(.events) ?? []
                        try draft.set(events + [index], for: .events)
                        // Every third is a swap.
                        if number % 3 == 0 { try draft.set("\(index) \(number)", for: .metadata) }
                    }
                }
            } catch {
                Issue.record(error)
            }
        }
        #expect(try opened.snapshot("X").value(.events)?.count == 200)
        #expect(try store.remnants().isEmpty)
    }

    @Test(arguments: ["a directory", "a symbolic link"])
    func `what stands in the lock file's place is named, and what to do about it`(what: String) throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        try opened.update("X") { try $0.set("1", for: .metadata) }
        try store.delete(".lock")
        if what == "a directory" {
            try store.write("", to: ".lock/file")
        } else {
            try FileManager.default.createSymbolicLink(
                atPath: store.url(".lock").path, withDestinationPath: "X/metadata.json")
        }
        let error = #expect(throws: HoldfastError.self) {
            try opened.update("X") { try $0.set("2", for: .metadata) }
        }
        #expect(error?.code == .unexpectedEntry)
        #expect(
            error?.description.hasSuffix("`.lock` is \(what); move it away; Holdfast makes a new one") == true,
            "\(String(describing: error))")
        #expect(try store.read("X/metadata.json") == "\"1\"")
    }

    @Test func `a lock file that is removed under a waiter leaves one holder`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let path = store.path
        let first = try LockHolderForTests(path, document: "X")
        let waiter = Mutex<Result<LockHolderForTests, any Error>?>(nil)
        let group = DispatchGroup()
        DispatchQueue.global().async(group: group) {
            let result = Result { try LockHolderForTests(path, document: "X", timeout: .seconds(5)) }
            waiter.withLock { $0 = result }
        }
        Thread.sleep(forTimeInterval: 0.3)
        try store.delete(".lock")
        first.release()
        group.wait()
        // It has locked a file that has no name any more, looked again, and taken the lock of the new one.
        let second = try #require(waiter.withLock { $0 }).get()
        #expect(throws: HoldfastError.self) { try LockHolderForTests(path, document: "X", timeout: .milliseconds(10)) }
        second.release()
        #expect(try store.open().update("X") { try $0.set("a", for: .metadata) }.outcome == .replacedFile)
    }

    @Test func `lock places are part of the protocol between processes`() throws {
        // Test vectors of FNV-1a's authors: "a" and "foobar".
        let mask: UInt64 = 0x3FFF_FFFF_FFFF_FFFF
        #expect(try DocumentName("a").lockRange.start == Int64(0xAF63_DC4C_8601_EC8C & mask) + 1)
        #expect(try DocumentName("foobar").lockRange.start == Int64(0x8594_4171_F739_67E8 & mask) + 1)
    }

    @Test func `async callers never block the cooperative pool`() async throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let opened = try store.open()
        let holder = try LockHolderForTests(store.path, document: "X")
        // More waiters than the pool has threads.
        async let waiting: Void = withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask { try await opened.update("X") { try $0.set([number], for: .events) } }
            }
            try await group.waitForAll()
        }
        // The pool still runs other work.
        for _ in 0..<100 { await Task.yield() }
        try await opened.update("Y") { try $0.set("free", for: .metadata) }
        #expect(try await opened.snapshot("Y").value(.metadata) == "free")
        holder.release()
        try await waiting
        #expect(try await opened.snapshot("X").value(.events)?.count == 1)
    }
}
