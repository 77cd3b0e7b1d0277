import Foundation
import Holdfast
import HoldfastTesting
import Synchronization
import Testing

@Suite struct VerificationTests {
    private func damagedStore() throws -> TemporaryStore {
        let store = try TemporaryStore()
        for name in ["A", "B", "C", "D"] { try store.makeConversation(name) }
        try store.write("{\"cut off", to: "B/metadata.json")
        try store.write("", to: "C/events.json")
        return store
    }

    @Test func `damage is reported and hides nothing`() throws {
        let store = try damagedStore()
        let before = try store.tree()
        let progress = Mutex<[Int]>([])
        let report = try store.open().verify { step in progress.withLock { $0.append(step.completed) } }
        #expect(report.documentCount == 4)
        #expect(report.fileCount == 12)
        #expect(report.damage.map { "\($0.document)/\($0.file ?? "")" } == ["B/metadata.json", "C/events.json"])
        #expect(report.damage.first?.format == "note")
        #expect(report.damage.first?.problem.contains("line 1, column 1") == true)
        #expect(progress.withLock { $0.sorted() } == [1, 2, 3, 4])
        #expect(try store.tree() == before)
    }

    @Test func `what the trash can't be flushed for stays in place`() throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try store.write("{\"cut off", to: "B/metadata.json")
        let before = try store.tree("B")
        let place = store.url(".trash/B").path
        let fault = Fault(.inputOutput) { call, _ in call == .fsync && FileManager.default.fileExists(atPath: place) }
        store.before = fault.hook
        let report = try store.open().verify(.trash)
        #expect(fault.hasHappened)
        #expect(!report.damage.isEmpty && report.damage.allSatisfy { $0.trashed == nil })
        #expect(try store.tree("B") == before)
    }

    @Test func `damaged documents move to the trash with a note, whole`() throws {
        let store = try damagedStore()
        let report = try store.open().verify(.trash)
        #expect(report.damage.map(\.trashed) == [".trash/B", ".trash/C"])
        #expect(try store.open().list() == ["A", "D"])
        #expect(try store.read(".trash/B/TRASHED.md").contains("metadata.json"))
        #expect(try store.read(".trash/B/QUERY_MESSAGE.md") == "a question")
        #expect(try store.read(".trash/B/metadata.json") == "{\"cut off")
        // Another of that name takes another place.
        try store.write("broken", to: "B/metadata.json")
        #expect(try store.open().verify(.trash).damage.map(\.trashed) == [".trash/B-1"])
        #expect(try store.open().verify().isSound)
    }

    @Test func `validation at opening is an option`() throws {
        let store = try damagedStore()
        #expect(try store.open().validationReport == nil)
        store.options.validationAtOpening = .report
        #expect(try store.open().validationReport?.damage.count == 2)
        #expect(try store.open().list().count == 4)
        store.options.validationAtOpening = .trash
        #expect(try store.open().validationReport?.damage.count == 2)
        #expect(try store.open().list() == ["A", "D"])
    }

    @Test func `a file that can't be read is damage, and the others are still verified`() throws {
        let store = try damagedStore()
        store.before = Fault(.inputOutput, in: { call, _ in call == .pread }).hook
        store.options.parallelism = 1
        let report = try store.open().verify()
        #expect(report.damage.map(\.document) == ["A", "B", "C"])
    }

    @Test func `a link in a managed file's place is unmanaged, and a folder too`() throws {
        let store = try damagedStore()
        try store.delete("A/config.yaml")
        try FileManager.default.createSymbolicLink(
            atPath: store.url("A/config.yaml").path, withDestinationPath: "metadata.json")
        #expect(try store.open().snapshot("A").managedFiles == ["events.json", "metadata.json"])
        let opened = try store.open()
        let error = #expect(throws: HoldfastError.self) { try opened.update("A") { try $0.set("x", for: .config) } }
        #expect(error?.code == .unexpectedEntry)
        // Whoever asks for the file is not told that there is none.
        let snapshot = try opened.snapshot("A")
        #expect(snapshot.unmanagedEntries.contains("config.yaml"))
        let unread = #expect(throws: HoldfastError.self) { try snapshot.value(.config) }
        #expect(
            unread?.description == "A/config.yaml: a symbolic link stands where a file should be; "
                + "move it away; Holdfast does not follow or replace it")
        let damage = try opened.verify().damage.filter { $0.document == "A" && $0.file == "config.yaml" }
        #expect(damage.map(\.problem) == ["a symbolic link stands where a file should be"])
    }

    @Test func `a store that can't be listed is not sound`() throws {
        let store = try damagedStore()
        let isFailing = Mutex(false)
        store.before = { (call, _) throws(SystemCallError) in
            if call == .getdents64, isFailing.withLock({ $0 }) { throw SystemCallError(call, .inputOutput) }
        }
        let opened = try store.open()
        isFailing.withLock { $0 = true }
        let error = #expect(throws: HoldfastError.self) { try opened.verify() }
        #expect(error?.code == .ioFailed)
    }
}
