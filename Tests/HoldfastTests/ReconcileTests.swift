import Foundation
import Holdfast
import HoldfastTesting
import Synchronization
import Testing

private struct Failed: Error {}

/// What a person does to unmanaged entries between the carry-over and the swap is not lost.
@Suite struct ReconcileTests {
    /// Runs a commit with two files changed; the person acts when everything is carried over, just before the swap.
    private func swap(
        _ store: TemporaryStore, _ help: Help = .everything, while person: @escaping @Sendable () throws -> Void
    ) throws -> Receipt {
        store.options.withheldCapabilities = help.withheld
        let meanwhile = Meanwhile({ call, entry in call == .renameat2 }, person)
        store.before = meanwhile.hook
        let receipt = try store.open().update("X") { draft in
            try draft.set("new title", for: .metadata)
            try draft.set([9], for: .events)
        }
        #expect(meanwhile.hasHappened)
        #expect(try store.remnants().isEmpty)
        #expect(try store.read("X/metadata.json") == "\"new title\"")
        return receipt
    }

    private func actions(_ receipt: Receipt) -> [String] {
        receipt.reconciled.map { "\($0.action) \($0.path)" }.sorted()
    }

    @Test(arguments: Help.allCases) func `an edit in place`(help: Help) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let url = store.url("X/QUERY_MESSAGE.md")
        _ = try swap(store, help) {
            let handle = try FileHandle(forWritingTo: url)
            try handle.write(contentsOf: Data("A better question".utf8))
            try handle.close()
        }
        #expect(try store.read("X/QUERY_MESSAGE.md") == "A better question")
    }

    @Test(arguments: Help.allCases) func `a save by rename`(help: Help) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let url = store.url("X/QUERY_MESSAGE.md")
        let receipt = try swap(store, help) {
            try Data("an editor's save".utf8).write(to: url, options: .atomic)
        }
        #expect(try store.read("X/QUERY_MESSAGE.md") == "an editor's save")
        #expect(actions(receipt) == ["replaced QUERY_MESSAGE.md"])
    }

    @Test func `what is made while the update's body runs is carried over`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let receipt = try store.open().update("X") { draft in
            try draft.set("new title", for: .metadata)
            try draft.set([9], for: .events)
            try store.write("made", to: "X/new.txt")
        }
        #expect(receipt.reconciled.isEmpty)
        #expect(try store.read("X/new.txt") == "made")
    }

    /// Without a rename that refuses to replace, a look and a rename are two steps, and nothing can guard what comes between.
    private static let canRefuseToReplace: Bool = {
        let folder = FileManager.default.temporaryDirectory.path
        let names = (EntryName("holdfast-\(UUID().uuidString)"), EntryName("holdfast-\(UUID().uuidString)"))
        do {
            let directory = try Directory(path: folder, on: POSIXFileSystem())
            try directory.makeDirectory(names.0, mode: 0o700)
            defer { _ = rmdir("\(folder)/\(names.0)") + rmdir("\(folder)/\(names.1)") }
            try directory.rename(names.0, to: names.1, .noReplace)
            return true
        } catch {
            return false
        }
    }()

    @Test(
        .enabled(if: canRefuseToReplace, "this file system has no RENAME_NOREPLACE"),
        arguments: [Help.everything, .withoutExchange, .withoutLinks])
    func `a second save while the first is brought`(help: Help) throws {
        // At every call behind the swap.
        for moment in 0..<60 {
            let store = try TemporaryStore()
            try store.makeConversation()
            store.options.withheldCapabilities = help.withheld
            let url = store.url("X/QUERY_MESSAGE.md")
            let committed = store.url("X/part-1.json").path
            let save: @Sendable (String) throws -> Void = { text in
                try Data(text.utf8).write(to: url, options: .atomic)
                // Times are those of the kernel's last tick.
                usleep(12_000)
            }
            let first = Meanwhile({ call, entry in call == .renameat2 }) { try save("first") }
            let callsBehind = Atomic(-1)
            let second = Meanwhile(
                { call, _ in callsBehind.add(1, ordering: .relaxed).newValue == moment },
                { try save("second") })
            let isSwapped = Atomic(false)
            store.before = { (call, entry) throws(SystemCallError) in
                try first.hook(call, entry)
                if isSwapped.load(ordering: .relaxed) { try second.hook(call, entry) }
            }
            store.after = { (call, _) throws(SystemCallError) in
                if call == .renameat2, FileManager.default.fileExists(atPath: committed) {
                    isSwapped.store(true, ordering: .relaxed)
                }
            }
            try store.open().update("X") { draft in
                try draft.set("new title", for: .metadata)
                try draft.set(1, for: ManagedFile<Int>("part-1.json"))
            }
            if !second.hasHappened {
                #expect(moment > 8)
                break
            }
            #expect(try store.remnants().isEmpty)
            #expect(try store.read("X/QUERY_MESSAGE.md") == "second", "before call \(moment)")
        }
    }

    @Test(arguments: Help.allCases) func `new files, a new folder, a file in a folder`(help: Help) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let urls = ["X/new.txt", "X/files/new.txt", "X/files/deep/new.txt", "X/folder/inner.txt"].map(store.url)
        let receipt = try swap(store, help) {
            for url in urls {
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data("new".utf8).write(to: url)
            }
        }
        for url in urls { #expect(try String(contentsOf: url, encoding: .utf8) == "new") }
        #expect(
            actions(receipt) == [
                "created files/deep/new.txt", "created files/new.txt", "created folder", "created new.txt",
            ])
    }

    @Test(arguments: Help.allCases) func `deletions`(help: Help) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let urls = ["X/QUERY_MESSAGE.md", "X/files"].map(store.url)
        let receipt = try swap(store, help) {
            for url in urls { try FileManager.default.removeItem(at: url) }
        }
        #expect(!store.exists("X/QUERY_MESSAGE.md") && !store.exists("X/files"))
        #expect(actions(receipt).contains("deleted QUERY_MESSAGE.md"))
        #expect(actions(receipt).contains("deleted files"))
    }

    @Test(arguments: Help.allCases) func `renames`(help: Help) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let (from, to) = (store.url("X/QUERY_MESSAGE.md"), store.url("X/files/QUESTION.md"))
        _ = try swap(store, help) { try FileManager.default.moveItem(at: from, to: to) }
        #expect(!store.exists("X/QUERY_MESSAGE.md"))
        #expect(try store.read("X/files/QUESTION.md") == "a question")
    }

    @Test(arguments: Help.allCases) func `a file in a folder's place and a folder in a file's`(help: Help) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let (file, folder) = (store.url("X/QUERY_MESSAGE.md"), store.url("X/files"))
        _ = try swap(store, help) {
            try FileManager.default.removeItem(at: file)
            try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
            try Data("inside".utf8).write(to: file.appending(path: "inner"))
            try FileManager.default.removeItem(at: folder)
            try Data("a file now".utf8).write(to: folder)
        }
        #expect(try store.read("X/QUERY_MESSAGE.md/inner") == "inside")
        #expect(try store.read("X/files") == "a file now")
    }

    @Test func `a folder that comes while the old generation goes is not taken for nothing`() throws {
        for isEmpty in [false, true] {
            let store = try TemporaryStore()
            try store.makeConversation()
            let folder = store.url(".old-X/saved")
            let meanwhile = Meanwhile({ call, entry in call == .rmdirat && entry == EntryName(".old-X") }) {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
                if !isEmpty { try Data("new".utf8).write(to: folder.appending(path: "note.md")) }
            }
            store.before = meanwhile.hook
            let receipt = try store.open().update("X") { draft in
                try draft.set("new title", for: .metadata)
                try draft.set([9], for: .events)
            }
            #expect(meanwhile.hasHappened)
            #expect(receipt.warnings.count == 1)
            #expect(try store.open().recoveryReport.isClean == false)
            #expect(try store.remnants().isEmpty)
            #expect(store.exists("X/saved"))
            if !isEmpty { #expect(try store.read("X/saved/note.md") == "new") }
        }
    }

    @Test func `what is saved while a flush fails stays, though the commit is taken back`() throws {
        for help in [Help.everything, .withoutExchange] {
            let store = try TemporaryStore()
            store.options.withheldCapabilities = help.withheld
            store.options.durability = .powerLoss
            try store.makeConversation()
            let (query, new) = (store.url("X/QUERY_MESSAGE.md"), store.url("X/new.md"))
            let old = store.url(".old-X").path
            let meanwhile = Meanwhile({ call, _ in call == .fsync && FileManager.default.fileExists(atPath: old) }) {
                try Data("saved".utf8).write(to: query, options: .atomic)
                try Data("new".utf8).write(to: new)
                throw Failed()
            }
            store.before = meanwhile.hook
            let error = #expect(throws: HoldfastError.self) {
                try store.open().update("X") { draft in
                    try draft.set("new title", for: .metadata)
                    try draft.set([9], for: .events)
                }
            }
            #expect(error?.code == .flushFailed)
            #expect(meanwhile.hasHappened)
            store.before = { (_, _) throws(SystemCallError) in }
            _ = try store.open()
            #expect(try store.remnants().isEmpty)
            #expect(try store.read("X/metadata.json") == "\"old title\"")
            #expect(try store.read("X/QUERY_MESSAGE.md") == "saved")
            #expect(try store.read("X/new.md") == "new")
        }
    }

    /// What both names are linked to is one file, as long as the old name stands in the new generation.
    @Test(arguments: Help.allCases) func `something new under the old name of what is renamed during a save`(
        help: Help
    ) throws {
        let store = try TemporaryStore()
        store.options.withheldCapabilities = help.withheld
        try store.makeConversation()
        let document = store.url("X")
        // In a folder it is a person's, whatever its name.
        try store.write("mine", to: "X/files/events.json")
        let (staging, old) = (store.url(".staging-X").path, store.url(".old-X").path)
        let manager = FileManager.default
        let renaming = Meanwhile({ call, entry in
            call == .openat && entry == EntryName("metadata.json") && FileManager.default.fileExists(atPath: staging)
        }) {
            let manager = FileManager.default
            for (name, newName) in [
                ("QUERY_MESSAGE.md", "asked.md"), ("files/deep", "files/moved"),
                ("files/events.json", "files/kept.json"),
            ] {
                try manager.moveItem(at: document.appending(path: name), to: document.appending(path: newName))
            }
        }
        let saving = Meanwhile({ call, _ in
            call == .statx && FileManager.default.fileExists(atPath: old)
                && !FileManager.default.fileExists(atPath: staging)
        }) {
            try Data("next".utf8).write(to: document.appending(path: "QUERY_MESSAGE.md"))
            try Data("next".utf8).write(to: document.appending(path: "files/events.json"))
            let deep = document.appending(path: "files/deep")
            try FileManager.default.createDirectory(at: deep, withIntermediateDirectories: true)
            try Data("another".utf8).write(to: deep.appending(path: "attachment.txt"))
        }
        store.before = { (call, entry) throws(SystemCallError) in
            try renaming.hook(call, entry)
            try saving.hook(call, entry)
        }
        let receipt = try store.open().update("X") { draft in
            try draft.set("new title", for: .metadata)
            try draft.set([9], for: .events)
        }
        #expect(renaming.hasHappened && saving.hasHappened)
        #expect(try store.read("X/asked.md") == "a question" && store.read("X/QUERY_MESSAGE.md") == "next")
        #expect(try store.read("X/files/kept.json") == "mine" && store.read("X/files/events.json") == "next")
        #expect(try store.read("X/files/moved/attachment.txt") == "an attachment")
        #expect(try store.read("X/files/deep/attachment.txt") == "another")
        #expect(actions(receipt).contains("deleted QUERY_MESSAGE.md") && actions(receipt).contains("created asked.md"))
        #expect(try store.remnants().isEmpty && !manager.fileExists(atPath: store.url(".trash").path))
    }

    @Test(arguments: Help.allCases) func `a folder that is closed to others during a save`(help: Help) throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let folder = store.url("X/files").path
        _ = try swap(store, help) { try #require(chmod(folder, 0o700) == 0) }
        #expect(try store.status("X/files").st_mode & 0o7777 == 0o700)
        #expect(try store.status("X/files/deep").st_mode & 0o7777 == 0o755)
    }

    @Test func `what is saved while a rename's flush fails is kept aside`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.makeConversation()
        let (renamed, old) = (store.url("Y"), store.url(".old-Y").path)
        let meanwhile = Meanwhile({ call, _ in call == .fsync && FileManager.default.fileExists(atPath: old) }) {
            try Data("saved".utf8).write(to: renamed.appending(path: "QUERY_MESSAGE.md"), options: .atomic)
            try Data("new".utf8).write(to: renamed.appending(path: "files/deep/new.md"))
            throw Failed()
        }
        store.before = meanwhile.hook
        let error = #expect(throws: HoldfastError.self) {
            try store.open().update("X", renamingTo: "Y") { draft in
                try draft.set("new title", for: .metadata)
                try draft.set([9], for: .events)
            }
        }
        #expect(error?.code == .flushFailed && meanwhile.hasHappened)
        #expect(try store.reopen().recoveryReport.isComplete)
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
        let trash = try store.tree(".trash").values
        #expect(trash.contains("saved") && trash.contains("new") && trash.count { $0 != "directory" } == 2)
    }

    @Test(arguments: Help.allCases) func `what vanishes while it is carried is nobody's loss`(help: Help) throws {
        for moment in [SystemCall.statx, .linkat] {
            let store = try TemporaryStore()
            store.options.withheldCapabilities = help.withheld
            try store.makeConversation()
            let vanishing = store.url("X/files/4913")
            try store.write("", to: "X/files/4913")
            let meanwhile = Meanwhile({ call, entry in call == moment && entry == EntryName("4913") }) {
                try FileManager.default.removeItem(at: vanishing)
            }
            store.before = meanwhile.hook
            try store.open().update("X") { draft in
                try draft.set("new title", for: .metadata)
                try draft.set([9], for: .events)
            }
            #expect(!store.exists("X/files/4913") || !meanwhile.hasHappened)
            #expect(try store.read("X/metadata.json") == "\"new title\"")
        }
    }

    @Test func `an editor's save just before the link leaves nothing in the trash`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let url = store.url("X/QUERY_MESSAGE.md")
        store.before =
            Meanwhile({ call, entry in call == .linkat && entry == EntryName("QUERY_MESSAGE.md") }) {
                try Data("saved".utf8).write(to: url, options: .atomic)
            }.hook
        let receipt = try store.open().update("X") { draft in
            try draft.set("new title", for: .metadata)
            try draft.set([9], for: .events)
        }
        #expect(receipt.reconciled.isEmpty)
        #expect(try store.read("X/QUERY_MESSAGE.md") == "saved")
        #expect(!store.exists(".trash"))
    }

    @Test func `an edit that comes after a draft was consumed stays`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let url = store.url("X/QUERY_MESSAGE.md")
        let meanwhile = Meanwhile({ call, _ in call == .renameat2 }) {
            try Data("a second question".utf8).write(to: url, options: .atomic)
        }
        store.before = meanwhile.hook
        try store.open().update("X") { draft in
            try draft.set([9], for: .events)
            try draft.removeUnmanaged("QUERY_MESSAGE.md")
        }
        #expect(meanwhile.hasHappened)
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a second question")
        #expect(try store.remnants().isEmpty)
    }

    @Test func `an edit that comes while a draft is being consumed stays`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.open().update("X") { draft in
            let question = try draft.unmanagedBytes("QUERY_MESSAGE.md")
            #expect(question == Data("a question".utf8))
            try store.write("a second question", to: "X/QUERY_MESSAGE.md")
            try draft.set([9], for: .events)
            try draft.removeUnmanaged("QUERY_MESSAGE.md")
        }
        #expect(try store.read("X/events.json") == "[9]")
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a second question")
    }

    @Test func `a managed file that a person edits meanwhile is a conflict or goes to the trash`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        let url = store.url("X/events.json")
        // With one file the commit can still stop.
        store.before =
            Meanwhile({ call, entry in entry == EntryName("events.json.tmp") }) {
                try Data("[7]".utf8).write(to: url, options: .atomic)
            }.hook
        let error = #expect(throws: HoldfastError.self) {
            try store.open().update("X") { draft in
                let events = try draft.value(.events) ?? []
                try draft.set(events + [4], for: .events)
            }
        }
        #expect(error?.code == .conflict)
        #expect(try store.read("X/events.json") == "[7]")
        #expect(!store.exists("X/events.json.tmp"))
        // With two it is committed, and the person's version is kept aside.
        _ = try swap(store) { try Data("[8]".utf8).write(to: url, options: .atomic) }
        #expect(try store.read("X/events.json") == "[9]")
        #expect(try store.tree(".trash").values.contains("[8]"))
    }

    @Test func `a document that a person moves away meanwhile is not overwritten`() throws {
        for filesChanged in 1...2 {
            let store = try TemporaryStore()
            try store.makeConversation()
            let (from, to) = (store.url("X"), store.url("moved"))
            store.before =
                Meanwhile({ call, entry in
                    entry == EntryName(filesChanged == 1 ? "events.json.tmp" : ".staging-X") && call != .statx
                }) {
                    try FileManager.default.moveItem(at: from, to: to)
                }.hook
            let error = #expect(throws: HoldfastError.self) {
                try store.open().update("X") { draft in
                    if filesChanged > 1 { try draft.set("new", for: .metadata) }
                    try draft.set([9], for: .events)
                }
            }
            #expect(error?.code == .conflict)
            #expect(try store.read("moved/metadata.json") == "\"old title\"")
            #expect(!store.exists("X") && !store.exists("moved/events.json.tmp"))
            #expect(try store.remnants().isEmpty)
        }
    }

    @Test(arguments: Help.allCases) func `read-only folders arrive, give way and go to the trash as others do`(
        help: Help
    ) throws {
        // The superuser is asked for no permission.
        var configuration = SimulatedMachine.Configuration()
        configuration.user = 1000
        let machine = SimulatedMachine(configuration)
        let person = machine.client(1)
        let root = try Directory(path: "/", on: person)
        @Sendable func makeClosed(_ name: String, in path: String, _ file: String) throws {
            let parent = try Directory(path: path, on: person)
            try parent.makeDirectory(EntryName(name), mode: 0o700)
            let folder = try Directory(EntryName(name), in: parent)
            try folder.create(EntryName(file), mode: 0o600).close()
            try folder.setMode(0o500)
        }
        try root.makeDirectory(EntryName("store"), mode: 0o755)
        let renames = Atomic(0)
        let failure = Mutex<(any Error)?>(nil)
        let fileSystem = InterposedFileSystem(
            machine.client(),
            before: { (call, _) throws(SystemCallError) in
                guard call == .renameat2 else { return }
                do {
                    switch renames.add(1, ordering: .relaxed).newValue {
                    case 2:
                        // Everything is carried over.
                        let closed = try Directory(path: "/store/X/closed", on: person)
                        try closed.setMode(0o700)
                        try closed.create(EntryName("new"), mode: 0o600).close()
                        try closed.removeFile(EntryName("first"))
                        try closed.setMode(0o500)
                        try makeClosed("made", in: "/store/X", "new")
                        try makeClosed("twice", in: "/store/X", "older")
                        try makeClosed("later", in: "/store/X", "newer")
                    case 4:
                        // The generations are swapped.
                        try makeClosed("twice", in: "/store/X", "newer")
                        try makeClosed("later", in: "/store/X", "older")
                        let long = Timestamp(seconds: 1, nanoseconds: 0)
                        let later = try Directory(path: "/store/X/later", on: person)
                        try person.setTimes(later.descriptor, access: long, modification: long)
                    default: break
                    }
                } catch {
                    failure.withLock { $0 = error }
                }
            })
        var options = StoreOptions()
        options.withheldCapabilities = help.withheld
        let store = try DocumentStore.open(
            at: "/store", on: fileSystem, codecs: CodecRegistry(NoteCodec()), options: options)
        try store.update("X") { draft in
            try draft.set("title", for: .metadata)
            try draft.set([1], for: .events)
        }
        try makeClosed("closed", in: "/store/X", "first")
        let receipt = try store.update("X") { draft in
            try draft.set("new title", for: .metadata)
            try draft.set([9], for: .events)
        }
        if let error = failure.withLock({ $0 }) { throw error }
        #expect(receipt.warnings.isEmpty)
        func names(_ path: String) throws -> [String] {
            let folder = try Directory(path: path, on: person)
            #expect(try folder.status().mode == 0o500, "\(path)")
            return try folder.entries().map(\.name.description).sorted()
        }
        #expect(try names("/store/X/closed") == ["new"])
        #expect(try names("/store/X/made") == ["new"])
        #expect(try names("/store/X/twice") == ["newer"])
        #expect(try names("/store/X/later") == ["newer"])
        #expect(try names("/store/.trash/X~twice") == ["older"])
        #expect(try names("/store/.trash/X~later") == ["older"])
    }
}
