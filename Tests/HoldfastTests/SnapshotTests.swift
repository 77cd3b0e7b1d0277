import Foundation
import Holdfast
import HoldfastTesting
import Synchronization
import Testing

@Suite struct SnapshotTests {
    /// A store whose managed files all have literal names: snapshots of it need no listing, on no file system.
    private func literalStore() throws -> TemporaryStore {
        let store = try TemporaryStore()
        store.codecs = try CodecRegistry(NoteCodec(filenames: ["metadata.json", "events.json", "config.yaml"]))
        try store.makeConversation()
        return store
    }

    @Test func `a snapshot stays readable after later commits`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let opened = try store.open()
        let snapshot = try opened.snapshot("X")
        #expect(snapshot.managedFiles == ["config.yaml", "events.json", "metadata.json"])
        #expect(snapshot.unmanagedEntries == ["QUERY_MESSAGE.md", "files", "link"])
        try opened.update("X") { draft in
            try draft.set("new", for: .metadata)
            try draft.set([9], for: .events)
        }
        try opened.remove("X")
        #expect(try snapshot.value(.metadata) == "old title")
        #expect(try snapshot.value(.events) == [1, 2, 3])
        #expect(try snapshot.bytes("part-1.json") == nil)
        #expect(throws: HoldfastError.self) { try snapshot.bytes("QUERY_MESSAGE.md") }
        #expect(throws: HoldfastError.self) { try snapshot.value(ManagedFile<Int>("metadata.json")) }
    }

    @Test func `a document that is not there is not found`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        let error = #expect(throws: HoldfastError.self) { try opened.snapshot("X") }
        #expect(error?.code == .notFound)
        #expect(error?.description == "X: there is no such document; check the name")
    }

    @Test func `a swap between two opens is noticed`() throws {
        let store = try literalStore()
        let writer = try store.open()
        let swap = Meanwhile({ call, entry in call == .openat && entry == EntryName("events.json") }) {
            try writer.update("X") { draft in
                try draft.set("new", for: .metadata)
                try draft.set("new config", for: .config)
            }
        }
        store.before = swap.hook
        let snapshot = try store.open().snapshot("X")
        #expect(swap.hasHappened)
        #expect(try snapshot.value(.config) == "new config")
        #expect(try snapshot.value(.metadata) == "new")
    }

    @Test(arguments: [false, true]) func `where a directory is quiet, names are looked at again only if it changes`(
        changes: Bool
    ) throws {
        let store = try literalStore()
        let writer = try store.open()
        Thread.sleep(forTimeInterval: 0.05)
        let change = Meanwhile({ call, entry in changes && call == .openat && entry == EntryName("events.json") }) {
            try writer.update("X") { draft in try draft.set([4], for: .events) }
            try writer.update("X") { draft in try draft.set("new config", for: .config) }
        }
        let looks = Mutex(0)
        store.before = { (call, entry) throws(SystemCallError) in
            if call == .statx, entry == EntryName("config.yaml") { looks.withLock { $0 += 1 } }
            try change.hook(call, entry)
        }
        let opened = try store.open()
        looks.withLock { $0 = 0 }
        let snapshot = try opened.snapshot("X")
        #expect(change.hasHappened == changes)
        #expect(try snapshot.value(.config) == (changes ? "new config" : "old config"))
        #expect(try snapshot.value(.events) == (changes ? [4] : [1, 2, 3]))
        let kind = try Directory(path: store.path, on: POSIXFileSystem()).kind()
        if !changes { #expect(looks.withLock { $0 } == (kind.stampsAtOnce ? 0 : 1)) }
    }

    @Test func `a reader that is always too late takes the lock and finishes`() throws {
        let store = try literalStore()
        let writer = try store.open()
        let generation = Mutex(0)
        store.before = { (call, entry) throws(SystemCallError) in
            guard call == .openat, entry == EntryName("events.json") else { return }
            let number = generation.withLock { number in
                number += 1
                return number
            }
            // A commit before every attempt; under the reader's lock there can be none.
            if number > 4 { return }
            do {
                try writer.update("X") { draft in
                    try draft.set("\(number)", for: .metadata)
                    try draft.set("\(number)", for: .config)
                }
            } catch {
                throw SystemCallError(call, .inputOutput, entry: entry)
            }
        }
        let snapshot = try store.open().snapshot("X")
        #expect(generation.withLock { $0 } == 5)
        #expect(try snapshot.value(.metadata) == "4")
        #expect(try snapshot.value(.config) == "4")
    }

    @Test func `a reader that meets one gap of two renames after the other takes the lock and finishes`() throws {
        let store = try literalStore()
        let (live, old) = (store.url("X").path, store.url(".old-X").path)
        let gaps = Mutex(0)
        let isLocked = Mutex(false)
        // Writers are in their gap whenever the reader looks at the name, until it has the lock.
        store.before = { (call, entry) throws(SystemCallError) in
            if entry == EntryName(".lock") { isLocked.withLock { $0 = true } }
            if entry == EntryName("X"), !isLocked.withLock({ $0 }) {
                if rename(live, old) == 0 { gaps.withLock { $0 += 1 } }
            } else {
                rename(old, live)
            }
        }
        let opened = try store.open()
        isLocked.withLock { $0 = false }
        #expect(try opened.snapshot("X").value(.metadata) == "old title")
        #expect(gaps.withLock { $0 } > 0)
    }

    @Test func `after a crash in the gap the previous generation is read, and nothing is changed`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        try store.write("\"old\"", to: ".old-X/metadata.json")
        try store.write("\"new\"", to: ".staging-X/metadata.json")
        #expect(try opened.snapshot("X").value(.metadata) == "old")
        #expect(try opened.list() == ["X"])
        #expect(store.exists(".old-X"))
    }

    @Test func `a file that a listing misses, as file systems may on a rename, is found`() throws {
        let store = try literalStore()
        let opened = try DocumentStore.open(
            at: store.path, on: InterposedFileSystem(lists: { $0 != EntryName("events.json") }),
            codecs: store.codecs, options: store.options)
        #expect(try opened.snapshot("X").value(.events) == [1, 2, 3])
    }

    @Test(arguments: [false, true]) func `a file that comes after it was found missing is noticed`(
        isAskedFor: Bool
    ) throws {
        let store = try TemporaryStore()
        store.codecs = try CodecRegistry(NoteCodec(filenames: ["metadata.json", "events.json", "config.yaml"]))
        let writer = try store.open()
        try writer.update("X") { try $0.set("title", for: .metadata) }
        // Between the look for `config.yaml` and the one for `events.json` first the one comes, then the other.
        let creation = Meanwhile({ call, entry in call == .openat && entry == EntryName("events.json") }) {
            try writer.update("X") { try $0.set("config", for: .config) }
            try writer.update("X") { try $0.set([1], for: .events) }
        }
        store.before = creation.hook
        let filenames = ["events.json", "metadata.json", "config.yaml"]
        let snapshot = try store.open().snapshot("X", of: isAskedFor ? filenames : nil)
        #expect(creation.hasHappened)
        #expect(snapshot.managedFiles == filenames.sorted())
    }

    @Test func `only the files that are asked for are read`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let opened = Mutex<Set<String>>([])
        store.before = { (call, entry) throws(SystemCallError) in
            if let entry, call == .openat || call == .getdents64 { opened.withLock { _ = $0.insert("\(entry)") } }
        }
        let reader = try store.open()
        opened.withLock { $0.removeAll() }
        let snapshot = try reader.snapshot("X", of: ["metadata.json", "part-1.json", "metadata.json"])
        #expect(opened.withLock { $0 } == ["X", "metadata.json", "part-1.json"])
        #expect(snapshot.managedFiles == ["metadata.json"] && snapshot.unmanagedEntries.isEmpty)
        #expect(try snapshot.value(.metadata) == "old title")
        #expect(try snapshot.bytes("part-1.json") == nil)
        let unasked = #expect(throws: HoldfastError.self) { try snapshot.value(.events) }
        #expect(unasked?.description.hasPrefix("X/events.json: the snapshot was not asked for this file") == true)
        #expect(try reader.snapshot("X", of: []).managedFiles.isEmpty)
        let unmanaged = #expect(throws: HoldfastError.self) { try reader.snapshot("X", of: ["QUERY_MESSAGE.md"]) }
        #expect(unmanaged?.code == .unmanagedFilename)
        #expect(throws: HoldfastError.self) { try reader.snapshot("Y", of: ["metadata.json"]) }
    }

    @Test func `many files are read under the lock`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        try opened.update("X") { draft in
            for number in 0..<300 { try draft.set(number, for: ManagedFile("part-\(number).json")) }
        }
        let snapshot = try opened.snapshot("X")
        #expect(snapshot.managedFiles.count == 300)
        #expect(try snapshot.value(ManagedFile<Int>("part-299.json")) == 299)
    }

    @Test func `a listing shows documents alone`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        for name in ["b", "a", "\u{E9}", "e\u{301}"] { try store.write("1", to: "\(name)/metadata.json") }
        for name in [".staging-c", ".removed-d", ".hidden", ".trash/e"] { try store.write("1", to: "\(name)/file") }
        try store.write("a file", to: "README.md")
        #expect(try opened.list() == ["a", "b", "e\u{301}", "\u{E9}"])
        Thread.sleep(forTimeInterval: 0.05)
        #expect(try opened.list().map { Array($0.utf8) } == ["a", "b", "e\u{301}", "\u{E9}"].map { Array($0.utf8) })
    }
}
