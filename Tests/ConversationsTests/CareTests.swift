import Foundation
import HoldfastJSON
import Testing

@Suite struct `recover and verify` {
    /// A store in which one document has a staging directory and an orphan beside it, and another only its old generation.
    private static func crashed() throws -> (TestStore, String, String) {
        let store = try TestStore()
        let first = try store.new("First", id: "1")
        let second = try store.new("Second", id: "2")
        try store.write("{", to: "store/.staging-\(first)/metadata.json")
        try store.write("[", to: "store/\(first)/events.json.tmp")
        try FileManager.default.moveItem(
            atPath: "\(store.path)/\(second)", toPath: "\(store.path)/.old-\(second)")
        return (store, first, second)
    }

    @Test func `a dry run says what would be done and does nothing`() throws {
        let (store, first, second) = try Self.crashed()
        let before = try store.names()
        let report = try store.json("recover", "--dry-run", "--json")
        #expect(report["isDryRun"] == true)
        #expect(report["documents"]?.array?.map { $0["name"]?.string } == [first, second])
        #expect(report["documents"]?.array?.last?["actions"] == ["restoreOld"])
        #expect(try store.names() == before)
        #expect(store.exists("\(first)/events.json.tmp"))
    }

    @Test(arguments: ["recover", "verify"]) func `on a terminal there is a bar meanwhile`(command: String) throws {
        let store = try TestStore()
        _ = try store.new("Notes")
        let outcome = try store.run(command, terminal: .errors)
        #expect(outcome.status == 0 && !outcome.output.isEmpty)
        #expect(outcome.errors.contains("█") && outcome.errors.hasSuffix("\r\u{1B}[K"))
    }

    @Test func `recover says what it did, and then there is nothing to do`() throws {
        let (store, first, second) = try Self.crashed()
        let text = try store.output("recover")
        #expect(text.contains("restoreOld") && text.contains("removeStaging"))
        #expect(try store.names() == [first, second])
        #expect(!store.exists("\(first)/events.json.tmp"))
        #expect(try store.output("recover") == "nothing to recover in 2 documents\n")
        #expect(try store.json("recover", "--json")["documents"] == [])
    }

    @Test func `what recovery brings over is told whoever asked`() throws {
        let store = try TestStore()
        let name = try store.new("First", id: "1")
        // A crash behind the swap, and a person who works in the old generation.
        try FileManager.default.copyItem(atPath: "\(store.path)/\(name)", toPath: "\(store.path)/.old-\(name)")
        try store.write("mine", to: "store/.old-\(name)/notes.md")
        let outcome = try store.run("list")
        #expect(outcome.status == 0)
        #expect(outcome.errors == "conversations: recovered: \(name): notes.md created\n")
        #expect(try store.file("\(name)/notes.md") == "mine")
    }

    @Test(arguments: ["list", "verify"])
    func `any command recovers first`(command: String) throws {
        let (store, first, second) = try Self.crashed()
        #expect(try store.run(command).status == 0)
        #expect(try store.names() == [first, second])
    }

    @Test func `what stands where a remnant should be is reported and left as it is`() throws {
        let store = try TestStore()
        _ = try store.new("x")
        try store.write("mine", to: "store/.old-file")
        let report = try store.json("recover", "--json")
        #expect(report["warnings"]?.array?.count == 1)
        #expect(try store.file(".old-file") == "mine")
    }

    @Test func `verify ends with 3 and names each damaged file`() throws {
        let store = try TestStore()
        let bad = try store.new("Bad", id: "1")
        _ = try store.new("Good", id: "2")
        #expect(try store.run("verify").status == 0)
        try store.write("", to: "store/\(bad)/events.json")
        try store.write("a: [1\n", to: "store/\(bad)/config.yaml")
        let outcome = try store.run("verify")
        #expect(outcome.status == 3)
        #expect(outcome.output.contains("events.json") && outcome.output.contains("config.yaml"))
        #expect(outcome.errors.isEmpty)
        let json = try store.run("verify", "--json")
        #expect(json.status == 3)
        let report = try TestStore.parse(json.output.data)
        #expect(report["damage"]?.array?.map { $0["file"] } == ["config.yaml", "events.json"])
        #expect(report["documentCount"] == 2)
    }

    @Test func `a killed writer leaves nothing that the next command doesn't mend`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.output("draft", name, "kept")
        // Between the two renames of a file system that can't exchange.
        try FileManager.default.copyItem(atPath: "\(store.path)/\(name)", toPath: "\(store.path)/.staging-\(name)")
        try FileManager.default.moveItem(atPath: "\(store.path)/\(name)", toPath: "\(store.path)/.old-\(name)")
        try store.output("say", name, "after")
        #expect(try store.names() == [name])
        #expect(try store.file("\(name)/QUERY_MESSAGE.md") == "kept")
    }
}
