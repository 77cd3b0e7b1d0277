import Foundation
import HoldfastTesting
import Synchronization
import Testing

@testable import Holdfast

/// What others do to a store while a commit is under way, and what they leave in documents.
@Suite struct MeddlingTests {
    private func two(_ draft: inout Draft) throws {
        try draft.set("new title", for: .metadata)
        try draft.set([9], for: .events)
    }

    private func shell(_ command: String, in store: TemporaryStore) throws { try Self.shell(command, at: store.path) }

    private static func shell(_ command: String, at path: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "cd '\(path)' && " + command]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(command)")
    }

    /// Does something right before the names change.
    private func beforeSwap(_ command: String, in store: TemporaryStore) -> Meanwhile {
        let path = store.path
        let first = store.options.withheldCapabilities.contains(.exchange) ? "X" : ".staging-X"
        let meanwhile = Meanwhile({ call, entry in call == .renameat2 && entry == EntryName(first) }) {
            try Self.shell(command, at: path)
        }
        store.before = meanwhile.hook
        return meanwhile
    }

    @Test(arguments: [Cleanup.beforeReturning, .inBackground])
    func `who removes the previous generation by hand removes nothing from the new one`(cleanup: Cleanup) throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        store.options.cleanup = cleanup
        store.options.cleansUpByItself = false
        let path = store.path
        let removal = Meanwhile({ call, _ in
            call == .fsync && FileManager.default.fileExists(atPath: "\(path)/.old-X/metadata.json")
        }) {
            try Self.shell("rm -rf .old-X", at: path)
        }
        if cleanup == .beforeReturning { store.before = removal.hook }
        let opened = try store.open()
        try opened.update("X") { try two(&$0) }
        if cleanup == .inBackground { try shell("rm -rf .old-X", in: store) }
        opened.finishCleanup()
        #expect(removal.hasHappened == (cleanup == .beforeReturning))
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
        #expect(try store.read("X/config.yaml") == "\"old config\"")
        #expect(try store.read("X/events.json") == "[9]")
    }

    @Test(arguments: Help.allCases) func `a document that was moved away keeps what it has`(help: Help) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.options.withheldCapabilities = help.withheld
        let before = try store.tree("X")
        let move = beforeSwap("mv X X.bak && cp -a X.bak X", in: store)
        try store.open().update("X") { try two(&$0) }
        #expect(move.hasHappened)
        #expect(try store.tree("X.bak") == before)
        _ = try store.reopen()
        #expect(try store.tree("X.bak") == before)
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
        #expect(try store.read("X/events.json") == "[9]")
    }

    @Test func `a directory that was put in the document's place goes to the trash whole`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        try store.write("\"precious\"", to: "aside/metadata.json")
        // Behind the last look at the document's place.
        let path = store.path
        let move = Meanwhile({ call, entry in call == .renameat2 && entry == EntryName(".old-X") }) {
            try Self.shell("mv X X.bak && mv aside X", at: path)
        }
        store.before = move.hook
        let receipt = try store.open().update("X") { try two(&$0) }
        #expect(move.hasHappened && receipt.warnings.count == 1)
        _ = try store.reopen()
        #expect(try store.read(".trash/X/metadata.json") == "\"precious\"")
        #expect(try store.read("X/events.json") == "[9]")
        #expect(try store.remnants().isEmpty)
    }

    @Test func `a document that is closed to others meanwhile stays so`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let change = beforeSwap("chmod 700 X", in: store)
        try store.open().update("X") { try two(&$0) }
        #expect(change.hasHappened)
        #expect(try store.status("X").st_mode & 0o777 == 0o700)
    }

    @Test(arguments: [
        ".holdfast-taken-QUERY_MESSAGE.md", ".nfs-server-settings.conf", ".nfs00000000000000000000zz", ".fuse_hidden",
    ]) func `a person's file may have any name`(name: String) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("mine", to: "X/\(name)")
        let receipt = try store.open().update("X") { try two(&$0) }
        #expect(receipt.reconciled.isEmpty)
        #expect(try store.read("X/\(name)") == "mine")
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
        #expect(try store.remnants().isEmpty)
    }

    /// Whether a file can be made immutable here: by the superuser, and not on every file system.
    private static let hasFlags: Bool = {
        do {
            let store = try TemporaryStore()
            try store.write("fixed", to: "X")
            return try store.setsFlag("+i", on: "X") && store.setsFlag("-i", on: "X")
        } catch {
            return false
        }
    }()

    @Test(.enabled(if: hasFlags, "no file can be made immutable here"), arguments: ["+i", "+a"])
    func `what can't be removed is refused before it is in the way`(flag: String) throws {
        let cases = [
            ("imm.txt", nil), ("files/deep/imm.txt", nil), ("files/deep/imm.txt", "files"), ("events.json", nil),
        ]
        for (path, removal) in cases {
            let store = try TemporaryStore()
            try store.makeConversation()
            try store.write("fixed", to: "X/\(path)")
            try #require(try store.setsFlag(flag, on: "X/\(path)"))
            defer { _ = try? store.setsFlag(flag.replacing("+", with: "-"), on: "X/\(path)") }
            let before = try store.tree()
            let error = #expect(throws: HoldfastError.self) {
                try store.open().update("X") { draft in
                    try two(&draft)
                    if let removal { try draft.removeUnmanaged(removal) }
                }
            }
            #expect(error?.code == .cannotCarry && error?.file == path)
            #expect(try store.tree() == before)
        }
    }

    @Test func `folders that nest too deep are refused, and deep remnants are removed`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let nest = "i=0; while [ $i -lt 1500 ]; do mkdir d && cd d || exit 1; i=$((i+1)); done"
        try shell("cd X && \(nest)", in: store)
        let opened = try store.open()
        let error = #expect(throws: HoldfastError.self) {
            try withStack(512 << 10) { try opened.update("X") { try $0.removeUnmanaged("link") } }
        }
        #expect(error?.code == .cannotCarry)
        #expect(try store.remnants().isEmpty)
        try shell("mv X .removed-Z && mkdir X .staging-X && cd .staging-X && \(nest)", in: store)
        #expect(try store.reopen().recoveryReport.isComplete)
        #expect(!store.exists(".removed-Z") && !store.exists(".staging-X"))
    }

    /// Does something on a thread with little stack.
    private func withStack(_ size: Int, _ body: @escaping @Sendable () throws -> Void) throws {
        let outcome = Mutex<Result<Void, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            let result = Result { try body() }
            outcome.withLock { $0 = result }
            done.signal()
        }
        thread.stackSize = size
        thread.start()
        done.wait()
        try outcome.withLock { $0 }?.get()
    }

    @Test(arguments: [8, 16, 32, 255, 256, 257], [256, 512, 8192])
    func `folders nested as deep as may be are saved, and recovered, on any stack`(depth: Int, kilobytes: Int) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try shell(
            "cd X && i=0; while [ $i -lt \(depth) ]; do mkdir d && cd d || exit 1; i=$((i+1)); done; echo here > f",
            in: store)
        let opened = try store.open()
        let save: @Sendable () throws -> Void = {
            let receipt = try opened.update("X") { draft in
                try draft.set("saved", for: .metadata)
                try draft.removeUnmanaged("link")
            }
            #expect(receipt.warnings.isEmpty)
        }
        guard depth <= 256 else {
            let error = #expect(throws: HoldfastError.self) { try withStack(kilobytes << 10, save) }
            #expect(error?.code == .cannotCarry)
            #expect(try store.remnants().isEmpty)
            return
        }
        try withStack(kilobytes << 10, save)
        #expect(try store.remnants().isEmpty)
        // As a crash behind the swap leaves it.
        try shell("cp -al X .old-X", in: store)
        let path = store.path
        let codecs = store.codecs
        try withStack(kilobytes << 10) {
            let report = try DocumentStore.open(at: path, codecs: codecs).recoveryReport
            #expect(report.isComplete && report.documents.first?.reconciled == [])
        }
        #expect(try store.remnants().isEmpty)
        try shell("test $(find X -name f | wc -l) = 1", in: store)
    }

    @Test func `a folder that is moved about fails no recovery`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("old", to: ".old-X/metadata.json")
        try store.write("picture", to: "X/moving/picture")
        let (here, there) = (store.url("X/moving").path, store.url("X/moved").path)
        let move = Meanwhile({ call, entry in call == .openat && entry == EntryName("moving") }) {
            try FileManager.default.moveItem(atPath: here, toPath: there)
        }
        store.before = move.hook
        let report = try store.open().recoveryReport
        #expect(move.hasHappened && report.isComplete)
        #expect(try store.read("X/moved/picture") == "picture")
    }

    @Test func `the store is not copied into its own document`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        for path in [store.path, store.folder.path] {
            let error = #expect(throws: HoldfastError.self) {
                try store.open().update("X") { try $0.addUnmanaged("backup", copying: path) }
            }
            #expect(error?.code == .cannotCarry)
        }
        #expect(try store.remnants().isEmpty)
    }

    @Test func `an editor's file that goes while recovery looks is no failure`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("old", to: ".old-X/metadata.json")
        try store.write("swap", to: "X/.QUERY.swp")
        let path = store.url("X/.QUERY.swp").path
        let removal = Meanwhile({ call, entry in call == .statx && entry == EntryName(".QUERY.swp") }) {
            try FileManager.default.removeItem(atPath: path)
        }
        store.before = removal.hook
        let report = try store.open().recoveryReport
        #expect(removal.hasHappened && report.isComplete)
    }

    @Test func `an editor that takes its file away for a moment does not fail a save`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let isAway = Atomic(false)
        let question = store.url("X/QUERY_MESSAGE.md")
        let aside = store.url("X/QUERY_MESSAGE.md~")
        store.before = { (call, entry) throws(SystemCallError) in
            guard call == .linkat, entry == EntryName("QUERY_MESSAGE.md"), !isAway.load(ordering: .relaxed) else {
                return
            }
            isAway.store(true, ordering: .relaxed)
            #expect(rename(question.path, aside.path) == 0)
        }
        store.after = { (call, entry) throws(SystemCallError) in
            // The link has failed: it is back before anybody looks.
            if call == .statx, isAway.load(ordering: .relaxed) { _ = rename(aside.path, question.path) }
        }
        try store.open().update("X") { try two(&$0) }
        let wasAway = isAway.load(ordering: .relaxed)
        #expect(wasAway)
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
    }

    @Test func `all managed files may go where a folder has the name of one`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        try store.write("x", to: "X/part-1.json/readme.txt")
        let hasSwapped = Atomic(false)
        store.before = { (call, _) throws(SystemCallError) in
            if hasSwapped.load(ordering: .relaxed), call.isMutating, call != .openat, call != .fsync {
                throw SystemCallError(call, .inputOutput)
            }
        }
        store.after = { (call, entry) throws(SystemCallError) in
            if call == .renameat2, entry == EntryName(".old-X") { hasSwapped.store(true, ordering: .relaxed) }
        }
        try store.open().update("X") { draft in for name in try draft.managedFiles() { try draft.remove(name) } }
        _ = try store.reopen()
        let wasSwapped = hasSwapped.load(ordering: .relaxed)
        #expect(wasSwapped)
        #expect(!store.exists("X/metadata.json") && store.exists("X/part-1.json/readme.txt"))
    }

    @Test func `what stands in the place of a temporary file is told, and left`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("mine", to: "X/events.json.tmp/inner.txt")
        let opened = try store.open()
        #expect(
            opened.recoveryReport.warnings.map(\.description)
                == ["X: `events.json.tmp` is a directory, and in the way of saves; it is left as it is"])
        #expect(try store.read("X/events.json.tmp/inner.txt") == "mine")
        #expect(throws: HoldfastError.self) { try opened.update("X") { try $0.set([9], for: .events) } }
        #expect(try store.read("X/events.json") == "[1,2,3]")
    }

    @Test func `a staging that can't be opened is not left behind`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.before =
            Fault(.tooManyOpen, in: { call, entry in call == .openat && entry == EntryName(".staging-X") }).hook
        #expect(throws: HoldfastError.self) { try store.open().update("X") { try two(&$0) } }
        #expect(try store.remnants().isEmpty)
    }

    @Test func `a lock file that goes again and again does not hold up a writer for ever`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.options.lockTimeout = .milliseconds(50)
        let lock = store.url(".lock").path
        let isGoing = Atomic(true)
        store.after = { (call, _) throws(SystemCallError) in
            if call == .lock, isGoing.load(ordering: .relaxed) { unlink(lock) }
        }
        let error = #expect(throws: HoldfastError.self) { try store.open().update("X") { try two(&$0) } }
        #expect(error?.code == .lockTimeout)
        isGoing.store(false, ordering: .relaxed)
        try store.open().update("X") { try two(&$0) }
    }

    @Test(arguments: [false, true]) func `what a value was made without is not overwritten unseen`(isSwap: Bool) throws
    {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.delete("X/config.yaml")
        let error = #expect(throws: HoldfastError.self) {
            try store.open().update("X") { draft in
                let config = try draft.value(.config)
                #expect(config == nil)
                try store.write("\"theirs\"", to: "X/config.yaml")
                try draft.set("mine", for: .config)
                if isSwap { try draft.set([9], for: .events) }
            }
        }
        #expect(error?.code == .conflict && error?.description.hasPrefix("X/config.yaml: ") == true)
        #expect(try store.read("X/config.yaml") == "\"theirs\"")
        #expect(try store.read("X/events.json") == "[1,2,3]")
    }

    /// Keeps the comment that stands in the file.
    private struct Keeping: ManagedFileCodec {
        let format = "text"
        let filenames: [FilenamePattern] = ["k.txt"]
        func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
            // Asked for twice, read once.
            let current = try context.currentBytes() ?? Data()
            #expect(try context.currentBytes() ?? Data() == current)
            return Data("\(value)".utf8) + (current.firstIndex(of: UInt8(ascii: "#")).map { current[$0...] } ?? Data())
        }
        func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
            throw CodecError("it is not read here")
        }
        func validate(_ bytes: Data, in context: CodecContext) throws {}
    }

    @Test func `what a value was made without is not overwritten by a codec that finds it`() throws {
        let store = try TemporaryStore()
        store.codecs = try CodecRegistry(Keeping(), NoteCodec())
        try store.makeConversation()
        let key = ManagedFile<String>("k.txt")
        let error = #expect(throws: HoldfastError.self) {
            try store.open().update("X") { draft in
                let value = try draft.value(key)
                #expect(value == nil)
                try store.write("theirs", to: "X/k.txt")
                try draft.set("mine", for: key)
            }
        }
        #expect(error?.code == .conflict)
        #expect(try store.read("X/k.txt") == "theirs")
    }

    @Test func `what a value was made without is not overwritten while a batch goes on`() throws {
        let store = try TemporaryStore()
        for name in ["A", "B"] {
            try store.makeConversation(name)
            try store.delete("\(name)/config.yaml")
        }
        let results = try store.open().updateBatch(["A", "B"]) { draft in
            let config = try draft.value(.config)
            #expect(config == nil)
            try draft.set("mine", for: .config)
            if draft.document == "B" { try store.write("\"theirs\"", to: "A/config.yaml") }
        }
        #expect(throws: HoldfastError.self) { try results[0].get() }
        _ = try results[1].get()
        #expect(try store.read("A/config.yaml") == "\"theirs\"" && store.read("B/config.yaml") == "\"mine\"")
    }

    @Test func `what a codec has kept of a file is what stands there when it is saved`() throws {
        let store = try TemporaryStore()
        store.codecs = try CodecRegistry(Keeping())
        try store.write("1#a comment", to: "X/k.txt")
        let key = ManagedFile<String>("k.txt")
        let opened = try store.open()
        let error = #expect(throws: HoldfastError.self) {
            try opened.update("X") { draft in
                try draft.set("2", for: key)
                try store.write("1#a better comment", to: "X/k.txt")
            }
        }
        #expect(error?.code == .conflict)
        #expect(try store.read("X/k.txt") == "1#a better comment")
        try opened.update("X") { try $0.set("2", for: key) }
        #expect(try store.read("X/k.txt") == "2#a better comment")
    }

    @Test(arguments: ["first", "renaming"]) func `what is put into a document whose save is taken back is not lost`(
        kind: String
    ) throws {
        let store = try TemporaryStore(durability: .powerLoss)
        if kind == "renaming" { try store.makeConversation("W") } else { _ = try store.reopen() }
        let isThere = Atomic(false)
        let path = store.url("X/QUESTION.md")
        store.after = { (call, entry) throws(SystemCallError) in
            if call == .renameat2, entry == EntryName(".staging-X") { isThere.store(true, ordering: .relaxed) }
        }
        store.before = { (call, _) throws(SystemCallError) in
            guard call == .fsync, isThere.exchange(false, ordering: .relaxed) else { return }
            do { try Data("my question".utf8).write(to: path) } catch { Issue.record(error) }
            throw SystemCallError(call, .inputOutput)
        }
        let opened = try store.open()
        #expect(throws: HoldfastError.self) {
            kind == "renaming"
                ? try opened.update("W", renamingTo: "X") { try two(&$0) } : try opened.update("X") { try two(&$0) }
        }
        _ = try store.reopen()
        #expect(!store.exists("X") && store.exists("W") == (kind == "renaming"))
        #expect(try store.read(".trash/X~QUESTION.md") == "my question")
    }

    @Test func `two Unicode forms of a name are two names`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        try opened.update("caf\u{E9}") { try $0.set([1], for: .events) }
        let receipt = try opened.update("caf\u{E9}", renamingTo: "cafe\u{301}") { try $0.set([2], for: .events) }
        #expect(receipt.outcome == .renamed)
        #expect(try opened.list().map { Array($0.utf8) } == [Array("cafe\u{301}".utf8)])
    }

    @Test func `a path with a NUL is refused, and one that leads to a name that is not UTF-8`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let before = try store.tree()
        #expect(throws: HoldfastError.self) { try AtomicFile(store.path + "/a\0b").write(Data("x".utf8)) }
        #expect(throws: HoldfastError.self) {
            try DocumentStore.open(at: store.path + "/b\0c", codecs: store.codecs)
        }
        #expect(throws: HoldfastError.self) {
            try store.open().update("X") { try $0.addUnmanaged("a", copying: "/etc/hostname\0x") }
        }
        #expect(throws: HoldfastError.self) { try DocumentStore.open(at: "", codecs: store.codecs) }
        #expect(try store.tree() == before)
        try shell("printf old > \"$(printf 'caf\\351')\" && ln -s \"$(printf 'caf\\351')\" link", in: store)
        let error = #expect(throws: HoldfastError.self) {
            try AtomicFile(store.url("link").path).write(Data("new".utf8))
        }
        #expect(error?.code == .invalidName)
        #expect(try store.read("link") == "old")
    }

    @Test func `a reader leaves no lock file where nobody has ever written`() throws {
        let store = try TemporaryStore()
        try store.write("1", to: "X/metadata.json")
        let opened = try store.open()
        #expect(try opened.list() == ["X"])
        #expect(try opened.verify().isSound)
        #expect(!store.exists(".lock"))
    }
}

extension TemporaryStore {
    /// Whether the file system has the flags of chattr(1).
    fileprivate func setsFlag(_ flag: String, on name: String) throws -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/chattr")
        process.arguments = [flag, url(name).path]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
