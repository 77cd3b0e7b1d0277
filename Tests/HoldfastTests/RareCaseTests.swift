import Foundation
import HoldfastTesting
import Synchronization
import Testing

@testable import Holdfast

/// What hardly ever happens, and what one line of the kernel each is there for.
@Suite struct RareCaseTests {
    private func two(_ draft: inout Draft) throws {
        try draft.set("new title", for: .metadata)
        try draft.set([9], for: .events)
    }

    // MARK: - Managed files that somebody else writes

    @Test func `a managed file that is written behind the update's read, before it is replaced, is kept aside`() throws
    {
        for isRead in [true, false] {
            let store = try TemporaryStore()
            try store.makeConversation()
            let url = store.url("X/events.json")
            // Behind the comparison with what stands there.
            let meanwhile = Meanwhile({ call, entry in call == .mkdirat && entry == EntryName(".staging-X") }) {
                try Data("[7]".utf8).write(to: url, options: .atomic)
            }
            store.before = meanwhile.hook
            try store.open().update("X") { draft in
                if isRead { _ = try draft.value(.events) }
                try two(&draft)
            }
            #expect(meanwhile.hasHappened)
            #expect(try store.read("X/events.json") == "[9]")
            #expect(try store.tree(".trash").values.contains("[7]"), "read: \(isRead)")
        }
    }

    @Test func `a temporary file in the way of a swap does not come along`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let opened = try store.open()
        try store.write("half", to: "X/config.yaml.tmp")
        try opened.update("X") { try two(&$0) }
        #expect(!store.exists("X/config.yaml.tmp"))
        #expect(try store.remnants().isEmpty)
    }

    @Test func `a removal where nothing stands creates no document`() throws {
        let store = try TemporaryStore()
        let receipt = try store.open().update("X") { try $0.remove("events.json") }
        #expect(receipt.outcome == .unchanged && receipt.files.isEmpty)
        #expect(!store.exists("X"))
    }

    @Test func `a link under a managed file's name is not said to be removed`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.delete("X/config.yaml")
        try FileManager.default.createSymbolicLink(
            atPath: store.url("X/config.yaml").path, withDestinationPath: "metadata.json")
        let error = #expect(throws: HoldfastError.self) {
            try store.open().update("X") { try $0.remove("config.yaml") }
        }
        #expect(error?.code == .unexpectedEntry && error?.file == "config.yaml")
        #expect(store.exists("X/config.yaml"))
    }

    // MARK: - What comes from outside

    @Test func `what goes before it is copied in fails the save`() throws {
        for isNew in [true, false] {
            let store = try TemporaryStore()
            if !isNew { try store.makeConversation() }
            let outside = store.folder.appending(path: "outside.txt")
            try Data("from outside".utf8).write(to: outside)
            let looks = Atomic(0)
            store.before = { (call, entry) throws(SystemCallError) in
                guard call == .statx, entry == EntryName("outside.txt") else { return }
                if looks.add(1, ordering: .relaxed).newValue == 2 { _ = unlink(outside.path) }
            }
            #expect(throws: HoldfastError.self) {
                try store.open().update("X") { try $0.addUnmanaged("added.txt", copying: outside.path) }
            }
            #expect(looks.load(ordering: .relaxed) > 1)
            #expect(store.exists("X") == !isNew)
            #expect(try store.remnants().isEmpty)
        }
    }

    // MARK: - Unmanaged entries

    @Test func `a name too long to be taken aside is carried, replaced and kept`() throws {
        let name = String(repeating: "n", count: 250)
        for isDeleted in [false, true] {
            let store = try TemporaryStore()
            try store.makeConversation()
            try store.write("mine", to: "X/\(name)")
            #expect(try store.open().update("X") { try two(&$0) }.warnings.isEmpty)
            #expect(try store.read("X/\(name)") == "mine")
            let url = store.url("X/\(name)")
            let person = Meanwhile({ call, _ in call == .renameat2 }) {
                if isDeleted {
                    try FileManager.default.removeItem(at: url)
                } else {
                    try Data("saved".utf8).write(to: url)
                }
            }
            store.before = person.hook
            let receipt = try store.open().update("X") { draft in
                try draft.set("newer title", for: .metadata)
                try draft.set([10], for: .events)
            }
            #expect(person.hasHappened && receipt.warnings.isEmpty)
            #expect(store.exists("X/\(name)") == !isDeleted)
            if !isDeleted { #expect(try store.read("X/\(name)") == "saved") }
            #expect(try store.remnants().isEmpty)
        }
    }

    @Test func `a file in a folder is a person's, also under a managed file's name`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let url = store.url("X/files/events.json")
        store.before = Meanwhile({ call, _ in call == .renameat2 }) { try Data("mine".utf8).write(to: url) }.hook
        let receipt = try store.open().update("X") { try two(&$0) }
        #expect(receipt.reconciled.map { "\($0.action) \($0.path)" } == ["created files/events.json"])
        #expect(try store.read("X/files/events.json") == "mine")
        #expect(!store.exists(".trash"))
    }

    @Test func `a folder that is removed by hand while it is emptied takes nothing from the new generation`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let isSwapped = Atomic(false)
        let old = store.url(".old-X/files")
        let removal = Meanwhile({ call, entry in
            call == .openat && entry == EntryName("files") && isSwapped.load(ordering: .relaxed)
        }) { try FileManager.default.removeItem(at: old) }
        store.after = { (call, entry) throws(SystemCallError) in
            if call == .renameat2, entry == EntryName(".old-X") { isSwapped.store(true, ordering: .relaxed) }
            try removal.hook(call, entry)
        }
        try store.open().update("X") { try two(&$0) }
        #expect(removal.hasHappened)
        #expect(try store.read("X/files/deep/attachment.txt") == "an attachment")
    }

    @Test func `an entry that stays though the draft removes it is told`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let receipt = try store.open().update("X") { draft in
            try draft.removeUnmanaged("QUERY_MESSAGE.md")
            try store.write("a second question", to: "X/QUERY_MESSAGE.md")
        }
        #expect(receipt.warnings.map(\.message).filter { $0.contains("`QUERY_MESSAGE.md`") }.count == 1)
        #expect(receipt.files.isEmpty)
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a second question")
    }

    @Test func `the longest name of a document leaves room for what goes to the trash`() throws {
        let store = try TemporaryStore()
        let name = String(repeating: "x", count: 246)
        try store.makeConversation(name)
        let url = store.url("\(name)/events.json")
        store.before =
            Meanwhile({ call, _ in call == .renameat2 }) {
                try Data("[7]".utf8).write(to: url, options: .atomic)
            }.hook
        let receipt = try store.open().update(name) { try two(&$0) }
        #expect(receipt.warnings.isEmpty)
        #expect(try store.tree(".trash").values.sorted() == ["[7]"])
        #expect(try store.remnants().isEmpty)
    }

    // MARK: - A save that is taken back

    @Test func `what is saved while a flush fails stays also where all managed files are new`() throws {
        for help in [Help.everything, .withoutExchange] {
            let store = try TemporaryStore(durability: .powerLoss)
            store.options.withheldCapabilities = help.withheld
            try store.makeConversation()
            try store.delete("X/config.yaml")
            let (query, old) = (store.url("X/QUERY_MESSAGE.md"), store.url(".old-X").path)
            let meanwhile = Meanwhile({ call, _ in call == .fsync && FileManager.default.fileExists(atPath: old) }) {
                try Data("saved".utf8).write(to: query, options: .atomic)
                throw CancellationError()
            }
            store.before = meanwhile.hook
            let error = #expect(throws: HoldfastError.self) { try store.open().update("X") { try two(&$0) } }
            #expect(error?.code == .flushFailed && meanwhile.hasHappened)
            #expect(try store.reopen().recoveryReport.isComplete)
            #expect(try store.read("X/metadata.json") == "\"old title\"")
            #expect(try store.read("X/QUERY_MESSAGE.md") == "saved")
        }
    }

    // MARK: - Modes and owners

    @Test func `a temporary file is never more open than the file that it replaces`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let single = store.folder.appending(path: "single")
        try Data("old".utf8).write(to: single)
        let paths = [store.url("X/events.json.tmp").path, single.path + ".tmp"]
        #expect(chmod(store.url("X/events.json").path, 0o600) == 0 && chmod(single.path, 0o600) == 0)
        let modes = Mutex<Set<mode_t>>([])
        let look: InterposedFileSystem.Hook = { (_, _) throws(SystemCallError) in
            for path in paths {
                var status = stat()
                if lstat(path, &status) == 0 { modes.withLock { _ = $0.insert(status.st_mode & 0o7777) } }
            }
        }
        store.before = look
        try store.open().update("X") { try $0.set([9], for: .events) }
        #expect(modes.withLock { $0 } == [0o600])
        modes.withLock { $0 = [] }
        try AtomicFile(single.path, durability: .processCrash, on: InterposedFileSystem(before: look)).write(
            Data("new".utf8))
        #expect(modes.withLock { $0 } == [0o600])
    }

    /// A store of user 1001's, with a document of two files and a folder, as user 1002 finds it.
    private func found(
        without missing: Set<Capability> = [], as prepare: (Directory) throws -> Void
    ) throws -> (store: DocumentStore, root: Directory) {
        var configuration = SimulatedMachine.Configuration()
        configuration.missing.formUnion(missing)
        configuration.protectsHardLinks = false
        configuration.umask = 0
        configuration.user = 1001
        let first = SimulatedMachine(configuration)
        try Directory(path: "/", on: first.client()).makeDirectory(EntryName("store"), mode: 0o777)
        let store = try DocumentStore.open(
            at: "/store", on: first.client(), codecs: CodecRegistry(NoteCodec()), options: StoreOptions())
        try store.update("X") { draft in
            try draft.set("title", for: .metadata)
            try draft.set([1], for: .events)
        }
        let document = try Directory(path: "/store/X", on: first.client())
        try document.makeDirectory(EntryName("folder"), mode: 0o777)
        try prepare(document)
        configuration.user = 1002
        configuration.groups = [1002]
        let second = SimulatedMachine(configuration, booting: first.tree)
        let opened = try DocumentStore.open(
            at: "/store", on: second.client(), codecs: CodecRegistry(NoteCodec()), options: StoreOptions())
        return (opened, try Directory(path: "/store", on: second.client()))
    }

    @Test(arguments: [("X", 0o755), ("X", 0o1777), ("folder", 0o755), ("folder", 0o1777)] as [(String, UInt32)])
    func `what another user's directory would keep from going is refused`(place: String, mode: UInt32) throws {
        let (store, root) = try found { document in
            try document.create(EntryName("own.txt"), mode: 0o666).close()
            let folder = try Directory(EntryName("folder"), in: document)
            try folder.create(EntryName("own.txt"), mode: 0o666).close()
            try (place == "X" ? document : folder).setMode(mode)
        }
        let error = #expect(throws: HoldfastError.self) { try store.update("X") { try two(&$0) } }
        #expect(error?.code == .cannotCarry)
        #expect(try root.entries().map(\.name.description).sorted() == [".lock", "X"])
        #expect(try store.snapshot("X").value(.metadata) == "title")
    }

    @Test func `another user's folder is not removed, nor one that holds such a folder`() throws {
        for name in ["folder", "theirs"] {
            let (store, root) = try found { document in
                let folder = try Directory(EntryName("folder"), in: document)
                try folder.makeDirectory(EntryName("theirs"), mode: 0o755)
                let theirs = try Directory(EntryName("theirs"), in: folder)
                try theirs.create(EntryName("file"), mode: 0o644).close()
                if name == "folder" { try folder.setMode(0o755) }
            }
            let error = #expect(throws: HoldfastError.self) {
                try store.update("X") { draft in
                    try draft.removeUnmanaged("folder")
                    try two(&draft)
                }
            }
            #expect(error?.code == .cannotCarry && error?.description.contains("another user") == true)
            #expect(try root.entries().map(\.name.description).sorted() == [".lock", "X"])
        }
    }

    @Test func `another user's link is copied where it can't be linked`() throws {
        let (store, root) = try found(without: [.link]) { document in
            try document.makeSymbolicLink(to: Array("folder".utf8), named: EntryName("link"))
        }
        try store.update("X") { try two(&$0) }
        let document = try Directory(EntryName("X"), in: root)
        #expect(try document.symbolicLink(EntryName("link")) == Array("folder".utf8))
    }

    @Test func `what runs as its owner does not run as the one who saves it`() throws {
        let (store, root) = try found { document in
            try document.open(EntryName("metadata.json")).setMode(0o6755)
        }
        for count in [1, 2] {
            try store.update("X") { draft in
                try draft.set("title \(count)", for: .metadata)
                if count == 2 { try draft.set([2], for: .events) }
            }
            let status = try Directory(EntryName("X"), in: root).status(of: EntryName("metadata.json"))
            #expect(status.user == 1002 && status.mode & 0o6000 == 0)
        }
    }

    @Test func `what one changed file loses of its group is told`() throws {
        let (store, _) = try found { document in
            let file = try document.open(EntryName("metadata.json"))
            try file.setOwner(user: 1001, group: 2000)
            try file.setMode(0o660)
        }
        let receipt = try store.update("X") { try $0.set("new", for: .metadata) }
        #expect(receipt.outcome == .replacedFile)
        #expect(
            receipt.warnings.map(\.message).filter { $0.contains("`metadata.json` was the group's 2000") }.count == 1)
    }

    @Test func `a trash that others may look into, and not fill, is not used`() throws {
        let (store, root) = try found { document in
            let store = try Directory(path: "/store", on: document.fileSystem)
            try store.makeDirectory(EntryName(".trash"), mode: 0o755)
        }
        let document = try Directory(EntryName("X"), in: root)
        let damaged = try document.create(EntryName("config.yaml"), mode: 0o666)
        try damaged.writeAll(Data("{\"cut".utf8))
        try damaged.close()
        #expect(try store.verify(.trash).damage.map(\.trashed) == [".trash-1002/X"])
    }

    @Test func `an attribute that goes while it is copied is nobody's loss`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let file = try Directory(path: store.url("X").path, on: POSIXFileSystem()).open(EntryName("metadata.json"))
        try withExtendedLifetime(file) {
            try POSIXFileSystem().setExtendedAttribute(EntryName("user.mark"), of: file.descriptor, to: [1])
        }
        let fault = Fault(.noData, in: { call, _ in call == .fgetxattr })
        store.before = fault.hook
        #expect(try store.open().update("X") { try two(&$0) }.outcome == .swapped)
        #expect(fault.hasHappened)
    }

    // MARK: - Durability

    @Test func `a single file is flushed before its name changes, and the name behind it`() throws {
        let store = try TemporaryStore()
        let path = store.folder.appending(path: "file").path
        for durability in Durability.allCases {
            let calls = Mutex<[SystemCall]>([])
            let fileSystem = InterposedFileSystem { (call, _) throws(SystemCallError) in
                if [.pwrite, .fsync, .renameat2].contains(call) { calls.withLock { $0.append(call) } }
            }
            try AtomicFile(path, durability: durability, on: fileSystem).write(Data("new".utf8))
            #expect(
                calls.withLock { $0 }
                    == (durability == .powerLoss ? [.pwrite, .fsync, .renameat2, .fsync] : [.pwrite, .renameat2]))
        }
    }

    @Test func `where the system can't wait for write-back, files are flushed`() throws {
        var configuration = SimulatedMachine.Configuration()
        configuration.model = .ext4Ordered
        let machine = SimulatedMachine(configuration)
        let flushes = Atomic(0)
        let fileSystem = InterposedFileSystem(machine.client()) { (call, _) throws(SystemCallError) in
            if call == .sync_file_range { throw SystemCallError(call, .notImplemented) }
            if call == .fsync { flushes.add(1, ordering: .relaxed) }
        }
        let store = try DocumentStore.open(
            at: "/store", on: fileSystem, codecs: CodecRegistry(NoteCodec()), options: StoreOptions())
        flushes.store(0, ordering: .relaxed)
        let receipt = try store.update("X") { try two(&$0) }
        #expect(receipt.flushProtocol == .orderedJournal && receipt.flushes == 3)
        #expect(flushes.load(ordering: .relaxed) == 3)
    }

    /// A document that was saved twice and then damaged; a power loss at any moment of its way to the trash.
    @Test(arguments: DurabilityModel.allCases, [false, true])
    func `a damaged document is in its place or in the trash, whatever crashes`(
        model: DurabilityModel, hasTrash: Bool
    ) throws {
        var configuration = SimulatedMachine.Configuration()
        configuration.model = model
        let machine = SimulatedMachine(configuration)
        let codecs = try CodecRegistry(NoteCodec())
        func open(_ machine: SimulatedMachine) throws -> DocumentStore {
            try DocumentStore.open(at: "/store", on: machine.client(), codecs: codecs, options: StoreOptions())
        }
        let store = try open(machine)
        try store.update("X") { draft in
            try draft.set("old", for: .metadata)
            try draft.set("old", for: .config)
            try draft.set([1], for: .events)
        }
        let root = try Directory(path: "/store", on: machine.client())
        if hasTrash {
            try root.makeDirectory(EntryName(".trash"), mode: 0o700)
            try root.flush()
        }
        let file = try Directory(EntryName("X"), in: root).openOrCreate(EntryName("config.yaml"), mode: 0o644)
        try file.writeAll(Data("{cut".utf8))
        try file.flush()
        try store.update("X") { try two(&$0) }
        machine.startRecording()
        #expect(try store.verify(.trash).damage.map(\.trashed) == [".trash/X"])
        let points = machine.stopRecording()
        for (index, point) in points.enumerated() {
            point.forEachState(.init(limit: 40, seed: 1)) { _, tree in
                do {
                    let after = SimulatedMachine(configuration, booting: tree)
                    let opened = try open(after)
                    if try opened.list() == ["X"] {
                        #expect(index < points.count - 1, "it was gone when the call returned")
                        #expect(try opened.snapshot("X").value(.metadata) == "new title")
                    } else {
                        let trash = try Directory(path: "/store/.trash", on: after.client())
                        let trashed = try Directory(EntryName("X"), in: trash)
                        let bytes = try trashed.open(EntryName("metadata.json")).readAll(size: 20)
                        #expect(bytes == Data("\"new title\"".utf8))
                    }
                } catch {
                    Issue.record("before call \(point.callsBefore): \(error)")
                }
            }
        }
    }

    // MARK: - Verification

    @Test func `a document that is mended before its lock is had stays`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("{\"cut off", to: "X/metadata.json")
        let opened = try store.open()
        let url = store.url("X/metadata.json")
        let isRead = Atomic(false)
        let mending = Meanwhile({ call, _ in call == .lock && isRead.load(ordering: .relaxed) }) {
            try Data("\"mended\"".utf8).write(to: url, options: .atomic)
        }
        store.before = { (call, entry) throws(SystemCallError) in
            if call == .pread { isRead.store(true, ordering: .relaxed) }
            try mending.hook(call, entry)
        }
        #expect(try store.open().verify(.trash).isSound)
        #expect(mending.hasHappened)
        #expect(try opened.snapshot("X").value(.metadata) == "mended")
        #expect(!store.exists(".trash"))
    }

    @Test func `a note stays only with a document that is in the trash`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("{\"cut off", to: "X/metadata.json")
        let before = try store.tree("X")
        let fault = Fault(.inputOutput, in: { call, entry in call == .renameat2 && entry == EntryName("X") })
        store.before = fault.hook
        #expect(try !store.open().verify(.trash).isSound)
        #expect(fault.hasHappened)
        #expect(try store.tree("X") == before)
    }

    // MARK: - Recovery

    @Test func `a recovery that fails stops the update that needs it`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let opened = try store.open()
        try store.write("\"older\"", to: ".old-X/metadata.json")
        try store.write("mine", to: ".old-X/mine.md")
        store.before = Fault(.inputOutput, in: { call, _ in call == .syncfs }).hook
        let before = try store.tree()
        let failing = try DocumentStore.open(
            at: store.path, on: InterposedFileSystem(before: store.before), codecs: store.codecs,
            options: {
                var options = store.options; options.recoveryAtOpening = .report; return options
            }())
        let error = #expect(throws: HoldfastError.self) { try failing.update("X") { try $0.set([9], for: .events) } }
        #expect(error?.code == .flushFailed && error?.document == "X")
        #expect(try store.tree() == before)
        try opened.update("X") { try $0.set([9], for: .events) }
        #expect(try store.read("X/mine.md") == "mine")
    }

    @Test func `a document that took another's name is not taken for it`() throws {
        let store = try TemporaryStore()
        try store.makeConversation("X")
        try store.makeConversation("Y")
        // Put there by hand, with the time that it had: older than the record, and another directory.
        try store.write("holdfast commit 1\nrenamed-from \(try store.inode("X") + 1) X\nend\n", to: ".commit-Y")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: store.url(".commit-Y").path)
        #expect(try store.open().recoveryReport.isComplete)
        #expect(try store.open().list() == ["X", "Y"])
        #expect(try store.remnants().isEmpty)
    }

    @Test func `a link that was made to lead elsewhere is a person's edit`() throws {
        let store = try TemporaryStore()
        try store.write("\"a\"", to: "X/metadata.json")
        try store.write("\"a\"", to: ".old-X/metadata.json")
        func link(_ name: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(atPath: store.url(name).path, withDestinationPath: target)
        }
        try link("X/latest", to: "one")
        try link("X/same", to: "one")
        try link(".old-X/latest", to: "two")
        try link(".old-X/same", to: "one")
        let later = Timestamp(seconds: 4_000_000_000, nanoseconds: 0)
        for name in ["latest", "same"] {
            try Directory(path: store.url(".old-X").path, on: POSIXFileSystem())
                .setTimes(of: EntryName(name), access: later, modification: later)
        }
        let report = try store.open().recoveryReport
        #expect(try store.tree("X")["latest"] == "-> two")
        #expect(try store.tree("X")["same"] == "-> one")
        #expect(report.documents.first?.reconciled.map(\.path) == ["latest", "latest"])
    }

    @Test func `a file that was emptied is a person's edit`() throws {
        let store = try TemporaryStore()
        try store.write("\"a\"", to: "X/metadata.json")
        try store.write("text", to: "X/notes.md")
        try store.write("\"a\"", to: ".old-X/metadata.json")
        try store.write("", to: ".old-X/notes.md")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -100)], ofItemAtPath: store.url("X/notes.md").path)
        _ = try store.open()
        #expect(try store.read("X/notes.md") == "")
        #expect(try store.tree(".trash").values.contains("text"))
    }

    @Test func `a listing during which the first writer ever comes is done again`() throws {
        // Its time stamps tell nothing.
        let machine = SimulatedMachine()
        let root = try Directory(path: "/", on: machine.client())
        try root.makeDirectory(EntryName("store"), mode: 0o755)
        let folder = try Directory(EntryName("store"), in: root)
        try folder.makeDirectory(EntryName("X"), mode: 0o755)
        let isLooking = Atomic(false)
        let hasWriter = Atomic(false)
        let fileSystem = InterposedFileSystem(
            machine.client(),
            after: { (call, _) throws(SystemCallError) in
                guard call == .getdents64, isLooking.load(ordering: .relaxed) else { return }
                if !hasWriter.exchange(true, ordering: .relaxed) {
                    try folder.openOrCreate(EntryName(".lock"), mode: 0o666).close()
                }
            },
            // A name that is on the move may be missed.
            lists: { name in
                name != EntryName("X") || !isLooking.load(ordering: .relaxed) || hasWriter.load(ordering: .relaxed)
            })
        let store = try DocumentStore.open(
            at: "/store", on: fileSystem, codecs: CodecRegistry(NoteCodec()), options: StoreOptions())
        isLooking.store(true, ordering: .relaxed)
        #expect(try store.list() == ["X"])
        let wasThere = hasWriter.load(ordering: .relaxed)
        #expect(wasThere)
    }

    @Test func `names are free again while the old generation waits to be removed`() throws {
        let store = try TemporaryStore()
        for name in ["X", "Y"] { try store.makeConversation(name) }
        store.options.lockTimeout = .seconds(1)
        let other = try store.reopen()
        store.options.cleanup = .inBackground
        store.options.cleansUpByItself = false
        let opened = try store.open()
        try opened.update("X") { try two(&$0) }
        #expect(try store.remnants() == [".old-X"])
        #expect(try other.update("Y") { try two(&$0) }.outcome == .swapped)
        opened.finishCleanup()
    }

    @Test func `an attribute of the system's that can't be set is left to the system, a person's is not`() throws {
        for (attribute, isLeft) in [("trusted.mark", true), ("user.mark", false)] {
            let machine = SimulatedMachine()
            let refuses = Atomic(false)
            let fileSystem = InterposedFileSystem(machine.client()) { (call, _) throws(SystemCallError) in
                guard call == .fsetxattr, refuses.load(ordering: .relaxed) else { return }
                throw SystemCallError(call, .notPermitted)
            }
            let store = try DocumentStore.open(
                at: "/store", on: fileSystem, codecs: CodecRegistry(NoteCodec()), options: StoreOptions())
            try store.update("X") { try $0.set("title", for: .metadata) }
            let file = try Directory(path: "/store/X", on: machine.client()).open(EntryName("metadata.json"))
            try withExtendedLifetime(file) {
                try machine.client().setExtendedAttribute(EntryName(attribute), of: file.descriptor, to: [1])
            }
            refuses.store(true, ordering: .relaxed)
            if isLeft {
                #expect(try store.update("X") { try $0.set("new", for: .metadata) }.outcome == .replacedFile)
            } else {
                #expect(throws: HoldfastError.self) { try store.update("X") { try $0.set("new", for: .metadata) } }
            }
        }
    }

    @Test func `a save that is taken back, but not durably, says so`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        let isSwapped = Atomic(false)
        store.after = { (call, entry) throws(SystemCallError) in
            if call == .renameat2, entry == EntryName(".old-X") { isSwapped.store(true, ordering: .relaxed) }
        }
        store.before = { (call, _) throws(SystemCallError) in
            if call == .fsync, isSwapped.load(ordering: .relaxed) { throw SystemCallError(call, .inputOutput) }
        }
        let error = #expect(throws: HoldfastError.self) { try store.open().update("X") { try two(&$0) } }
        #expect(error?.code == .flushFailed)
        #expect(error?.description.contains("a power loss may bring it again") == true)
        #expect(try store.read("X/metadata.json") == "\"old title\"")
    }

    @Test func `what a failed flush of the whole file system was to make durable stays in doubt`() throws {
        var configuration = SimulatedMachine.Configuration()
        configuration.model = .btrfs
        let machine = SimulatedMachine(configuration)
        var options = StoreOptions()
        options.durability = .processCrash
        // Another writer leaves files that nobody has flushed.
        let other = try DocumentStore.open(
            at: "/store", on: machine.client(), codecs: CodecRegistry(NoteCodec()), options: options)
        try other.update("X") { draft in
            try draft.set("config", for: .config)
            try two(&draft)
        }
        let fault = Fault(.inputOutput) { call, _ in call == .syncfs }
        options.durability = .powerLoss
        options.documentsUnderway = 4
        let store = try DocumentStore.open(
            at: "/store", on: InterposedFileSystem(machine.client(), before: fault.hook),
            codecs: CodecRegistry(NoteCodec()), options: options)
        let save = { (title: String) in try store.update("X") { try $0.set(title, for: .metadata) } }
        #expect(throws: HoldfastError.self) { try save("1") }
        #expect(fault.hasHappened)
        #expect(try save("2").durability == .processCrash)
        try store.update("X") { draft in
            try draft.set("config", for: .config)
            try two(&draft)
        }
        #expect(try save("3").durability == .powerLoss)
    }

    @Test func `a save under a new name that fails before the first rename has changed nothing, whatever fails then`()
        throws
    {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        let before = try store.tree("X")
        let isStaged = Atomic(false)
        store.before = { (call, entry) throws(SystemCallError) in
            if call == .openat, entry == EntryName(".commit-Y") { isStaged.store(true, ordering: .relaxed) }
            guard isStaged.load(ordering: .relaxed) else { return }
            if call == .fsync || call == .sync_file_range || call == .pwrite {
                throw SystemCallError(call, .inputOutput)
            }
        }
        let error = #expect(throws: HoldfastError.self) {
            try store.open().update("X", renamingTo: "Y") { try two(&$0) }
        }
        #expect(error.map { $0.code != .durabilityUnknown } == true)
        #expect(try store.tree("X") == before && !store.exists("Y"))
        // Without a flush behind its record, the staging has to stay; alone it is nothing.
        #expect(try store.remnants() == [".staging-Y"])
        store.before = { (_, _) throws(SystemCallError) in }
        #expect(try store.open().recoveryReport.isComplete)
        #expect(try store.remnants().isEmpty && store.tree("X") == before && !store.exists("Y"))
    }

    @Test func `what a listing of the old generation misses is looked for again`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let isSwapped = Atomic(false)
        let hasMissed = Atomic(false)
        let fileSystem = InterposedFileSystem(
            after: { (call, entry) throws(SystemCallError) in
                if call == .renameat2, entry == EntryName(".old-X") { isSwapped.store(true, ordering: .relaxed) }
            },
            lists: { name in
                guard name == EntryName("QUERY_MESSAGE.md"), isSwapped.load(ordering: .relaxed) else { return true }
                return hasMissed.exchange(true, ordering: .relaxed)
            })
        let opened = try DocumentStore.open(
            at: store.path, on: fileSystem, codecs: store.codecs, options: store.options)
        let receipt = try opened.update("X") { try two(&$0) }
        let wasMissed = hasMissed.load(ordering: .relaxed)
        #expect(wasMissed && receipt.outcome == .swapped)
        #expect(receipt.reconciled.isEmpty && receipt.warnings.isEmpty)
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
        #expect(try store.remnants().isEmpty)
    }

    @Test func `a flush of the whole file system that fails is a flush that failed`() throws {
        var configuration = SimulatedMachine.Configuration()
        configuration.model = .btrfs
        let fileSystem = InterposedFileSystem(SimulatedMachine(configuration).client()) {
            (call, _) throws(SystemCallError) in
            if call == .syncfs { throw SystemCallError(call, .inputOutput) }
        }
        var options = StoreOptions()
        options.documentsUnderway = 4
        let store = try DocumentStore.open(
            at: "/store", on: fileSystem, codecs: CodecRegistry(NoteCodec()), options: options)
        let error = #expect(throws: HoldfastError.self) { try store.update("X") { try two(&$0) } }
        #expect(error?.code == .flushFailed)
        #expect(try store.list().isEmpty)
    }

    @Test func `a receipt promises no more than tmpfs keeps`() throws {
        let directory = try Directory(path: NSTemporaryDirectory(), on: POSIXFileSystem())
        for kind in [FileSystemKind.tmpfs, .ext4] {
            let context = StoreContext(
                root: directory, kind: kind, codecs: CodecRegistry(), options: StoreOptions(),
                capabilities: Capabilities(), locks: StoreLocks(store: directory))
            let receipt = context.receipt(try DocumentName("X"), .created)
            #expect(receipt.durability == (kind == .tmpfs ? .processCrash : .powerLoss))
            #expect((receipt.durabilityReason == nil) == (kind != .tmpfs))
        }
    }

    @Test(arguments: [".staging-X", ".old-X", ".commit-X"]) func `what stands where a commit works is named`(
        name: String
    ) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try FileManager.default.createSymbolicLink(atPath: store.url(name).path, withDestinationPath: "X")
        let before = try store.tree()
        let error = #expect(throws: HoldfastError.self) { try store.open().update("X") { try two(&$0) } }
        #expect(error?.code == .unexpectedEntry && error?.description.contains("`\(name)`") == true)
        #expect(try store.tree() == before)
    }

    @Test func `an entry that was to be copied in, and is removed again, is not`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let outside = store.folder.appending(path: "outside.txt")
        try Data("from outside".utf8).write(to: outside)
        let receipt = try store.open().update("X") { draft in
            try draft.addUnmanaged("added.txt", copying: outside.path)
            let wasThere = try draft.removeUnmanaged("added.txt")
            #expect(wasThere)
        }
        #expect(receipt.outcome == .unchanged)
        #expect(!store.exists("X/added.txt"))
    }

    @Test func `a reader to whom a file has gone stale reads it again`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let fault = Fault(.stale, in: { call, entry in call == .openat && entry == EntryName("metadata.json") })
        store.before = fault.hook
        #expect(try store.open().snapshot("X").value(.metadata) == "old title")
        #expect(fault.hasHappened)
    }

    @Test(arguments: [Errno.crossDevice, .accessDenied, .tooManyLinks, .notPermitted])
    func `a file that can't be linked is copied`(errno: Errno) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let fault = Fault(errno, in: { call, entry in call == .linkat && entry == EntryName("QUERY_MESSAGE.md") })
        store.before = fault.hook
        let carried = try #require(try store.open().update("X") { try two(&$0) }.carryOver)
        #expect(fault.hasHappened && carried.linked == 3 && carried.copied + carried.cloned == 1)
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
    }

    @Test func `where the system copies nothing, bytes are copied through memory`() throws {
        var configuration = SimulatedMachine.Configuration()
        configuration.missing = [.clone, .link]
        let machine = SimulatedMachine(configuration)
        let store = try DocumentStore.open(
            at: "/store", on: machine.client(), codecs: CodecRegistry(NoteCodec()), options: StoreOptions())
        try store.update("X") { try two(&$0) }
        let document = try Directory(path: "/store/X", on: machine.client())
        let file = try document.create(EntryName("notes.md"), mode: 0o644)
        try file.writeAll(Data("a person's".utf8))
        try file.close()
        machine.intercept { $0.call == .copy_file_range ? .short(0) : nil }
        try store.update("X") { draft in
            try draft.set("newer title", for: .metadata)
            try draft.set([10], for: .events)
        }
        machine.intercept(nil)
        let copy = try Directory(path: "/store/X", on: machine.client()).open(EntryName("notes.md"))
        #expect(try copy.readAll(size: 10) == Data("a person's".utf8))
    }

    @Test func `what is deleted but open is not carried, and in nobody's way`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let name = ".nfs" + String(repeating: "0", count: 24)
        try store.write("open", to: "X/files/\(name)")
        let opened = try store.open()
        for number in [1, 2] {
            try opened.update("X") { draft in
                try draft.set("title \(number)", for: .metadata)
                try draft.set([number], for: .events)
            }
            #expect(!store.exists("X/files/\(name)"))
            #expect(try store.read("X/files/deep/attachment.txt") == "an attachment")
            // It must not be taken for the only copy.
            #expect(try store.remnants() == [".removed-X"])
        }
    }

    @Test func `files that are written are not all held open at once`() throws {
        let machine = SimulatedMachine()
        let most = Mutex(0)
        let fileSystem = InterposedFileSystem(machine.client()) { (call, _) throws(SystemCallError) in
            guard call == .pwrite else { return }
            let count = machine.openDescriptorCount
            most.withLock { $0 = max($0, count) }
        }
        let store = try DocumentStore.open(
            at: "/store", on: fileSystem, codecs: CodecRegistry(NoteCodec()), options: StoreOptions())
        try store.update("X") { draft in
            for number in 0..<200 { try draft.set(number, for: ManagedFile("part-\(number).json")) }
        }
        #expect(most.withLock { $0 } < 90)
    }

    @Test func `the observer is told of recoveries and of what is in the way`() throws {
        let store = try TemporaryStore()
        try store.write("\"old\"", to: ".old-X/metadata.json")
        try FileManager.default.createSymbolicLink(atPath: store.url("Y").path, withDestinationPath: "X")
        let told = Mutex<[String]>([])
        store.options.observer = { event in
            switch event {
            case .recovered(let report): told.withLock { $0 += report.documents.map { "recovered \($0.name)" } }
            case .warning(let warning): told.withLock { $0.append(warning.message) }
            default: break
            }
        }
        let opened = try store.open()
        #expect(told.withLock { $0 } == ["`Y`: a symbolic link is not followed; it is no document", "recovered X"])
        told.withLock { $0 = [] }
        try store.write("\"old\"", to: ".old-Z/metadata.json")
        try opened.update("Z") { _ in }
        #expect(told.withLock { $0 } == ["recovered Z"])
    }

    @Test func `a document that somebody is at work on is not damaged`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        store.options.lockTimeout = .milliseconds(20)
        let opened = try store.open()
        // Between two renames.
        try FileManager.default.moveItem(at: store.url("X"), to: store.url(".old-X"))
        let holder = try LockHolderForTests(store.path, document: "X")
        let report = try opened.verify(.trash)
        holder.release()
        #expect(report.damage.isEmpty && report.unchecked.map(\.document) == ["X"])
        #expect(!store.exists(".trash"))
    }
}
