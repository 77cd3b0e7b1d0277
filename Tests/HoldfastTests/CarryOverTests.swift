import Foundation
import Holdfast
import HoldfastTesting
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What a swap brings along, and what it does when links are refused.
@Suite struct CarryOverTests {
    private func swap(_ store: TemporaryStore) throws -> Receipt {
        try store.open().update("X") { draft in
            try draft.set("new title", for: .metadata)
            try draft.set([9], for: .events)
        }
    }

    /// Not UTF-8, as an attribute's name may be.
    private static let attribute = EntryName(bytes: Array("user.mark".utf8) + [0xFF])

    private func mark(_ store: TemporaryStore, _ document: String, _ name: String) throws {
        let file = try Directory(path: store.url(document).path, on: POSIXFileSystem()).open(EntryName(name))
        try withExtendedLifetime(file) {
            try POSIXFileSystem().setExtendedAttribute(Self.attribute, of: file.descriptor, to: Array("yes".utf8))
        }
    }

    private func isMarked(_ store: TemporaryStore, _ document: String, _ name: String) throws -> Bool {
        let file = try Directory(path: store.url(document).path, on: POSIXFileSystem()).open(EntryName(name))
        return try withExtendedLifetime(file) {
            try POSIXFileSystem().extendedAttribute(Self.attribute, of: file.descriptor) == Array("yes".utf8)
        }
    }

    @Test func `links keep the inode with all its metadata`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let path = store.url("X/QUERY_MESSAGE.md").path
        #expect(chmod(path, 0o4711) == 0)
        try mark(store, "X", "QUERY_MESSAGE.md")
        let before = try store.status("X/QUERY_MESSAGE.md")
        let receipt = try swap(store)
        let after = try store.status("X/QUERY_MESSAGE.md")
        #expect(after.st_ino == before.st_ino && after.st_mode == before.st_mode)
        #expect(after.st_mtim.tv_sec == before.st_mtim.tv_sec && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec)
        #expect(after.st_nlink == 1)
        #expect(try isMarked(store, "X", "QUERY_MESSAGE.md"))
        #expect(receipt.carryOver?.copied == 0 && receipt.carryOver?.bytesCopied == 0)
        #expect(receipt.carryOver?.reasonsNotLinked == [])
    }

    @Test func `an editor that holds a file open goes on writing to the live one`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let editor = try FileHandle(forWritingTo: store.url("X/QUERY_MESSAGE.md"))
        try editor.seekToEnd()
        _ = try swap(store)
        try editor.write(contentsOf: Data(", and more".utf8))
        try editor.close()
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question, and more")
    }

    @Test func `copies keep metadata where links are refused`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.options.withheldCapabilities = [.link]
        let path = store.url("X/QUERY_MESSAGE.md").path
        #expect(chmod(path, 0o640) == 0)
        try mark(store, "X", "QUERY_MESSAGE.md")
        if getuid() == 0 { #expect(chown(path, 12, 34) == 0) }
        #expect(chmod(store.url("X/files").path, 0o751) == 0)
        let before = ["X/QUERY_MESSAGE.md", "X/link", "X/files", "X/files/deep"].map { ($0, try? store.status($0)) }
        let receipt = try swap(store)
        for (name, status) in before {
            let old = try #require(status)
            let new = try store.status(name)
            #expect(new.st_ino != old.st_ino, "\(name)")
            #expect(new.st_mode == old.st_mode && new.st_uid == old.st_uid && new.st_gid == old.st_gid, "\(name)")
            #expect(
                new.st_mtim.tv_sec == old.st_mtim.tv_sec && new.st_mtim.tv_nsec == old.st_mtim.tv_nsec, "\(name)")
        }
        #expect(try isMarked(store, "X", "QUERY_MESSAGE.md"))
        #expect(receipt.carryOver?.linked == 0)
        #expect(receipt.carryOver?.reasonsNotLinked.isEmpty == false)
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
    }

    /// An access control list as the attribute holds it: all for one user more (acl(5), linux/posix_acl_xattr.h).
    private static let list: [UInt8] = {
        let entries: [(tag: UInt16, rights: UInt16, id: UInt32)] = [
            (0x01, 7, .max), (0x02, 7, 1234), (0x04, 5, .max), (0x10, 7, .max), (0x20, 5, .max),
        ]
        func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.littleEndian, Array.init) }
        return bytes(UInt32(2)) + entries.flatMap { bytes($0.tag) + bytes($0.rights) + bytes($0.id) }
    }()

    private static func setList(_ name: String, _ path: String) throws {
        let directory = try Directory(path: path, on: POSIXFileSystem())
        try withExtendedLifetime(directory) {
            try POSIXFileSystem().setExtendedAttribute(EntryName(name), of: directory.descriptor, to: list)
        }
    }

    private static let hasLists: Bool = {
        let folder = NSTemporaryDirectory() + "/acl-\(UUID())"
        defer { rmdir(folder) }
        return mkdir(folder, 0o755) == 0 && (try? setList("system.posix_acl_default", folder)) != nil
    }()

    @Test(.enabled(if: hasLists, "the file system has no access control lists"))
    func `what a default access control list would open stays closed`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let (folders, files) = (["X", "X/files", "X/files/deep"], ["metadata.json", "events.json"])
        func lists() throws -> [[EntryName]] {
            let directories = try folders.map { try Directory(path: store.url($0).path, on: POSIXFileSystem()) }
            let opened = try files.map { try directories[0].open(EntryName($0)) }
            return try withExtendedLifetime((directories, opened)) {
                try (directories.map(\.descriptor) + opened.map(\.descriptor)).map {
                    try POSIXFileSystem().extendedAttributeNames($0).filter { $0.hasPrefix("system.posix_acl") }
                }
            }
        }
        try Self.setList("system.posix_acl_default", store.path)
        _ = try swap(store)
        #expect(try lists() == [[], [], [], [], []])
        // A list that the document has by itself stays.
        try Self.setList("system.posix_acl_access", store.url("X/files").path)
        _ = try store.open().update("X") { draft in
            try draft.set("newer title", for: .metadata)
            try draft.set([10], for: .events)
        }
        #expect(try lists() == [[], [EntryName("system.posix_acl_access")], [], [], []])
    }

    @Test(.enabled(if: hasLists, "the file system has no access control lists"))
    func `new files get what the document's directory hands down`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try FileManager.default.removeItem(at: store.url("X/events.json"))
        // Only the superuser may take any group.
        let shared: gid_t = geteuid() == 0 ? 2000 : getegid()
        #expect(chown(store.url("X").path, geteuid(), shared) == 0 && chmod(store.url("X").path, 0o2770) == 0)
        try Self.setList("system.posix_acl_default", store.url("X").path)
        func group(of path: String) throws -> UInt32 {
            var status = stat()
            try #require(lstat(store.url(path).path, &status) == 0)
            return status.st_gid
        }
        let former = try group(of: "X/metadata.json")
        let receipt = try swap(store)
        #expect(receipt.method != .rename && receipt.warnings.isEmpty)
        #expect(try group(of: "X") == shared && group(of: "X/events.json") == shared)
        #expect(try group(of: "X/metadata.json") == former)
        var status = stat()
        #expect(lstat(store.url("X").path, &status) == 0 && status.st_mode & 0o7777 == 0o2770)
        let document = try Directory(path: store.url("X").path, on: POSIXFileSystem())
        let names = try ["events.json", "metadata.json"].map { name in
            let file = try document.open(EntryName(name))
            return try withExtendedLifetime(file) {
                try POSIXFileSystem().extendedAttributeNames(file.descriptor)
                    .contains(EntryName("system.posix_acl_access"))
            }
        }
        #expect(names == [true, false])
    }

    /// A store of user 1001's, shared with the group 2000, as user 1002 finds it.
    private func shared(with groups: Set<UInt32>) throws -> (store: DocumentStore, root: Directory) {
        var configuration = SimulatedMachine.Configuration()
        configuration.protectsHardLinks = false
        configuration.umask = 0
        configuration.user = 1001
        let first = SimulatedMachine(configuration)
        let root = try Directory(path: "/", on: first.client())
        try root.makeDirectory(EntryName("store"), mode: 0o777)
        let store = try DocumentStore.open(
            at: "/store", on: first.client(), codecs: CodecRegistry(NoteCodec()), options: StoreOptions())
        try store.update("X") { draft in
            try draft.set("title", for: .metadata)
            try draft.set([1], for: .events)
        }
        let document = try Directory(EntryName("X"), in: Directory(EntryName("store"), in: root))
        for name in ["metadata.json", "events.json"] {
            let file = try document.open(EntryName(name))
            try file.setOwner(user: 1001, group: 2000)
            try file.setMode(0o660)
        }
        try first.client().setOwner(document.descriptor, user: 1001, group: 2000)
        try document.setMode(0o2777)
        configuration.user = 1002
        configuration.groups = groups
        let second = SimulatedMachine(configuration, booting: first.tree)
        let opened = try DocumentStore.open(
            at: "/store", on: second.client(), codecs: CodecRegistry(NoteCodec()), options: StoreOptions())
        return (opened, try Directory(path: "/store", on: second.client()))
    }

    @Test func `another user's save leaves the document to their group`() throws {
        let (store, root) = try shared(with: [1002, 2000])
        for count in [1, 2] {
            let receipt = try store.update("X") { draft in
                try draft.set("title \(count)", for: .metadata)
                if count == 2 { try draft.set([2], for: .events) }
            }
            #expect(receipt.outcome == (count == 2 ? .swapped : .replacedFile))
            #expect(receipt.warnings.isEmpty)
            let document = try Directory(EntryName("X"), in: root)
            let status = try document.status(of: EntryName("metadata.json"))
            #expect((status.user, status.group, status.mode) == (1002, 2000, 0o660))
            #expect(try document.status().group == 2000)
            #expect(try document.status().mode == 0o2777)
        }
    }

    @Test func `what can't be left to a group is closed to another, and the receipt says so`() throws {
        let (store, root) = try shared(with: [1002])
        let receipt = try store.update("X") { draft in
            try draft.set("new", for: .metadata)
            try draft.set([2], for: .events)
        }
        #expect(receipt.warnings.count == 3)
        #expect(receipt.warnings.contains { $0.message.contains("`events.json` was the group's 2000") })
        let document = try Directory(EntryName("X"), in: root)
        let status = try document.status(of: EntryName("metadata.json"))
        #expect((status.user, status.group, status.mode) == (1002, 1002, 0o600))
        #expect(try document.status().mode == 0o2777)
    }

    @Test func `a large file is copied to its end through memory`() throws {
        let store = try TemporaryStore()
        store.options.withheldCapabilities = [.link, .clone, .copyRange]
        try store.makeConversation()
        let text = String(repeating: "a", count: 300_000) + "b"
        try store.write(text, to: "X/notes.md")
        _ = try swap(store)
        #expect(try store.read("X/notes.md") == text)
    }

    @Test func `copies keep holes`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.options.withheldCapabilities = [.link, .clone]
        let sparse = try FileHandle(forWritingTo: store.url("X/QUERY_MESSAGE.md"))
        try sparse.seek(toOffset: 64 << 20)
        try sparse.write(contentsOf: Data("end".utf8))
        try sparse.close()
        let receipt = try swap(store)
        let status = try store.status("X/QUERY_MESSAGE.md")
        #expect(status.st_size == 64 << 20 + 3)
        #expect(status.st_blocks < 1024)
        #expect(try #require(receipt.carryOver).bytesCopied < 1 << 20)
    }

    @Test func `hard-linked names of other users' files are copied under protected hardlinks`() throws {
        // EPERM for one file alone is no property of the file system.
        let store = try TemporaryStore()
        try store.makeConversation()
        let fault = Fault(
            .notPermitted, in: { call, entry in call == .linkat && entry == EntryName("QUERY_MESSAGE.md") })
        store.before = fault.hook
        let receipt = try swap(store)
        #expect(fault.hasHappened)
        #expect(receipt.carryOver?.linked == 3)
        #expect((receipt.carryOver?.copied ?? 0) + (receipt.carryOver?.cloned ?? 0) == 1)
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
    }

    @Test func `a named pipe is linked, and fails the commit where links are refused`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        #expect(mkfifo(store.url("X/files/pipe").path, 0o600) == 0)
        _ = try swap(store)
        #expect(try store.status("X/files/pipe").st_mode & S_IFMT == S_IFIFO)
        store.options.withheldCapabilities = [.link]
        let before = try store.tree()
        let error = #expect(throws: HoldfastError.self) {
            try store.open().update("X") { draft in
                try draft.set("newer", for: .metadata)
                try draft.set([10], for: .events)
            }
        }
        #expect(error?.code == .cannotCarry)
        #expect(error?.file == "files/pipe")
        #expect(try store.tree() == before)
    }

    @Test func `names that are not UTF-8 are carried`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let name = EntryName(bytes: Array("bad-".utf8) + [0xFF, 0xFE])
        func directory() throws -> Directory { try Directory(path: store.url("X").path, on: POSIXFileSystem()) }
        try directory().create(name, mode: 0o600).close()
        _ = try swap(store)
        #expect(try directory().statusIfPresent(of: name)?.kind == .file)
    }

    @Test func `names that are canonically equal stay two files`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("composed", to: "X/\u{E9}.md")
        try store.write("decomposed", to: "X/e\u{301}.md")
        _ = try swap(store)
        #expect(try store.read("X/\u{E9}.md") == "composed")
        #expect(try store.read("X/e\u{301}.md") == "decomposed")
    }

    @Test func `the document keeps its mode, and staging is never more open`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        #expect(chmod(store.url("X").path, 0o2750) == 0)
        #expect(chmod(store.url("X/metadata.json").path, 0o604) == 0)
        let modes = ModeLog()
        let path = store.path
        store.before = { (call, _) throws(SystemCallError) in
            var status = stat()
            if lstat(path + "/.staging-X", &status) == 0 { modes.note(status.st_mode & 0o7777) }
        }
        _ = try swap(store)
        #expect(try store.status("X").st_mode & 0o7777 == 0o2750)
        #expect(try store.status("X/metadata.json").st_mode & 0o7777 == 0o604)
        #expect(modes.all.contains(0o700))
        #expect(modes.all.allSatisfy { $0 & ~0o2750 == 0 })
    }
}

private final class ModeLog: Sendable {
    private let modes = Mutex<Set<UInt32>>([])
    var all: Set<UInt32> { modes.withLock { $0 } }
    func note(_ mode: UInt32) { modes.withLock { _ = $0.insert(mode) } }
}
