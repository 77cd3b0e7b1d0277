import Testing

@Suite struct `The command line` {
    private static let commands = [
        "new", "say", "draft", "send", "list", "show", "title", "set", "rm", "import", "export", "recover", "verify",
    ]

    private func conversations(_ arguments: String...) throws -> ToolProcess.Outcome {
        try ToolProcess(name: "conversations", arguments: arguments).run()
    }

    @Test func `help names every command`() throws {
        for option in ["--help", "-h"] {
            let outcome = try conversations(option)
            #expect(outcome.status == 0)
            #expect(outcome.errors.isEmpty)
            for command in Self.commands { #expect(outcome.output.contains("\n  \(command)")) }
        }
    }

    @Test(arguments: commands)
    func `each command has help, whatever else is said`(command: String) throws {
        for arguments in [[command, "--help"], [command, "x", "-h"]] {
            let outcome = try ToolProcess(name: "conversations", arguments: arguments).run()
            #expect(outcome.status == 0)
            #expect(outcome.output.hasPrefix("Usage: conversations \(command)"))
            #expect(outcome.output.contains("--store"))
        }
    }

    @Test(arguments: [
        [], ["nonsense"], ["--nonsense"], ["list", "--nonsense"], ["list", "-x"], ["list", "too-much"], ["show"],
        ["say"], ["send"], ["title", "1"], ["set", "1"], ["rm"], ["import"], ["export", "1"], ["new"],
        ["list", "--store"],
        ["--store"], ["list", "--json=yes"], ["--durability", "none", "list"], ["say", "1", "--role", "god", "x"],
        ["say", "1", "too", "many"], ["--store", "", "list"], ["list", "--dur"],
        ["-é"], ["say", "1", "-étape"], ["list", "-xé"],
    ])
    func `a command line that makes no sense ends with 2 and one line`(arguments: [String]) throws {
        let outcome = try ToolProcess(name: "conversations", arguments: arguments).run()
        #expect(outcome.status == 2)
        #expect(outcome.errorLines.count == 1)
        #expect(outcome.errors.hasPrefix("conversations: "))
        #expect(outcome.errors.contains("--help"))
        #expect(outcome.output.isEmpty)
    }

    @Test(arguments: [["-é"], ["say", "1", "-é"], ["say", "-é", "1", "x"]])
    func `a letter beyond ASCII is told with its word`(arguments: [String]) throws {
        let outcome = try ToolProcess(name: "conversations", arguments: arguments).run()
        #expect(outcome.errors.contains("`-é`"), "\(outcome.errors)")
    }

    @Test func `options may stand anywhere, be shortened and joined, and end with two dashes`() throws {
        let store = try TestStore()
        _ = try store.new("x", id: "1")
        for arguments in [
            ["-s", store.path, "say", "1", "a", "--role", "assistant"],
            ["say", "--rol=assistant", "1", "a", "-s\(store.path)"],
            ["--store=\(store.path)", "say", "-r", "assistant", "1", "--", "a"],
        ] {
            let outcome = try ToolProcess(name: "conversations", arguments: arguments).run()
            #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
        }
        try store.output("say", "1", "--", "--not an option")
        let contents = try store.json("show", "1", "--json")["events"]?.array?.map { $0["content"]?.string }
        #expect(contents == ["a", "a", "a", "--not an option"])
    }

    @Test func `an output that nobody takes is a failure`() throws {
        let store = try TestStore()
        _ = try store.new("x", id: "1")
        let outcome = try ToolProcess.shell("\"$1\" --store \"$2\" list > /dev/full", store.path).run()
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
    }

    @Test func `an argument that is not UTF-8 is refused, not changed`() throws {
        let store = try TestStore()
        _ = try store.new("x", id: "1")
        let outcome = try ToolProcess.shell("\"$1\" --store \"$2\" say 1 \"$(printf '\\377')\"", store.path).run()
        #expect(outcome.status == 2)
        #expect(outcome.errorLines.count == 1)
        #expect(try store.json("show", "1", "--json")["events"] == [])
    }

    @Test func `an error is one line, whatever is in it`() throws {
        let store = try TestStore()
        _ = try store.new("x", id: "1")
        let outcome = try store.run("show", "no\nsuch\nname")
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
    }
}
