import Dispatch
import Foundation
import HoldfastTesting
import Synchronization
import Testing

@testable import Holdfast

/// What the plain design of staging and renames lost, one test each.
@Suite struct DesignPointsTests {
    private func twoFiles(_ draft: inout Draft) throws {
        try draft.set("new title", for: .metadata)
        try draft.set([9], for: .events)
    }

    @Test func `1 cleanup never deletes the only copy`() throws {
        let store = try TemporaryStore()
        try Row.old.lay(in: store)
        _ = try store.open()
        #expect(try store.read("X/metadata.json") == "\"old\"")
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
    }

    @Test func `2 a save after a failed swap never deletes the only copy`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.options.withheldCapabilities = [.exchange]
        // The second rename and the one that would take the first back both fail.
        let failures = Mutex(0)
        store.before = { (call, entry) throws(SystemCallError) in
            guard call == .renameat2 else { return }
            let number = failures.withLock { count in
                count += 1
                return count
            }
            if number == 2 || number == 3 { throw SystemCallError(call, .inputOutput, entry: entry) }
        }
        let opened = try store.open()
        #expect(throws: HoldfastError.self) { try opened.update("X", twoFiles) }
        #expect(!store.exists("X") && store.exists(".old-X"))
        // The same store saves again.
        try opened.update("X") { draft in
            let title = try draft.value(.metadata)
            #expect(title == "old title")
            try draft.set("newer title", for: .metadata)
        }
        #expect(try store.read("X/events.json") == "[1,2,3]")
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
        #expect(try store.read("X/files/deep/attachment.txt") == "an attachment")
        #expect(try store.remnants().isEmpty)
    }

    @Test func `3 subfolders, links, times and attributes are carried over`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let files = ["X/QUERY_MESSAGE.md", "X/files/deep/attachment.txt"]
        for file in files {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_000_000_000)], ofItemAtPath: store.url(file).path)
        }
        func question() throws -> OpenFile {
            try Directory(path: store.url("X").path, on: POSIXFileSystem()).open(EntryName("QUERY_MESSAGE.md"))
        }
        let before = try question()
        try POSIXFileSystem().setExtendedAttribute(EntryName("user.mark"), of: before.descriptor, to: [1])
        let folder = try store.status("X/files")
        try store.open().update("X", twoFiles)
        for file in files { #expect(try store.status(file).st_mtim.tv_sec == 1_000_000_000) }
        #expect(try store.status("X/files").st_mtim.tv_nsec == folder.st_mtim.tv_nsec)
        #expect(try store.tree()["X/link"] == "-> files/deep/attachment.txt")
        let after = try question()
        #expect(try POSIXFileSystem().extendedAttribute(EntryName("user.mark"), of: after.descriptor) == [1])
        #expect(try before.status().identity == after.status().identity)
    }

    @Test(arguments: [[], [Capability.exchange]])
    func `4 readers always find the document`(withheld: [Capability]) throws {
        let store = try TemporaryStore()
        store.options.withheldCapabilities = Set(withheld)
        try store.makeConversation()
        let opened = try store.open()
        let isDone = Atomic(false)
        let reads = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 3) { index in
            do {
                if index == 0 {
                    var number = 0
                    // As many as it takes for the readers to have met some, on a busy machine too.
                    while number < 150 || (reads.load(ordering: .relaxed) < 20 && number < 20_000) {
                        number += 1
                        try opened.update("X") { draft in
                            try draft.set("\(number)", for: .metadata)
                            try draft.set([number], for: .events)
                        }
                    }
                    isDone.store(true, ordering: .releasing)
                } else {
                    while !isDone.load(ordering: .acquiring) {
                        let snapshot = try opened.snapshot("X")
                        let title = try snapshot.value(.metadata)
                        let events = try snapshot.value(.events)
                        #expect(title == "old title" || title == events?.first.map(String.init))
                        #expect(try opened.list() == ["X"])
                        reads.add(1, ordering: .relaxed)
                    }
                }
            } catch {
                Issue.record(error)
                isDone.store(true, ordering: .releasing)
            }
        }
        #expect(reads.load(ordering: .relaxed) > 10)
    }

    @Test func `5 everything is flushed before the swap, and the swap before anything is deleted`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        let calls = Mutex<[String]>([])
        store.before = { (call, entry) throws(SystemCallError) in
            switch call {
            case .renameat2 where entry == EntryName(".staging-X") || entry == EntryName(".old-X"):
                calls.withLock { $0.append("swap") }
            case .fsync, .unlinkat, .rmdirat, .pwrite: calls.withLock { $0.append(call.rawValue) }
            default: break
            }
        }
        let receipt = try store.open().update("X", twoFiles)
        let log = calls.withLock { $0 }
        let firstRename = try #require(log.firstIndex(of: "swap"))
        let lastRename = try #require(log.lastIndex(of: "swap"))
        let lastWrite = try #require(log.lastIndex(of: "pwrite"))
        let firstDeletion = try #require(log.firstIndex { $0 == "unlinkat" || $0 == "rmdirat" })
        // Two files, two subfolders and the staging itself, unless one journal keeps them all in order.
        let isOrdered = receipt.flushProtocol == .orderedJournal
        #expect(isOrdered || receipt.flushProtocol == .eachFile)
        // And the file that is carried over, which this store has not seen before.
        #expect(log[..<firstRename].filter { $0 == "fsync" }.count == (isOrdered ? 0 : 6))
        #expect(lastWrite < firstRename)
        #expect(log[lastRename..<firstDeletion].contains("fsync"))
        #expect(receipt.flushes == log.filter { $0 == "fsync" }.count)
    }

    @Test func `6 cleanup leaves a live writer alone`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let path = store.path
        let (codecs, options) = (store.codecs, store.options)
        // Another process starts at every step of the swap.
        let starts = Atomic(0)
        store.before = { (call, entry) throws(SystemCallError) in
            guard call == .renameat2 || call == .unlinkat || call == .rmdirat else { return }
            do {
                _ = try DocumentStore.open(at: path, codecs: codecs, options: options)
                starts.add(1, ordering: .relaxed)
            } catch {
                throw SystemCallError(call, .inputOutput, entry: entry)
            }
        }
        let opened = try store.open()
        #expect(try opened.update("X", twoFiles).warnings.isEmpty)
        #expect(starts.load(ordering: .relaxed) > 4)
        #expect(try store.read("X/metadata.json") == "\"new title\"")
        #expect(try store.remnants().isEmpty)
    }

    @Test func `7 a person's temporary files are not swept`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("mine", to: "X/notes.tmp")
        try store.write("half", to: "X/events.json.tmp")
        try store.open().update("X", twoFiles)
        #expect(try store.read("X/notes.tmp") == "mine")
        #expect(!store.exists("X/events.json.tmp"))
    }

    @Test func `8 an editor's save between carry-over and swap is kept`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let url = store.url("X/QUERY_MESSAGE.md")
        let editor = Meanwhile({ call, _ in call == .renameat2 }) {
            try Data("a better question".utf8).write(to: url, options: .atomic)
        }
        store.before = editor.hook
        try store.open().update("X", twoFiles)
        #expect(editor.hasHappened)
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a better question")
    }

    @Test func `9 writers of one document take turns`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let first = try store.open()
        let second = try store.open()
        let inside = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 4) { index in
            do {
                for _ in 0..<20 {
                    try (index % 2 == 0 ? first : second).update("X") { draft in
                        #expect(inside.add(1, ordering: .sequentiallyConsistent).newValue == 1)
                        try draft.set("\(index)", for: .metadata)
                        #expect(inside.subtract(1, ordering: .sequentiallyConsistent).newValue == 0)
                    }
                }
            } catch {
                Issue.record(error)
            }
        }
    }

    @Test func `10 the directory stays the same when nothing or one file changes`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let inode = try store.inode("X")
        let opened = try store.open()
        #expect(try opened.update("X") { try $0.set("old title", for: .metadata) }.outcome == .unchanged)
        #expect(try opened.update("X") { try $0.set("other", for: .metadata) }.outcome == .replacedFile)
        #expect(try store.inode("X") == inode)
    }

    @Test func `11 what cleanup could not do is reported`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let warnings = Mutex<[String]>([])
        store.options.observer = { event in
            if case .warning(let warning) = event { warnings.withLock { $0.append(warning.description) } }
        }
        store.before = Fault(.inputOutput, in: { call, _ in call == .rmdirat }).hook
        let receipt = try store.open().update("X", twoFiles)
        #expect(receipt.warnings.count == 1)
        #expect(warnings.withLock { $0 } == receipt.warnings.map(\.description))
        #expect(try store.remnants() == [".old-X"])
        #expect(try store.reopen().recoveryReport.documents.first?.actions == [.reconcileUnmanaged, .removeOld])
    }

    @Test func `12 every name that is accepted fits with every prefix`() throws {
        let store = try TemporaryStore()
        let name = String(repeating: "x", count: DocumentName.maximumLength)
        try store.makeConversation(name)
        store.options.withheldCapabilities = [.exchange]
        try store.open().update(name) { draft in
            try twoFiles(&draft)
            try draft.removeUnmanaged("QUERY_MESSAGE.md")
        }
        #expect(try store.read("\(name)/metadata.json") == "\"new title\"")
        #expect(throws: HoldfastError.self) { try store.open().update(name + "x") { _ in } }
    }

    @Test func `13 a title change never deletes before it has saved`() throws {
        var cuts = 0
        while true {
            let store = try TemporaryStore()
            try CommitShape.renamedAndChanged.lay(in: store)
            let cut = Cut(after: cuts)
            store.before = cut.hook
            do { try CommitShape.renamedAndChanged.commit(store.open(), store) } catch is HoldfastError {}
            // As it lies, before any recovery: a whole generation stands somewhere.
            let titles = try store.tree().filter { $0.key.hasSuffix("/metadata.json") }.map(\.value)
            #expect(titles.contains("\"old title\"") || titles.contains("\"new title\""))
            _ = try store.reopen()
            #expect(CommitShape.renamedAndChanged.generations.contains(try store.tree()))
            if !cut.hasHappened { break }
            cuts += 1
        }
        #expect(cuts > 5)
    }

    @Test func `14 a lock never has two holders`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let holder = try LockHolderForTests(store.path, document: "X")
        // A holder that ends lets exactly one in, and closing another descriptor of the file lets nobody in.
        #expect(throws: HoldfastError.self) { try LockHolderForTests.tryOnce(store.path, document: "X") }
        try Directory(path: store.path, on: POSIXFileSystem()).open(EntryName(".lock")).close()
        #expect(throws: HoldfastError.self) { try LockHolderForTests.tryOnce(store.path, document: "X") }
        holder.release()
        let next = try LockHolderForTests.tryOnce(store.path, document: "X")
        #expect(throws: HoldfastError.self) { try LockHolderForTests.tryOnce(store.path, document: "X") }
        next.release()
        #expect(store.exists(".lock"))
    }

    @Test func `15 a waiter reads after it has got the lock`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let opened = try store.open()
        let holder = try LockHolderForTests(store.path, document: "X")
        let waiter = DispatchGroup()
        DispatchQueue.global().async(group: waiter) {
            do {
                try opened.update("X") { draft in
                    let events = try draft.value(.events) ?? []
                    try draft.set(events + [5], for: .events)
                }
            } catch {
                Issue.record(error)
            }
        }
        Thread.sleep(forTimeInterval: 0.1)
        try store.write("[1,2,3,4]", to: "X/events.json")
        holder.release()
        waiter.wait()
        #expect(try store.read("X/events.json") == "[1,2,3,4,5]")
    }
}
