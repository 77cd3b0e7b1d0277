import Foundation
import Holdfast
import HoldfastTesting
import Testing

/// Errors say what, where and what to do, each of it once.
@Suite struct ErrorTests {
    @Test func `what can't be copied into a document is named by where it is`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let path = store.folder.appending(path: "pipe").path
        #expect(mkfifo(path, 0o600) == 0)
        let error = #expect(throws: HoldfastError.self) {
            try store.open().update("X") { try $0.addUnmanaged("pipe", copying: path) }
        }
        #expect(
            error?.description
                == "X/pipe: `\(path)` can't be copied into the document: it is a FIFO and can't be linked; nothing was saved; "
                + "check what is to be copied")
        #expect(error?.code == .cannotCarry)
    }

    @Test func `a recovery that fails before an update is told by its own code`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("\"older\"", to: ".old-X/metadata.json")
        try store.write("a person's", to: ".old-X/notes.md")
        store.options.recoveryAtOpening = .report
        store.before = Fault(.noSpace, in: { call, _ in call == .renameat2 }).hook
        let error = #expect(throws: HoldfastError.self) {
            try store.open().update("X") { try $0.set("new", for: .metadata) }
        }
        #expect(error?.code == .ioFailed && error?.errno == ENOSPC && error?.document == "X")
        #expect(error?.description.contains("X: X") == false, "\(error?.description ?? "")")
    }

    @Test func `what a report finds names its document once`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.before = Fault(.inputOutput, in: { call, _ in call == .pread }).hook
        let damage = try #require(try store.open().verify().damage.first)
        #expect(damage.document == "X" && damage.file == "config.yaml")
        #expect(!damage.problem.contains("X") && !damage.problem.contains("config.yaml"), "\(damage.problem)")
    }

    @Test func `a person's file whose name begins with a dot is named`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("*.log", to: "X/.gitignore")
        store.before =
            Fault(.inputOutput, in: { call, entry in call == .linkat && entry == EntryName(".gitignore") })
            .hook
        let error = #expect(throws: HoldfastError.self) {
            try store.open().update("X") { draft in
                try draft.set("title", for: .metadata)
                try draft.set([1], for: .events)
            }
        }
        #expect(error?.file == ".gitignore" && error?.document == "X")
    }

    @Test func `a store that is gone is not a document that is gone`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let opened = try store.open()
        #expect(try opened.contains("X") && !opened.contains("Y"))
        #expect(throws: HoldfastError.self) { try opened.contains(".X") }
        try FileManager.default.removeItem(atPath: store.path)
        let failures: [HoldfastError?] = [
            #expect(throws: HoldfastError.self) { try opened.update("X") { try $0.set("new", for: .metadata) } },
            #expect(throws: HoldfastError.self) { try opened.snapshot("X") },
            #expect(throws: HoldfastError.self) { try opened.contains("X") },
            #expect(throws: HoldfastError.self) { try opened.list() },
        ]
        for error in failures { #expect(error?.code == .storeRemoved && error?.document == nil) }
    }

    @Test func `codes are text in JSON`() throws {
        let data = try JSONEncoder().encode([HoldfastError.Code.notFound, .durabilityUnknown])
        #expect(String(decoding: data, as: UTF8.self) == #"["notFound","durabilityUnknown"]"#)
        #expect(try JSONDecoder().decode([HoldfastError.Code].self, from: data) == [.notFound, .durabilityUnknown])
        #expect(HoldfastError.Code(rawValue: "other") == nil)
    }

    @Test func `keys and patterns are equal by their bytes`() {
        let (one, two) = ("\u{E9}.json", "e\u{301}.json")
        #expect(one == two)
        #expect(Set([ManagedFile<Int>(one), ManagedFile<Int>(two), ManagedFile<Int>(one)]).count == 2)
        #expect(Set([FilenamePattern(one), FilenamePattern(two), FilenamePattern(one)]).count == 2)
    }
}
