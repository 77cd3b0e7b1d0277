import Foundation
import Holdfast
import HoldfastTesting
import Testing

/// What there is too little of, or nothing any more: memory, descriptors, rights, the store itself.
@Suite struct ScarcityTests {
    /// Where the system promises any amount of memory, nothing says that a file is too large.
    private static let isMemoryBounded: Bool = {
        let mode = FileManager.default.contents(atPath: "/proc/sys/vm/overcommit_memory")
        return mode.map { $0.first != UInt8(ascii: "1") } ?? false
    }()

    @Test(.enabled(if: isMemoryBounded, "the system promises more memory than there is"))
    func `a file larger than memory is an error, not the process's end`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try #require(truncate(store.url("X/events.json").path, 1 << 43) == 0)
        let opened = try store.open()
        let error = #expect(throws: HoldfastError.self) { _ = try opened.snapshot("X") }
        #expect(error?.errno == ENOMEM)
        #expect(error?.description.contains("events.json") == true)
        let report = try opened.verify()
        #expect(!report.isSound)
        #expect(report.damage.isEmpty)
        #expect(report.unchecked.map(\.document) == ["X"])
        // It is no reason not to save something else.
        try opened.update("X") { try $0.set("new", for: .metadata) }
        #expect(try opened.snapshot("X", of: ["metadata.json"]).value(.metadata) == "new")
    }

    @Test func `a snapshot that can't hold all files open reads them one after the other`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let fault = Fault(.tooManyOpen, in: { call, entry in call == .openat && entry == EntryName("metadata.json") })
        store.before = fault.hook
        #expect(try store.open().snapshot("X").value(.metadata) == "old title")
        #expect(fault.hasHappened)
    }

    @Test func `a document that is not there is not found on a read-only file system either`() throws {
        let store = try TemporaryStore()
        try store.write("{}", to: "X/metadata.json")
        store.before = { (call, entry) throws(SystemCallError) in
            if call == .openat, entry == EntryName(".lock") { throw SystemCallError(call, .readOnly, entry: entry) }
        }
        let opened = try store.open()
        #expect(try opened.list() == ["X"])
        let error = #expect(throws: HoldfastError.self) { _ = try opened.snapshot("Y") }
        #expect(error?.code == .notFound)
    }

    @Test func `a store that was removed is no empty one`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        try FileManager.default.removeItem(atPath: store.path)
        try FileManager.default.createDirectory(atPath: store.path, withIntermediateDirectories: false)
        for body in [
            { _ = try opened.list() }, { _ = try opened.verify() }, { _ = try opened.recover() },
            { try opened.update("X") { try $0.set("title", for: .metadata) } },
        ] as [() throws -> Void] {
            let error = #expect(throws: HoldfastError.self) { try body() }
            #expect(error?.code == .storeRemoved && error?.document == nil)
            #expect(error?.description.contains("open the store again") == true)
        }
    }

    @Test func `a store is made where its parent can't be read`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        let isMade = Meanwhile({ call, _ in call == .mkdir }) {}
        let fault = Fault(.accessDenied, in: { call, _ in call == .openat && isMade.hasHappened })
        store.after = isMade.hook
        store.before = fault.hook
        #expect(try store.open().list() == [])
        #expect(fault.hasHappened)
    }

    @Test func `what fails in a folder is named with its path`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let fault = Fault(.noSpace, in: { call, entry in call == .linkat && entry == EntryName("attachment.txt") })
        store.before = fault.hook
        let error = #expect(throws: HoldfastError.self) {
            try store.open().update("X") { draft in
                try draft.set("new", for: .metadata)
                try draft.set([1], for: .events)
            }
        }
        #expect(error?.file == "files/deep/attachment.txt")
        #expect(error?.description.contains("nothing was saved") == true)
    }

    @Test func `a draft is saved as its own document's, or not at all`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        for name in ["A", "B"] { try opened.update(name) { try $0.set(name, for: .metadata) } }
        let error = #expect(throws: HoldfastError.self) {
            try opened.update("A") { outer in
                try opened.update("B") { inner in swap(&outer, &inner) }
            }
        }
        #expect(error?.code == .conflict)
        #expect(try opened.snapshot("A").value(.metadata) == "A")
        #expect(try opened.snapshot("B").value(.metadata) == "B")
    }

    @Test func `a note that can't be written does not stay`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("{\"cut off", to: "X/metadata.json")
        let before = try store.tree()
        let fault = Fault(.noSpace, in: { call, _ in call == .pwrite })
        store.before = fault.hook
        let report = try store.open().verify(.trash)
        #expect(fault.hasHappened)
        #expect(!report.isSound)
        #expect(try store.tree() == before)
    }

    @Test func `where the trash is another user's, this one has a trash of its own`() throws {
        let store = try TemporaryStore()
        try store.makeConversation("A")
        try store.makeConversation("B")
        try store.write("{\"cut off", to: "A/metadata.json")
        #expect(try store.open().verify(.trash).damage.map(\.trashed) == [".trash/A"])
        try store.write("{\"cut off", to: "B/metadata.json")
        store.before = { (call, entry) throws(SystemCallError) in
            guard call == .openat, entry == EntryName(".trash") else { return }
            throw SystemCallError(call, .accessDenied, entry: entry)
        }
        let own = ".trash-\(geteuid())"
        #expect(try store.open().verify(.trash).damage.map(\.trashed) == ["\(own)/B"])
        #expect(try store.read("\(own)/B/QUERY_MESSAGE.md") == "a question")
        #expect(try store.status(own).st_mode & 0o777 == 0o700)
        // It is no document, and in nobody's way.
        #expect(try store.open().list().isEmpty)
        #expect(try store.open().recoveryReport.isClean)
    }
}
