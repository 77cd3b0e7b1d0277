import Foundation
import Holdfast
import HoldfastTesting
import Synchronization
import Testing

@Suite struct UpdateTests {
    @Test func `a first save creates the document`() throws {
        let store = try TemporaryStore()
        let receipt = try store.open().update("X") { draft in
            let isNew = draft.isNew
            #expect(isNew)
            try draft.set("hello", for: .metadata)
        }
        #expect(receipt.outcome == .created)
        #expect(receipt.method == .rename)
        #expect(receipt.files.map { "\($0.change) \($0.name) \($0.bytes)" } == ["written metadata.json 7"])
        #expect(try store.tree() == ["X": "directory", "X/metadata.json": "\"hello\""])
    }

    @Test func `a draft that sets nothing creates nothing`() throws {
        let store = try TemporaryStore()
        let receipt = try store.open().update("X") { _ in }
        #expect(receipt.outcome == .unchanged)
        #expect(try store.tree().isEmpty)
    }

    @Test func `one changed file is replaced in the same directory`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        let inode = try store.inode("X")
        let opened = try store.open()
        // What others have left in it is made durable once.
        try opened.update("X") { _ in }
        let receipt = try opened.update("X") { draft in
            let events = try #require(try draft.value(.events))
            try draft.set(events + [4], for: .events)
            try draft.set("old title", for: .metadata)
        }
        #expect(receipt.outcome == .replacedFile)
        #expect(receipt.files.map(\.name) == ["events.json"])
        // A file and a directory, or both by one flush of the journal.
        #expect(receipt.flushes == (receipt.flushProtocol == .orderedJournal ? 1 : 2))
        #expect(try store.inode("X") == inode)
        #expect(try store.read("X/events.json") == "[1,2,3,4]")
        #expect(try store.remnants().isEmpty)
    }

    @Test func `a temporary file that another process has left since is replaced, and nothing through it`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let opened = try store.open()
        // One that is a link to a file of somebody's is as good as any: its name goes, not its content.
        try store.write("precious", to: "../outside.txt")
        for path in ["../outside.txt", "X/QUERY_MESSAGE.md"] {
            try FileManager.default.linkItem(at: store.url(path), to: store.url("X/events.json.tmp"))
            let receipt = try opened.update("X") { draft in
                let events = try draft.value(.events) ?? []
                try draft.set(events + [4], for: .events)
            }
            #expect(receipt.outcome == .replacedFile)
        }
        #expect(try store.read("X/events.json") == "[1,2,3,4,4]")
        #expect(try store.read("../outside.txt") == "precious")
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
        #expect(!store.exists("X/events.json.tmp"))
    }

    @Test func `two changed files swap the whole document`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        let before = try store.tree()
        let receipt = try store.open().update("X") { draft in
            try draft.set("new title", for: .metadata)
            try draft.set("new config", for: .config)
        }
        #expect(receipt.outcome == .swapped)
        #expect(receipt.method == .exchange)
        #expect(receipt.carryOver?.linked == 4)
        #expect(receipt.carryOver?.directories == 2)
        #expect(receipt.bytesWritten == 23)
        var expected = before
        expected["X/metadata.json"] = "\"new title\""
        expected["X/config.yaml"] = "\"new config\""
        #expect(try store.tree() == expected)
        #expect(receipt.warnings.isEmpty)
    }

    @Test func `the same values write nothing and keep the times`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let before = try store.status("X/metadata.json")
        let opened = try store.open()
        let receipt = try opened.update("X") { draft in
            try draft.set("old title", for: .metadata)
            try draft.set([1, 2, 3], for: .events)
        }
        #expect(receipt.outcome == .unchanged)
        let after = try store.status("X/metadata.json")
        #expect(after.st_ino == before.st_ino && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec)
    }

    @Test func `what a store has not made durable itself is flushed once before it counts as unchanged`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        let save = { (opened: DocumentStore) in
            let receipt = try opened.update("X") { try $0.set([1, 2, 3], for: .events) }
            #expect(receipt.outcome == .unchanged)
            return receipt
        }
        let first = try store.open()
        let receipt = try save(first)
        // What is on tmpfs is not to be had durably.
        let isDurable = receipt.durability == .powerLoss
        // Three managed files, their directory and the store.
        #expect(receipt.flushes == (isDurable ? 5 : 0) && receipt.bytesWritten == 0)
        #expect(try save(first).flushes == 0)
        let second = try store.open()
        try second.update("X") { try $0.set([7], for: .events) }
        let third = try second.update("X") { try $0.set([7], for: .events) }
        #expect(third.outcome == .unchanged && third.flushes == 0)
    }

    @Test(arguments: ["another store", "a person", "a person in place", "another document"])
    func `what has changed since a store made it durable is flushed again`(by whom: String) throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        let opened = try store.open()
        try opened.update("X") { try $0.set([7], for: .events) }
        #expect(try opened.update("X") { _ in }.flushes == 0)
        switch whom {
        case "another store":
            store.options.durability = .processCrash
            try store.open().update("X") { try $0.set([8], for: .events) }
        case "a person":
            try store.write("[8]", to: "events.json.new")
            try FileManager.default.removeItem(at: store.url("X/events.json"))
            try FileManager.default.moveItem(at: store.url("events.json.new"), to: store.url("X/events.json"))
        case "a person in place":
            // Longer than a tick of the clock where it is coarse.
            Thread.sleep(forTimeInterval: 0.02)
            let file = try FileHandle(forWritingTo: store.url("X/events.json"))
            try file.write(contentsOf: Data("[8]".utf8))
            try file.close()
        default:
            try store.makeConversation("Y")
            try FileManager.default.moveItem(at: store.url("X"), to: store.url("away"))
            try FileManager.default.moveItem(at: store.url("Y"), to: store.url("X"))
        }
        // The host saves what it has read.
        let receipt = try opened.update("X") { draft in
            let events = try #require(try draft.value(.events))
            try draft.set(events, for: .events)
        }
        #expect(receipt.outcome == .unchanged)
        // What has changed of the files, their directory, and the store.
        #expect(receipt.flushes == (receipt.durability == .powerLoss ? (whom == "another document" ? 5 : 3) : 0))
        #expect(try opened.update("X") { _ in }.flushes == 0)
    }

    @Test func `a doubt of what was written in place is no secret`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        let isFailing = Atomic(false)
        store.before = { (call, _) throws(SystemCallError) in
            if call == .fsync, isFailing.load(ordering: .relaxed) { throw SystemCallError(call, .inputOutput) }
        }
        let opened = try store.open()
        let known = try opened.update("X") { _ in }
        // What is on tmpfs is not to be had durably.
        if known.durability == .processCrash { return }
        let file = try FileHandle(forWritingTo: store.url("X/config.yaml"))
        try file.write(contentsOf: Data("\"new config\"".utf8))
        try file.close()
        isFailing.store(true, ordering: .relaxed)
        #expect(throws: HoldfastError.self) { try opened.update("X") { _ = try $0.value(.config) } }
        isFailing.store(false, ordering: .relaxed)
        #expect(try opened.update("X") { _ in }.durability == .processCrash)
        #expect(try opened.update("X") { try $0.set("config", for: .config) }.durability == .powerLoss)
    }

    @Test func `a directory in doubt is told, and replaced with the next change`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        // Three managed files, then their directory.
        let fault = Fault(.inputOutput, at: 3) { call, _ in call == .fsync }
        store.before = fault.hook
        let opened = try store.open()
        let first = Result { try opened.update("X") { _ in } }
        if case .success(let receipt) = first, receipt.durability == .processCrash { return }
        #expect(throws: HoldfastError.self) { try first.get() }
        #expect(fault.hasHappened)
        let told = try opened.update("X") { _ in }
        #expect(told.outcome == .unchanged && told.durability == .processCrash && told.durabilityReason != nil)
        let saved = try opened.update("X") { try $0.set([7], for: .events) }
        #expect(saved.outcome == .swapped && saved.durability == .powerLoss)
        #expect(try opened.update("X") { _ in }.durability == .powerLoss)
    }

    @Test(arguments: [false, true]) func `a save makes what it leaves as it is durable too, once`(isSwap: Bool) throws {
        let store = try TemporaryStore()
        try store.open().update("X") { draft in
            try draft.set("title", for: .metadata)
            try draft.set([1], for: .events)
            try draft.set("config", for: .config)
        }
        store.options.durability = .powerLoss
        let flushes = Atomic(0)
        store.before = { (call, _) throws(SystemCallError) in
            if call == .fsync || call == .sync_file_range { flushes.add(1, ordering: .relaxed) }
        }
        let opened = try store.open()
        var isEachFile = false
        func save(_ number: Int) throws -> Int {
            let before = flushes.load(ordering: .relaxed)
            let receipt = try opened.update("X") { draft in
                try draft.set([number], for: .events)
                if isSwap { try draft.set("title \(number)", for: .metadata) }
            }
            isEachFile = receipt.flushProtocol == .eachFile
            return flushes.load(ordering: .relaxed) - before
        }
        let (first, second) = (try save(2), try save(3))
        // The files that it did not write; a file's save flushes no name of the document.
        #expect(first - second == (isSwap ? 1 : isEachFile ? 3 : 2))
        #expect(try save(4) == second)
    }

    @Test func `a doubt stays until the file that it is about is written anew`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        // Of its managed files, `config.yaml` is the first.
        let fault = Fault(.inputOutput) { call, _ in call == .fsync }
        store.before = fault.hook
        let opened = try store.open()
        // It finds the same bytes, and can't flush them.
        let first = Result { try opened.update("X") { try $0.set("old config", for: .config) } }
        // What is on tmpfs is not to be had durably.
        if case .success(let receipt) = first, receipt.durability == .processCrash { return }
        #expect(throws: HoldfastError.self) { try first.get() }
        #expect(fault.hasHappened)
        // Other saves leave the file as it is, and say so.
        let swapped = try opened.update("X") { draft in
            try draft.set([7], for: .events)
            try draft.set("title", for: .metadata)
        }
        #expect(swapped.outcome == .swapped && swapped.durability == .processCrash)
        let replaced = try opened.update("X") { try $0.set([8], for: .events) }
        #expect(replaced.outcome == .replacedFile && replaced.durability == .processCrash)
        #expect(try opened.update("X") { _ in }.durability == .processCrash)
        try opened.rename("X", to: "Y")
        #expect(try opened.update("Y") { _ in }.durability == .processCrash)
        let again = try opened.update("Y") { try $0.set("old config", for: .config) }
        #expect(again.outcome == .replacedFile && again.durability == .powerLoss)
        #expect(try opened.update("Y") { _ in }.durability == .powerLoss)
    }

    @Test(arguments: [false, true]) func `what a failed flush has left is written anew`(isRenamed: Bool) throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        // The flush behind the rename.
        let temporary = store.url("X/events.json.tmp").path
        let isPlaced = Mutex(false)
        let fault = Fault(.inputOutput) { call, entry in
            if call == .renameat2, entry == EntryName("events.json.tmp") { isPlaced.withLock { $0 = true } }
            return call == .fsync && isPlaced.withLock { $0 } && !FileManager.default.fileExists(atPath: temporary)
        }
        store.before = fault.hook
        let opened = try store.open()
        let error = #expect(throws: HoldfastError.self) { try opened.update("X") { try $0.set([7], for: .events) } }
        #expect(error?.code == .durabilityUnknown && fault.hasHappened)
        #expect(try store.read("X/events.json") == "[7]")
        let name = isRenamed ? "Y" : "X"
        if isRenamed {
            // A rename that fails doesn't forget it either.
            try store.makeConversation("Z")
            #expect(throws: HoldfastError.self) { try opened.rename("X", to: "Z") }
            try opened.rename("X", to: name)
        }
        // In a new directory: no later flush of the old one would tell.
        let again = try opened.update(name) { try $0.set([7], for: .events) }
        #expect(again.outcome == .swapped && again.flushes > 0 && again.files.map(\.name) == ["events.json"])
        #expect(try opened.update(name) { try $0.set([7], for: .events) }.outcome == .unchanged)
    }

    @Test func `a value that can't be encoded changes nothing`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let before = try store.tree()
        let opened = try store.open()
        let error = #expect(throws: HoldfastError.self) {
            try opened.update("X") { draft in
                try draft.set("new", for: .metadata)
                try draft.set(Double.nan, for: ManagedFile("part-1.json"))
            }
        }
        #expect(error?.code == .encodingFailed)
        #expect(error?.description.contains("X/part-1.json") == true)
        #expect(try store.tree() == before)
    }

    @Test func `an update returns what its body makes`() async throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        @Sendable func append(_ number: Int, _ draft: inout Draft) throws -> Int {
            let events = (try draft.value(.events) ?? []) + [number]
            try draft.set(events, for: .events)
            return events.count
        }
        let first = try await opened.update("X", returning: Int.self) { try append(7, &$0) }
        #expect(first.value == 1 && first.receipt.outcome == .created)
        let second = try await opened.update("X", returning: Int.self) { try append(8, &$0) }
        #expect(second.value == 2 && second.receipt.outcome == .replacedFile)
    }

    @Test func `a failed save of one file names that file, not the temporary one`() throws {
        for call in [SystemCall.openat, .renameat2] {
            let store = try TemporaryStore()
            try store.makeConversation()
            let fault = Fault(.noSpace, at: 0) { $0 == call && $1 == EntryName("events.json.tmp") }
            store.before = fault.hook
            let error = #expect(throws: HoldfastError.self) {
                try store.open().update("X") { try $0.set([9], for: .events) }
            }
            #expect(fault.hasHappened)
            #expect(error?.file == "events.json" && error?.localizedDescription == error?.description)
            #expect(!store.exists("X/events.json.tmp"))
        }
    }

    @Test func `an error of the host's passes through and changes nothing`() throws {
        struct Mine: Error {}
        let store = try TemporaryStore()
        try store.makeConversation()
        let before = try store.tree()
        let opened = try store.open()
        #expect(throws: Mine.self) {
            try opened.update("X") { draft in
                try draft.set("new", for: .metadata)
                throw Mine()
            }
        }
        #expect(try store.tree() == before)
        // The lock is free again.
        try opened.update("X") { try $0.set("newer", for: .metadata) }
    }

    @Test func `a managed file is removed and others come in the same commit`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let receipt = try store.open().update("X") { draft in
            try draft.remove("config.yaml")
            try draft.set("part", for: ManagedFile("part-1.json"))
        }
        #expect(receipt.outcome == .swapped)
        #expect(
            Set(receipt.files.map { "\($0.change) \($0.name)" }) == ["removed config.yaml", "written part-1.json"])
        #expect(!store.exists("X/config.yaml"))
        #expect(try store.read("X/part-1.json") == "\"part\"")
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
    }

    @Test func `an unmanaged entry is removed together with a save`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        let receipt = try store.open().update("X") { draft in
            let question = try #require(try draft.unmanagedBytes("QUERY_MESSAGE.md"))
            #expect(question == Data("a question".utf8))
            try draft.set([1, 2, 3, 4], for: .events)
            let isThere = try draft.removeUnmanaged("QUERY_MESSAGE.md")
            #expect(isThere)
            #expect(try draft.unmanagedBytes("QUERY_MESSAGE.md") == nil)
            let isStillThere = try draft.removeUnmanaged("QUERY_MESSAGE.md")
            #expect(!isStillThere)
        }
        #expect(receipt.outcome == .swapped)
        #expect(receipt.files.map { "\($0.name) \($0.change)" } == ["events.json written", "QUERY_MESSAGE.md removed"])
        #expect(!store.exists("X/QUERY_MESSAGE.md"))
        #expect(try store.read("X/events.json") == "[1,2,3,4]")
        #expect(try store.read("X/files/deep/attachment.txt") == "an attachment")
        #expect(try store.remnants().isEmpty)
    }

    @Test func `an unmanaged folder is removed and another copied in`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("from outside", to: "../outside/inner/file.txt")
        let receipt = try store.open().update("X") { draft in
            try draft.removeUnmanaged("files")
            try draft.addUnmanaged("more", copying: store.url("../outside").path)
            try draft.addUnmanaged("one.txt", copying: store.url("../outside/inner/file.txt").path)
            #expect(try draft.unmanagedBytes("one.txt") == Data("from outside".utf8))
        }
        #expect(receipt.outcome == .swapped)
        #expect(receipt.files.map { "\($0.name) \($0.change)" } == ["more added", "one.txt added", "files removed"])
        #expect(!store.exists("X/files"))
        #expect(try store.read("X/more/inner/file.txt") == "from outside")
        #expect(try store.remnants().isEmpty)
    }

    @Test func `names that are managed or taken are refused in drafts`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let opened = try store.open()
        func code(_ body: @escaping (inout Draft) throws -> Void) -> HoldfastError.Code? {
            #expect(throws: HoldfastError.self) { try opened.update("X", body) }?.code
        }
        #expect(code { try $0.removeUnmanaged("events.json") } == .invalidName)
        #expect(code { try $0.removeUnmanaged("../Y") } == .invalidName)
        #expect(code { try $0.addUnmanaged("files", copying: "/dev/null") } == .alreadyExists)
        #expect(code { try $0.addUnmanaged("events.json.tmp", copying: "/dev/null") } == .invalidName)
        #expect(code { try $0.set("x", for: ManagedFile("QUERY_MESSAGE.md")) } == .unmanagedFilename)
        #expect(code { try $0.setBytes(Data("{".utf8), for: "metadata.json") } == .invalidContent)
    }

    @Test func `a document is renamed and changed in one commit`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        let receipt = try store.open().update("X", renamingTo: "Y") { try $0.set("new title", for: .metadata) }
        #expect(receipt.outcome == .renamed)
        #expect(receipt.document == "Y")
        #expect(!store.exists("X"))
        #expect(try store.read("Y/metadata.json") == "\"new title\"")
        #expect(try store.read("Y/QUERY_MESSAGE.md") == "a question")
        #expect(try store.remnants().isEmpty)
        let taken = #expect(throws: HoldfastError.self) {
            try store.makeConversation("Z")
            try store.open().update("Z", renamingTo: "Y") { _ in }
        }
        #expect(taken?.code == .alreadyExists)
        // Its own name is no other, and the document need not exist.
        let new = try store.open().update("N", renamingTo: "N") { try $0.set("title", for: .metadata) }
        #expect(new.outcome == .created)
        let missing = #expect(throws: HoldfastError.self) {
            try store.open().update("M", renamingTo: "N2") { try $0.set("title", for: .metadata) }
        }
        #expect(missing?.code == .notFound)
    }

    @Test func `a change behind the first block of a file of the same size is saved`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        let text = String(repeating: "a", count: 300_000)
        try opened.update("X") { try $0.set(text, for: .metadata) }
        try opened.update("X") { try $0.set(text.dropLast() + "b", for: .metadata) }
        #expect(try opened.snapshot("X").value(.metadata) == text.dropLast() + "b")
    }

    @Test(arguments: DurabilityModel.allCases) func `many files at once survive a power loss`(
        model: DurabilityModel
    ) throws {
        let disk = SimulatedDisk(model: model)
        let codecs = try CodecRegistry(NoteCodec())
        try disk.openStore(codecs: codecs).update("X") { draft in
            for number in 0..<70 { try draft.set(number, for: ManagedFile("part-\(number).json")) }
        }
        disk.crash(.everything)
        let snapshot = try disk.openStore(codecs: codecs).snapshot("X")
        for number in 0..<70 { #expect(try snapshot.value(ManagedFile<Int>("part-\(number).json")) == number) }
    }

    @Test func `a batch shares its flushes`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        let names = (0..<100).map { "document-\($0)" }
        let opened = try store.open()
        let created = try opened.updateBatch(names) { draft in
            try draft.set(draft.document, for: .metadata)
            try draft.set([1], for: .events)
        }
        #expect(try created.reduce(0) { $0 + (try $1.get().flushes) } <= 4)
        #expect(try opened.list() == names.sorted())
        let changed = try opened.updateBatch(names) { try $0.set([2], for: .events) }
        #expect(try changed.reduce(0) { $0 + (try $1.get().flushes) } <= 4)
        #expect(try changed.allSatisfy { try $0.get().outcome == .replacedFile })
        for name in names { #expect(try store.read("\(name)/events.json") == "[2]") }
    }

    @Test func `a batch with one bad document saves the others`() throws {
        let store = try TemporaryStore()
        for name in ["A", "B", "C"] { try store.makeConversation(name) }
        let socket = store.url("B/files/pipe").path
        #expect(mkfifo(socket, 0o600) == 0)
        store.options.withheldCapabilities = [.link]
        let results = try store.open().updateBatch(["A", "B", "C"]) { draft in
            try draft.set("new title", for: .metadata)
            try draft.set("new config", for: .config)
        }
        #expect(try results[0].get().outcome == .swapped)
        #expect(throws: HoldfastError.self) { try results[1].get() }
        #expect(try results[2].get().outcome == .swapped)
        #expect(try store.read("B/metadata.json") == "\"old title\"")
        #expect(try store.remnants().isEmpty)
    }

    @Test func `a batch refuses a document named twice`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        #expect(throws: HoldfastError.self) { try opened.updateBatch(["A", "A"]) { _ in } }
    }

    @Test(arguments: Durability.allCases)
    func `one that fails of a large batch, saved side by side, is one`(durability: Durability) throws {
        let store = try TemporaryStore(durability: durability)
        store.options.parallelism = 4
        let names = (0..<40).map { "document-\($0)" }
        for name in names { try store.write("mine", to: "\(name)/note of \(name)") }
        let fault = Fault(
            .noSpace, in: { call, entry in call == .linkat && entry == EntryName("note of document-7") })
        store.before = fault.hook
        let results = try store.open().updateBatch(names) { draft in
            try draft.set(draft.document, for: .metadata)
            try draft.set([1], for: .events)
        }
        #expect(fault.hasHappened)
        for (name, result) in zip(names, results) {
            switch result {
            case .success(let receipt): #expect(receipt.document == name && receipt.outcome == .swapped)
            case .failure(let error): #expect(name == "document-7" && error.document == name)
            }
            #expect(store.exists("\(name)/metadata.json") == (name != "document-7"))
            #expect(try store.read("\(name)/note of \(name)") == "mine")
        }
        #expect(try store.remnants() == [])
    }

    @Test func `async twins do the same work`() async throws {
        let store = try TemporaryStore()
        let opened = try await DocumentStore.open(at: store.path, codecs: store.codecs, options: store.options)
        try await opened.update("X") { try $0.set("hello", for: .metadata) }
        #expect(try await opened.snapshot("X").value(.metadata) == "hello")
        let results = try await opened.updateBatch(["X", "Y"]) { try $0.set([7], for: .events) }
        #expect(try results.map { try $0.get().outcome } == [.swapped, .created])
        #expect(try await opened.list() == ["X", "Y"])
        let (isThere, isNot) = (try await opened.contains("Y"), try await opened.contains("Z"))
        #expect(isThere && !isNot)
        try await opened.rename("X", to: "Z")
        try await opened.remove("Y")
        #expect(try await opened.list() == ["Z"])
        #expect(try await opened.recover().isClean)
        #expect(try await opened.verify().isSound)
    }

    @Test func `the observer sees commits`() throws {
        let store = try TemporaryStore()
        let seen = Mutex<[String]>([])
        store.options.observer = { event in
            if case .committed(let receipt) = event { seen.withLock { $0.append("\(receipt.outcome)") } }
        }
        let opened = try store.open()
        try opened.update("X") { try $0.set("a", for: .metadata) }
        try opened.update("X") { try $0.set("b", for: .metadata) }
        try opened.rename("X", to: "Y")
        try opened.remove("Y")
        #expect(seen.withLock { $0 } == ["created", "replacedFile", "renamed", "removed"])
    }
}
