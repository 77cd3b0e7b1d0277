import Foundation
import HoldfastJSON
import Testing

@Suite struct `say, draft and send` {
    @Test func `say appends an event and changes no other file`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        let files = ["", "/metadata.json", "/config.yaml"]
        let before = try files.map { try store.inode(name + $0) }
        try store.output("say", name, "Hello")
        try store.output("say", name, "Hi\nthere", "--role", "assistant")
        #expect(try files.map { try store.inode(name + $0) } == before)
        let events = try #require(try TestStore.parse(file: "\(store.path)/\(name)/events.json").array)
        #expect(events.map { $0["role"] } == ["user", "assistant"])
        #expect(events.map { $0["content"] } == ["Hello", "Hi\nthere"])
        #expect(events.allSatisfy { $0.object?.keys == ["id", "timestamp", "role", "content"] })
        #expect(Set(events.map { $0["id"] }).count == 2)
        #expect(events.allSatisfy { $0["timestamp"]?.string?.hasSuffix("Z") == true })
    }

    @Test(arguments: [["-"], []])
    func `say reads standard input to the byte`(argument: [String]) throws {
        let store = try TestStore()
        let name = try store.new("x")
        let text = "  lines\r\nand \u{FEFF}more\n"
        let outcome = try ToolProcess(
            name: "conversations", arguments: ["--store", store.path, "say", name] + argument, input: Data(text.utf8)
        ).run()
        #expect(outcome.status == 0)
        let said = try store.json("show", name, "--json")["events"]?.array?.first?["content"]
        #expect(said == .string(text))
    }

    @Test func `say keeps the events of other programs as they are`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        let others = #"[{"type":"tool","n":1.10,"big":123456789012345678901234567890,"é":{"z":1,"a":[]}}]"#
        try store.write(others, to: "store/\(name)/events.json")
        try store.output("say", name, "Hello")
        let events = try store.json("show", name, "--json")["events"]?.array
        #expect(events?.first == (try TestStore.parse(Data(others.utf8))).array?.first)
        #expect(events?.first?.object?.keys == ["type", "n", "big", "é"])
        #expect(events?.count == 2)
    }

    @Test func `what is empty or no text is refused`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        #expect(try store.run("say", name, " \n").status == 1)
        let outcome = try ToolProcess(
            name: "conversations", arguments: ["--store", store.path, "say", name], input: Data([0xFF, 0xFE])
        ).run()
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
        #expect(try TestStore.parse(file: "\(store.path)/\(name)/events.json") == [])
    }

    @Test func `draft writes the file, and send makes it an event and removes it`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.output("draft", name, "First")
        #expect(try store.file("\(name)/QUERY_MESSAGE.md") == "First")
        try store.output("draft", name, "-", input: "Second\n")
        #expect(try store.file("\(name)/QUERY_MESSAGE.md") == "Second\n")
        let receipt = try store.json("send", name, "--json")
        #expect(receipt["outcome"] == "swapped")
        #expect(!store.exists("\(name)/QUERY_MESSAGE.md"))
        let events = try store.json("show", name, "--json")["events"]?.array
        #expect(events?.map { $0["content"] } == ["Second\n"])
        #expect(events?.first?["role"] == "user")
    }

    @Test func `a draft keeps the mode of the one before`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.output("draft", name, "secret")
        let path = "\(store.path)/\(name)/QUERY_MESSAGE.md"
        #expect(chmod(path, 0o600) == 0)
        try store.output("draft", name, "other")
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `the same draft again changes nothing`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.output("draft", name, "same")
        let before = try store.inode(name)
        #expect(try store.json("draft", name, "same", "--json")["outcome"] == "unchanged")
        #expect(try store.inode(name) == before)
    }

    @Test func `on a terminal draft opens the editor with the draft in it`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.output("draft", name, "First\n")
        let outcome = try store.run(
            "draft", name, environment: ["EDITOR": "false", "VISUAL": "sed -i 's/First/Edited/'"], terminal: .input)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try store.file("\(name)/QUERY_MESSAGE.md") == "Edited\n")
        let failed = try store.run("draft", name, environment: ["EDITOR": "false"], terminal: .input)
        #expect(failed.status == 1)
        #expect(failed.errorLines.count == 1)
        #expect(!failed.errors.contains("kept"))
        #expect(try store.file("\(name)/QUERY_MESSAGE.md") == "Edited\n")
    }

    @Test func `what was saved in an editor that fails then is kept`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.write("#!/bin/sh\nprintf Mine > \"$1\"; kill -9 $$\n", to: "editor")
        let outcome = try store.run(
            "draft", name, environment: ["VISUAL": "sh \(store.folder.path)/editor", "TMPDIR": store.folder.path],
            terminal: .input)
        #expect(outcome.status == 1 && outcome.errorLines.count == 1)
        let kept = try #require(outcome.errors.split(separator: " ").last?.trimmingCharacters(in: .newlines))
        #expect(String(decoding: try Data(contentsOf: URL(fileURLWithPath: kept)), as: UTF8.self) == "Mine")
        #expect(!store.exists("\(name)/QUERY_MESSAGE.md"))
    }

    @Test func `an editor that is left at once makes no draft`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        #expect(try store.run("draft", name, environment: ["VISUAL": "true"], terminal: .input).status == 0)
        #expect(!store.exists("\(name)/QUERY_MESSAGE.md"))
    }

    @Test func `a draft that changed while it was edited stays, and the edit is kept`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.write("Before", to: "store/\(name)/QUERY_MESSAGE.md")
        let live = "\(store.path)/\(name)/QUERY_MESSAGE.md"
        let editor = "f() { printf Other > '\(live)'; printf Mine > \"$1\"; }; f"
        try store.write("#!/bin/sh\n\(editor) \"$1\"\n", to: "editor")
        let outcome = try store.run(
            "draft", name, environment: ["VISUAL": "sh \(store.folder.path)/editor", "TMPDIR": store.folder.path],
            terminal: .input)
        #expect(outcome.status == 1)
        #expect(try store.file("\(name)/QUERY_MESSAGE.md") == "Other")
        let kept = try #require(outcome.errors.split(separator: " ").last?.trimmingCharacters(in: .newlines))
        #expect(String(decoding: try Data(contentsOf: URL(fileURLWithPath: kept)), as: UTF8.self) == "Mine")
    }

    @Test func `send without a draft, or with an empty one, fails and changes nothing`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        #expect(try store.run("send", name).status == 1)
        try store.write("\n", to: "store/\(name)/QUERY_MESSAGE.md")
        #expect(try store.run("send", name).status == 1)
        #expect(try store.file("\(name)/QUERY_MESSAGE.md") == "\n")
        #expect(try TestStore.parse(file: "\(store.path)/\(name)/events.json") == [])
    }

    @Test(arguments: ["", "exchange", "exchange,link", "exchange,noReplace,link,clone,copyRange"])
    func `whatever the file system can't do, everything beside the draft comes along`(withheld: String) throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.write("inner", to: "store/\(name)/attachments/deep/file")
        try store.output("draft", name, "text")
        let outcome = try store.run("send", name, "--json", environment: ["HOLDFAST_WITHHOLD": withheld])
        let receipt = try TestStore.parse(Data(outcome.output.utf8))
        #expect(receipt["method"] == (withheld.isEmpty ? "exchange" : "twoRenames"))
        #expect(try store.file("\(name)/attachments/deep/file") == "inner")
        #expect(try store.names() == [name])
    }

    @Test func `a capability that there is not is a usage error`() throws {
        let store = try TestStore()
        let outcome = try store.run("new", "x", environment: ["HOLDFAST_WITHHOLD": "wings"])
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("wings"))
    }
}
