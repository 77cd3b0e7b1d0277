import Foundation
import Holdfast
import HoldfastTesting
import Testing

/// Names that are no names, and links that somebody has planted.
@Suite struct SafetyTests {
    @Test(arguments: ["", ".", "..", ".hidden", "a/b", "a\0b", String(repeating: "x", count: 247)])
    func `a name that can't be a document's is refused`(name: String) throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        for operation in [
            { _ = try opened.update(name) { try $0.set("x", for: .metadata) } },
            { _ = try opened.snapshot(name) }, { _ = try opened.remove(name) },
            { _ = try opened.rename(name, to: "Y") },
            { _ = try opened.rename("Y", to: name) }, { _ = try opened.updateBatch([name]) { _ in } },
        ] as [() throws -> Void] {
            let error = #expect(throws: HoldfastError.self) { try operation() }
            #expect(error?.code == .invalidName)
            #expect(error?.description.contains("\n") == false)
        }
        #expect(try store.tree().isEmpty)
    }

    @Test func `the longest name is saved, swapped, recovered and removed`() throws {
        let store = try TemporaryStore()
        let name = String(repeating: "\u{E9}", count: 123)
        try store.makeConversation(name)
        let opened = try store.open()
        try opened.update(name) { draft in
            try draft.set("new", for: .metadata)
            try draft.set([9], for: .events)
        }
        #expect(try opened.snapshot(name).value(.metadata) == "new")
        try opened.remove(name)
        #expect(try store.tree().isEmpty)
    }

    @Test(arguments: [
        ".staging-X", ".old-X", ".removed-X", ".commit-X", "X", "X/events.json.tmp", "X/events.json", ".lock",
    ])
    func `a planted link is never followed`(place: String) throws {
        for target in ["outside", "missing"] {
            let store = try TemporaryStore()
            try store.makeConversation()
            try store.write("precious", to: "../outside/metadata.json")
            if store.exists(place) { try store.delete(place) }
            try FileManager.default.createSymbolicLink(
                atPath: store.url(place).path, withDestinationPath: store.folder.appending(path: target).path)
            do {
                let opened = try store.open()
                for operation in [
                    { try opened.update("X") { try $0.set([9], for: .events) } },
                    {
                        try opened.update("X") { draft in
                            try draft.set([10], for: .events)
                            try draft.set("new", for: .metadata)
                        }
                    },
                    { try opened.remove("X") },
                ] as [() throws -> Receipt] {
                    do { _ = try operation() } catch is HoldfastError {}
                }
            } catch is HoldfastError {}
            #expect(try store.read("../outside/metadata.json") == "precious")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: store.url("../outside").path) == ["metadata.json"])
            #expect(!FileManager.default.fileExists(atPath: store.folder.appending(path: "missing").path))
            if place != "X", place != "X/events.json", place != "X/events.json.tmp" {
                #expect(try store.status(place).st_mode & S_IFMT == S_IFLNK, "\(place)")
            }
        }
    }

    @Test func `a store that is a link or a file is refused`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let link = store.folder.appending(path: "link")
        try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: store.path)
        for path in [link.path, store.url("X/metadata.json").path] {
            let error = #expect(throws: HoldfastError.self) {
                try DocumentStore.open(at: path, codecs: store.codecs, options: store.options)
            }
            #expect(error?.code == .unexpectedEntry)
        }
        // On the way to it a link is as good as any directory.
        let through = store.folder.appending(path: "through")
        try FileManager.default.createSymbolicLink(atPath: through.path, withDestinationPath: store.folder.path)
        #expect(
            try DocumentStore.open(at: through.path + "/store", codecs: store.codecs, options: store.options).list()
                == ["X"])
    }

    @Test func `a missing store is created only where the options say so`() throws {
        let store = try TemporaryStore()
        store.options.createsStore = false
        #expect(#expect(throws: HoldfastError.self) { try store.open() }?.code == .notFound)
        store.options.createsStore = true
        #expect(try store.open().list().isEmpty)
    }

    @Test func `new files have the mode that the umask leaves`() throws {
        let store = try TemporaryStore()
        let mask = umask(0o027)
        defer { umask(mask) }
        try store.open().update("X") { try $0.set("a", for: .metadata) }
        #expect(try store.status("X").st_mode & 0o7777 == 0o750)
        #expect(try store.status("X/metadata.json").st_mode & 0o7777 == 0o640)
    }

    @Test func `registries refuse names that can't be managed and codecs that overlap`() throws {
        struct Other: ManagedFileCodec {
            var format = "other"
            var filenames: [FilenamePattern]
            func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data { Data() }
            func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws
                -> Value
            {
                throw CodecError("never")
            }
            func validate(_ bytes: Data, in context: CodecContext) throws {}
        }
        for (pattern, example) in [
            ("metadata.json", "metadata.json"), ("*.yaml", "config.yaml"), ("part-1*", "part-1.json"), ("*", "*"),
        ] {
            var registry = try CodecRegistry(NoteCodec())
            let error = #expect(throws: HoldfastError.self) {
                try registry.register(Other(filenames: [FilenamePattern(stringLiteral: pattern)]))
            }
            #expect(error?.code == .filenameOverlap)
            #expect(error?.description.contains("note") == true && error?.description.contains("other") == true)
            if example != "*" { #expect(error?.description.contains(example) == true, "\(pattern)") }
        }
        for pattern in [".hidden", "a.tmp", "a/b", "*.tmp", ".*", ""] {
            var registry = try CodecRegistry(NoteCodec())
            let error = #expect(throws: HoldfastError.self) {
                try registry.register(Other(filenames: [FilenamePattern(stringLiteral: pattern)]))
            }
            #expect(error?.code == .invalidName, "\(pattern)")
        }
    }
}
