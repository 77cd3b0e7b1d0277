import Foundation
import Holdfast
import HoldfastTesting
import Synchronization
import Testing

/// The rows of the recovery table: which generations stand, and what becomes of them.
enum Row: String, CaseIterable, CustomTestStringConvertible {
    case live = "X"
    case staging = "staging"
    case liveStaging = "X + staging"
    case liveOld = "X + old"
    case stagingOld = "staging + old"
    case old = "old"
    case liveStagingOld = "X + staging + old"
    case removed = "removed"

    var testDescription: String { rawValue }

    var actions: [RecoveryAction] {
        switch self {
        case .live: []
        case .staging, .liveStaging: [.removeStaging]
        case .liveOld: [.reconcileUnmanaged, .removeOld]
        case .stagingOld: [.restoreOld, .removeStaging]
        case .old: [.restoreOld]
        case .liveStagingOld: [.reconcileUnmanaged, .removeOld, .removeStaging]
        case .removed: [.finishRemoval]
        }
    }

    /// The metadata that stands afterwards.
    var survivor: String? {
        switch self {
        case .live, .liveStaging, .liveOld, .liveStagingOld: "\"live\""
        case .stagingOld, .old: "\"old\""
        case .staging, .removed: nil
        }
    }

    /// Lays the row out, as commits do: what is carried over is linked.
    func lay(in store: TemporaryStore) throws {
        func generation(_ name: String, _ value: String) throws {
            try store.write("\"\(value)\"", to: "\(name)/metadata.json")
            try store.write("[1]", to: "\(name)/events.json")
            try store.write("in a folder of \(value)", to: "\(name)/files/\(value).txt")
            try FileManager.default.linkItem(
                at: store.folder.appending(path: "question"), to: store.url("\(name)/QUERY_MESSAGE.md"))
        }
        try Data("a question".utf8).write(to: store.folder.appending(path: "question"))
        if rawValue.contains("X") { try generation("X", "live") }
        if rawValue.contains("staging") { try generation(".staging-X", "staging") }
        if rawValue.contains("old") { try generation(".old-X", "old") }
        if self == .removed { try generation(".removed-X", "removed") }
    }
}

@Suite struct RecoveryTests {
    @Test func `opening tells of each document that its recovery is done with`() async throws {
        let names = (0..<40).map { "\($0)" }
        for isDryRun in [true, false] {
            let store = try TemporaryStore()
            store.options.recoveryAtOpening = isDryRun ? .report : .recover
            for (index, name) in names.enumerated() {
                try store.write("\"live\"", to: "\(name)/metadata.json")
                if index % 2 == 0 { try store.write("\"old\"", to: ".old-\(name)/metadata.json") }
            }
            let told = Mutex<[StoreProgress]>([])
            let tell: @Sendable (StoreProgress) -> Void = { step in told.withLock { $0.append(step) } }
            // Both ways to open it.
            let open = { try DocumentStore.open(at: $0, codecs: store.codecs, options: store.options, progress: tell) }
            if isDryRun {
                _ = try open(store.path)
            } else {
                _ = try await DocumentStore.open(
                    at: store.path, codecs: store.codecs, options: store.options, progress: tell)
            }
            #expect(told.withLock { $0.map(\.completed).sorted() } == Array(1...40))
            #expect(told.withLock { Set($0.map(\.document)) } == Set(names))
            #expect(told.withLock { $0.allSatisfy { $0.total == 40 } })
        }
    }

    @Test(arguments: Row.allCases) func `each row of the table ends as the table says`(row: Row) throws {
        let store = try TemporaryStore()
        try row.lay(in: store)
        let dry = try openWithoutRecovery(store)
        #expect(dry.documents.flatMap(\.actions) == row.actions)
        let opened = try store.open()
        #expect(opened.recoveryReport.documents.flatMap(\.actions) == row.actions)
        #expect(opened.recoveryReport.isComplete)
        try check(row, store)
    }

    @Test(arguments: Row.allCases) func `each row survives a crash at every step of its recovery`(row: Row) throws {
        var cuts = 0
        while true {
            let store = try TemporaryStore()
            try row.lay(in: store)
            let cut = Cut(after: cuts)
            store.before = cut.hook
            _ = try store.open()
            // Dead before its last step, or not: what follows finds a state that it knows.
            store.before = { (_, _) throws(SystemCallError) in }
            let second = try store.open()
            #expect(second.recoveryReport.isComplete)
            try check(row, store)
            if !cut.hasHappened { break }
            cuts += 1
        }
        #expect(row == .live ? cuts == 0 : cuts > 0)
    }

    /// The report of a dry run over a store as it lies; opening would mend it.
    private func openWithoutRecovery(_ store: TemporaryStore) throws -> RecoveryReport {
        let before = try store.tree()
        let other = try TemporaryStore()
        try FileManager.default.copyItem(atPath: store.path, toPath: other.path)
        // A lock that is held keeps the opening away from it.
        let holder = try LockHolderForTests(other.path, document: "X")
        let report = try other.open().recover(dryRun: true)
        holder.release()
        #expect(try other.tree() == before)
        return report
    }

    private func check(_ row: Row, _ store: TemporaryStore) throws {
        #expect(try store.remnants().isEmpty)
        let tree = try store.tree()
        #expect(tree["X/metadata.json"] == row.survivor)
        guard row.survivor != nil else {
            #expect(tree.isEmpty)
            return
        }
        #expect(tree["X/QUERY_MESSAGE.md"] == "a question")
        // What stood only in the old generation was a person's: it may not be lost.
        if row.rawValue.contains("old") { #expect(tree["X/files/old.txt"] == "in a folder of old") }
        if row.rawValue.contains("X") { #expect(tree["X/files/live.txt"] == "in a folder of live") }
        #expect(try store.reopen().recoveryReport.isClean)
        #expect(try store.tree() == tree)
    }

    @Test func `managed files come back where a host put a draft into the gap`() throws {
        let store = try TemporaryStore()
        try store.write("\"old\"", to: ".old-X/metadata.json")
        try store.write("old draft", to: ".old-X/QUERY_MESSAGE.md")
        try store.write("new draft", to: "X/QUERY_MESSAGE.md")
        // Whatever its time.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -100)], ofItemAtPath: store.url("X/QUERY_MESSAGE.md").path)
        let opened = try store.open()
        #expect(
            opened.recoveryReport.documents.first?.actions == [.restoreManagedFiles])
        #expect(try store.read("X/metadata.json") == "\"old\"")
        #expect(try store.read("X/QUERY_MESSAGE.md") == "new draft")
        #expect(try store.remnants().isEmpty)
        // The older draft is kept aside.
        #expect(try store.tree(".trash").values.contains("old draft"))
    }

    @Test func `the newer of two versions keeps the name`() throws {
        let store = try TemporaryStore()
        try store.write("\"a\"", to: "X/metadata.json")
        try store.write("older", to: "X/notes.md")
        try store.write("\"a\"", to: ".old-X/metadata.json")
        try store.write("newer", to: ".old-X/notes.md")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -100)], ofItemAtPath: store.url("X/notes.md").path)
        let report = try store.open().recoveryReport
        #expect(try store.read("X/notes.md") == "newer")
        #expect(report.documents.first?.reconciled.map(\.action) == [.trashed, .replaced])
        #expect(try store.tree(".trash").values.contains("older"))
    }

    @Test func `a save by rename whose own file was carried over first keeps its name`() throws {
        let store = try TemporaryStore()
        try store.write("\"old\"", to: ".old-X/metadata.json")
        try store.write("\"new\"", to: "X/metadata.json")
        try store.write("first", to: "X/notes.md")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -100)], ofItemAtPath: store.url("X/notes.md").path)
        // Carried over as `notes.md~`, and renamed over `notes.md` before the swap.
        try store.write("second", to: "X/notes.md~")
        try FileManager.default.linkItem(at: store.url("X/notes.md~"), to: store.url(".old-X/notes.md"))
        let report = try store.open().recoveryReport
        #expect(report.documents.first?.reconciled.map(\.action) == [.trashed, .replaced])
        #expect(try store.read("X/notes.md") == "second")
        #expect(try store.tree(".trash").values.contains("first"))
        #expect(try store.remnants().isEmpty)
    }

    @Test func `a file that was renamed in the new generation does not come back`() throws {
        let store = try TemporaryStore()
        try store.write("\"a\"", to: "X/metadata.json")
        try store.write("text", to: "X/renamed.md")
        try store.write("copied text", to: "X/copy-renamed.md")
        try store.write("\"a\"", to: ".old-X/metadata.json")
        try FileManager.default.linkItem(at: store.url("X/renamed.md"), to: store.url(".old-X/notes.md"))
        try store.write("copied text", to: ".old-X/copy.md")
        _ = try store.open()
        #expect(
            try store.tree("X").keys.sorted() == ["copy-renamed.md", "metadata.json", "renamed.md"])
        #expect(try store.remnants().isEmpty)
    }

    @Test func `what a commit had just taken aside when it was killed comes back under its name`() throws {
        let store = try TemporaryStore()
        try store.write("\"a\"", to: "X/metadata.json")
        try store.write("carried", to: "X/kept.md")
        try store.write("\"a\"", to: ".old-X/metadata.json")
        try store.write("a person's", to: ".old-X/.holdfast-taken-notes.md")
        try FileManager.default.linkItem(
            at: store.url("X/kept.md"), to: store.url(".old-X/.holdfast-taken-kept.md"))
        let report = try store.open().recoveryReport
        #expect(try store.read("X/notes.md") == "a person's")
        #expect(try store.tree("X").keys.sorted() == ["kept.md", "metadata.json", "notes.md"])
        #expect(report.documents.first?.reconciled.map { "\($0.action) \($0.path)" } == ["created notes.md"])
        #expect(try store.remnants().isEmpty)
    }

    @Test func `a person's file that is named as a commit names what it has taken stays what it is`() throws {
        let store = try TemporaryStore()
        let names = ["kept.md", ".holdfast-taken-kept.md", ".holdfast-taken-alone.md"]
        for document in ["X", ".old-X"] { try store.write("\"a\"", to: "\(document)/metadata.json") }
        for name in names {
            try store.write("this is \(name)", to: "X/\(name)")
            try FileManager.default.linkItem(at: store.url("X/\(name)"), to: store.url(".old-X/\(name)"))
        }
        _ = try store.open()
        #expect(try store.tree("X").keys.sorted() == names.sorted() + ["metadata.json"])
        for name in names { #expect(try store.read("X/\(name)") == "this is \(name)") }
        #expect(try store.remnants().isEmpty)
    }

    @Test func `orphaned temporary files go, a person's stay`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("half", to: "X/events.json.tmp")
        try store.write("half", to: "X/part-7.json.tmp")
        try store.write("mine", to: "X/notes.tmp")
        try store.write("mine", to: "X/notes.md.tmp")
        try store.write("mine", to: "X/files/events.json.tmp")
        let report = try store.open().recoveryReport
        #expect(report.documents.first?.found == ["X/events.json.tmp", "X/part-7.json.tmp"])
        #expect(report.documents.first?.actions == [.removeTemporaryFiles])
        #expect(!store.exists("X/events.json.tmp") && !store.exists("X/part-7.json.tmp"))
        #expect(try store.read("X/notes.tmp") == "mine")
        #expect(try store.read("X/notes.md.tmp") == "mine")
        #expect(try store.read("X/files/events.json.tmp") == "mine")
    }

    @Test func `odd remnants are reported and left as they are`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("a file", to: ".staging-X")
        try store.write("target", to: "../target/kept.txt")
        try FileManager.default.createSymbolicLink(
            atPath: store.url(".old-X").path, withDestinationPath: store.url("../target").path)
        try FileManager.default.createSymbolicLink(
            atPath: store.url("Y").path, withDestinationPath: store.url("../target").path)
        try store.write("kept", to: ".old-Y/metadata.json")
        let before = try store.tree()
        let report = try store.open().recoveryReport
        #expect(try store.tree() == before)
        #expect(report.warnings.count == 3)
        #expect(report.documents.first { $0.name == "Y" }?.failure != nil)
        #expect(try store.read("../target/kept.txt") == "target")
        #expect(try store.open().list() == ["X", "Y"])
    }

    @Test func `a live writer's document is left alone`() throws {
        let store = try TemporaryStore()
        try store.makeConversation()
        try store.write("\"half\"", to: ".staging-X/metadata.json")
        let holder = try LockHolderForTests(store.path, document: "X")
        let report = try store.open().recoveryReport
        #expect(report.documents.first?.skipped != nil)
        #expect(store.exists(".staging-X"))
        holder.release()
        #expect(try store.open().recoveryReport.isComplete)
        #expect(!store.exists(".staging-X"))
    }

    @Test func `an update recovers its own document first`() throws {
        let store = try TemporaryStore()
        let opened = try store.open()
        try store.write("\"only copy\"", to: ".old-X/metadata.json")
        try store.write("a question", to: ".old-X/QUERY_MESSAGE.md")
        try opened.update("X") { draft in
            let value = try draft.value(.metadata)
            #expect(value == "only copy")
            try draft.set([1], for: .events)
        }
        #expect(try store.read("X/metadata.json") == "\"only copy\"")
        #expect(try store.read("X/QUERY_MESSAGE.md") == "a question")
        #expect(try store.remnants().isEmpty)
    }

    @Test func `recovery goes on past a document that it can't mend`() throws {
        let store = try TemporaryStore()
        try store.write("\"a\"", to: ".old-A/metadata.json")
        try store.write("\"b\"", to: ".old-B/metadata.json")
        let fault = Fault(.inputOutput, in: { call, entry in call == .renameat2 && entry == EntryName(".old-A") })
        store.before = fault.hook
        let opened = try store.open()
        #expect(fault.hasHappened)
        #expect(opened.recoveryReport.documents.map { $0.failure == nil } == [false, true])
        #expect(store.exists(".old-A") && store.exists("B"))
        #expect(try opened.recover().isComplete)
        #expect(store.exists("A"))
    }

    @Test func `nothing is deleted when the flush before it fails`() throws {
        for row in Row.allCases where ![.live, .old, .liveStaging, .staging].contains(row) {
            let store = try TemporaryStore()
            try row.lay(in: store)
            let before = try store.tree()
            store.before = Fault(.inputOutput, in: { call, _ in call == .fsync || call == .syncfs }).hook
            let report = try store.open().recoveryReport
            #expect(report.documents.first?.failure != nil)
            // A restored name may have moved; no file may be gone.
            #expect(try store.tree().values.sorted() == before.values.sorted())
            _ = try store.reopen()
            try check(row, store)
        }
    }

    @Test func `a person's version that differs at its end is not taken for the copy`() throws {
        let store = try TemporaryStore()
        let text = String(repeating: "a", count: 300_000)
        try store.write("1", to: "X/metadata.json")
        try store.write(text, to: "X/notes.md")
        try store.write("1", to: ".old-X/metadata.json")
        try store.write(text.dropLast() + "b", to: ".old-X/notes.md")
        _ = try store.open()
        #expect(try store.tree().values.contains(text.dropLast() + "b"))
    }

    @Test(arguments: [[], [Capability.exchange]])
    func `a save under another name that fails half way is finished, also when its process dies`(
        withheld: [Capability]
    ) throws {
        for cut in 0..<12 {
            let store = try TemporaryStore(durability: .powerLoss)
            try store.makeConversation()
            // A rename is one call then, on every file system.
            store.options.withheldCapabilities = Set(withheld + [.noReplace])
            // The second rename fails, and so does the one that takes the first back; then the process dies.
            let renames = Mutex(0)
            let changes = Mutex(0)
            store.before = { (call, entry) throws(SystemCallError) in
                func count(_ counter: borrowing Mutex<Int>) -> Int {
                    counter.withLock {
                        $0 += 1
                        return $0
                    }
                }
                if call == .renameat2, (2...3).contains(count(renames)) {
                    throw SystemCallError(call, .inputOutput, entry: entry)
                }
                if renames.withLock({ $0 }) >= 3, call.isMutating, call != .openat, count(changes) > cut {
                    throw SystemCallError(call, .inputOutput, entry: entry)
                }
            }
            let opened = try store.open()
            let error = #expect(throws: HoldfastError.self) {
                try opened.update("X", renamingTo: "Y") { draft in
                    try draft.set("new title", for: .metadata)
                    try draft.set([9], for: .events)
                }
            }
            #expect(error?.code == .durabilityUnknown)
            store.before = { (_, _) throws(SystemCallError) in }
            #expect(try store.open().snapshot("Y").value(.metadata) == "new title")
            #expect(try store.open().list() == ["Y"])
            #expect(try store.remnants().isEmpty)
        }
    }

    @Test func `a report survives JSON`() throws {
        let store = try TemporaryStore()
        try Row.liveStagingOld.lay(in: store)
        let report = try store.open().recoveryReport
        let data = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(RecoveryReport.self, from: data) == report)
    }

    @Test func `of a document on its way to another name waits for that of the document that it comes from`() throws {
        for _ in 0..<5 {
            let store = try TemporaryStore()
            try store.makeConversation("X")
            let record = "holdfast commit 1\nrenamed-from \(try store.inode("X")) X\nend\n"
            try store.write(record, to: ".commit-Y")
            try store.write("\"half\"", to: ".staging-Y/metadata.json")
            try store.write("\"older\"", to: ".old-X/metadata.json")
            // The recovery of X keeps its lock for a while, in which Y's needs it.
            store.before = { (call, _) throws(SystemCallError) in
                if call == .syncfs { Thread.sleep(forTimeInterval: 0.1) }
            }
            let report = try store.open().recoveryReport
            #expect(report.documents.count == 2)
            #expect(report.isComplete, "\(report)")
            #expect(try store.remnants().isEmpty)
            #expect(try store.read("X/metadata.json") == "\"old title\"")
        }
    }

    @Test func `what a person has put under the new name of a rename that never began is not mixed with the document`()
        throws
    {
        let store = try TemporaryStore()
        try store.makeConversation("X")
        try store.write("holdfast commit 1\nrenamed-from \(try store.inode("X")) X\nend\n", to: ".commit-Y")
        try store.write("\"half\"", to: ".staging-Y/metadata.json")
        try store.write("a person's", to: "Y/notes.md")
        #expect(try store.open().recoveryReport.isComplete)
        #expect(try store.remnants().isEmpty)
        #expect(try store.read("X/metadata.json") == "\"old title\"" && store.read("Y/notes.md") == "a person's")
        #expect(!FileManager.default.fileExists(atPath: store.url("Y/metadata.json").path))
    }

    @Test func `a recovery of a rename that never began, cut off half way, leaves nothing that tells of one`() throws {
        let store = try TemporaryStore()
        try store.makeConversation("X")
        try store.write("holdfast commit 1\nrenamed-from \(try store.inode("X")) X\nend\n", to: ".commit-Y")
        try store.write("\"half\"", to: ".staging-Y/metadata.json")
        try store.write("a person's", to: "Y/notes.md")
        store.before = { (call, entry) throws(SystemCallError) in
            if call == .unlinkat, entry == EntryName(".commit-Y") { throw SystemCallError(call, .inputOutput) }
        }
        #expect(try !store.open().recoveryReport.isComplete)
        #expect(try store.remnants() == [".commit-Y", ".staging-Y"])
        store.before = { (_, _) throws(SystemCallError) in }
        #expect(try store.open().recoveryReport.isComplete)
        #expect(try store.remnants().isEmpty)
        #expect(try store.read("X/metadata.json") == "\"old title\"" && store.read("Y/notes.md") == "a person's")
        #expect(!store.exists("Y/metadata.json"))
    }

    @Test func `a new document is not taken for one that was on its way to another name`() throws {
        for isNewer in [false, true] {
            let store = try TemporaryStore()
            try store.makeConversation("X")
            try store.makeConversation("Y")
            // An inode that is free is given to the next directory.
            try store.write("holdfast commit 1\nrenamed-from \(try store.inode("X")) X\nend\n", to: ".commit-Y")
            let time = Date(timeIntervalSinceNow: isNewer ? -60 : 60)
            try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: store.url(".commit-Y").path)
            #expect(try store.open().recoveryReport.isComplete)
            #expect(try store.remnants().isEmpty)
            #expect(try store.open().list() == (isNewer ? ["X", "Y"] : ["Y"]))
        }
    }
}
