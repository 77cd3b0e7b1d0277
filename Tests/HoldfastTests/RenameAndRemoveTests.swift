import Foundation
import Holdfast
import HoldfastTesting
import Testing

@Suite struct RenameAndRemoveTests {
    @Test(arguments: Help.allCases) func `a rename moves the document as it is`(help: Help) throws {
        let store = try TemporaryStore(durability: .powerLoss)
        store.options.withheldCapabilities = help.withheld
        try store.makeConversation()
        let inode = try store.inode("X")
        let receipt = try store.open().rename("X", to: "Y")
        #expect(receipt.outcome == .renamed && receipt.document == "Y")
        #expect(receipt.flushes == (receipt.flushProtocol == .orderedJournal ? 1 : 2))
        #expect(!store.exists("X"))
        #expect(try store.inode("Y") == inode)
    }

    @Test(arguments: Help.allCases) func `a rename never replaces a document`(help: Help) throws {
        let store = try TemporaryStore()
        store.options.withheldCapabilities = help.withheld
        try store.makeConversation("X")
        try store.makeConversation("Y")
        let before = try store.tree()
        let opened = try store.open()
        #expect(#expect(throws: HoldfastError.self) { try opened.rename("X", to: "Y") }?.code == .alreadyExists)
        #expect(#expect(throws: HoldfastError.self) { try opened.rename("Z", to: "W") }?.code == .notFound)
        #expect(try opened.rename("X", to: "X").outcome == .unchanged)
        // A file of that name is no document, and is not replaced either.
        try store.write("a file", to: "W")
        #expect(#expect(throws: HoldfastError.self) { try opened.rename("X", to: "W") }?.code == .alreadyExists)
        try store.delete("W")
        #expect(try store.tree() == before)
    }

    @Test func `a document that is removed is gone with all that is in it`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        #expect(chmod(store.url("X/files/deep").path, 0o500) == 0)
        let receipt = try store.open().remove("X")
        #expect(receipt.outcome == .removed)
        #expect(try store.tree().isEmpty)
        let opened = try store.open()
        #expect(#expect(throws: HoldfastError.self) { try opened.remove("X") }?.code == .notFound)
    }

    @Test func `a removal follows no link`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("precious", to: "../outside/file.txt")
        try FileManager.default.createSymbolicLink(
            atPath: store.url("X/way-out").path, withDestinationPath: store.url("../outside").path)
        try store.open().remove("X")
        #expect(try store.read("../outside/file.txt") == "precious")
    }
}
