import Foundation
import Holdfast
import HoldfastTesting
import Synchronization
import Testing

@Suite struct AtomicFileTests {
    private func file(_ store: TemporaryStore, _ name: String = "file") -> String {
        store.folder.appending(path: name).path
    }

    private func write(
        _ text: String, to path: String,
        _ before: @escaping InterposedFileSystem.Hook = { (_, _) throws(SystemCallError) in }
    ) throws {
        try AtomicFile(path, durability: .powerLoss, on: InterposedFileSystem(before: before)).write(Data(text.utf8))
    }

    private func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func `a file is created and replaced, and keeps its mode`() throws {
        let store = try TemporaryStore()
        let path = file(store)
        try write("first", to: path)
        #expect(try read(path) == "first")
        #expect(chmod(path, 0o640) == 0)
        try write("second", to: path)
        #expect(try read(path) == "second")
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o640)
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder.path) == ["file"])
    }

    @Test func `a link's target is written, and the link stays`() throws {
        let store = try TemporaryStore()
        try FileManager.default.createDirectory(
            at: store.folder.appending(path: "inner"), withIntermediateDirectories: false)
        try write("first", to: file(store, "inner/target"))
        try FileManager.default.createSymbolicLink(atPath: file(store, "link"), withDestinationPath: "inner/target")
        try FileManager.default.createSymbolicLink(atPath: file(store, "second"), withDestinationPath: "link")
        try write("through both", to: file(store, "second"))
        #expect(try read(file(store, "inner/target")) == "through both")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: file(store, "link")) == "inner/target")
        try FileManager.default.createSymbolicLink(atPath: file(store, "circle"), withDestinationPath: "circle")
        #expect(throws: HoldfastError.self) { try write("x", to: file(store, "circle")) }
    }

    @Test func `at any failure the file is untouched and the temporary one gone`() throws {
        var number = 0
        while true {
            let store = try TemporaryStore()
            let path = file(store)
            try write("old", to: path)
            // The flush of the directory is the one call behind the rename.
            let fault = Fault(
                .noSpace, at: number,
                in: { call, entry in call.isMutating && (call != .openat || entry == EntryName("file.tmp")) })
            do {
                try write("new", to: path, fault.hook)
                #expect(try read(path) == "new")
            } catch let error as HoldfastError {
                #expect(try read(path) == (error.code == .durabilityUnknown ? "new" : "old"))
                #expect(error.description.contains("file"))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder.path) == ["file"])
            if !fault.hasHappened { break }
            number += 1
        }
        #expect(number >= 5)
    }

    @Test func `a name may begin with a combining character`() throws {
        let store = try TemporaryStore()
        let path = store.folder.path + "/\u{0301}x"
        try write("first", to: path)
        try FileManager.default.createSymbolicLink(atPath: file(store, "link"), withDestinationPath: path)
        try write("through the link", to: file(store, "link"))
        #expect(try read(path) == "through the link")
    }

    @Test func `what stands in the temporary name's place is not touched, and in nobody's way`() throws {
        let store = try TemporaryStore()
        let path = file(store)
        try write("old", to: path)
        try Data("a crash's".utf8).write(to: URL(filePath: path + ".tmp"))
        try FileManager.default.createDirectory(atPath: path + ".tmp-1", withIntermediateDirectories: false)
        try write("new", to: path)
        #expect(try read(path) == "new")
        #expect(try read(path + ".tmp") == "a crash's")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: store.folder.path).sorted() == [
                "file", "file.tmp", "file.tmp-1",
            ])
    }

    @Test func `of two writers at the same time both succeed, and one's content is there`() throws {
        let store = try TemporaryStore()
        let path = file(store)
        let isFirst = Mutex(true)
        try write("first", to: path) { (call, _) throws(SystemCallError) in
            guard call == .renameat2,
                isFirst.withLock({ isFirst in
                    defer { isFirst = false }
                    return isFirst
                })
            else { return }
            #expect(throws: Never.self) { try AtomicFile(path).write(Data("second".utf8)) }
        }
        #expect(try read(path) == "first")
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder.path) == ["file"])
    }

    @Test func `paths that name no file are refused`() throws {
        let store = try TemporaryStore()
        for name in ["inner/", ".", "..", "missing/file"] {
            #expect(throws: HoldfastError.self) { try write("x", to: file(store, "") + "/" + name) }
        }
        #expect(throws: HoldfastError.self) { try write("x", to: store.folder.path) }
    }
}
