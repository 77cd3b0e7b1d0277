import HoldfastJSON
import Testing

@Suite struct `list and show` {
    @Test func `list names every conversation with its last activity`() throws {
        let store = try TestStore()
        let first = try store.new("First", id: "1")
        let second = try store.new("Second", id: "2")
        try store.output("say", second, "Hello")
        try store.output("draft", first, "Soon")
        let list = try #require(try store.json("list", "--json").array)
        #expect(list.map { $0["name"]?.string } == [first, second])
        #expect(list.map { $0["title"] } == ["First", "Second"])
        #expect(list.map { $0["events"] } == [0, 1])
        #expect(list.map { $0["draft"] } == [true, false])
        let time = try store.json("show", second, "--json")["events"]?.array?.first?["timestamp"]
        #expect(list.map { $0["last_activity"] } == [.null, time])
        let text = try store.output("list")
        #expect(text.split(separator: "\n").count == 3)
        #expect(text.contains(first) && text.contains(second))
    }

    @Test func `one bad conversation does not hide the others`() throws {
        let store = try TestStore()
        let bad = try store.new("Bad", id: "1")
        let good = try store.new("Good", id: "2")
        try store.write("[{]", to: "store/\(bad)/events.json")
        let list = try #require(try store.json("list", "--json").array)
        #expect(list.count == 2)
        #expect(list[0]["problem"]?.string?.contains("line 1, column 3") == true)
        #expect(list[1]["name"]?.string == good)
        #expect(try store.output("list").contains(good))
        let outcome = try store.run("show", bad)
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
    }

    @Test func `on a terminal the table is cut to its width, also that of wide characters`() throws {
        let store = try TestStore()
        _ = try store.new(String(repeating: "長い", count: 40), id: "1")
        let lines = try store.run("list", terminal: .output).output.split(whereSeparator: \.isNewline)
        #expect(lines.count == 2)
        #expect(lines.last?.contains("…") == true)
        let columns = lines.last?.reduce(0) { $0 + ($1.isASCII || $1 == "…" ? 1 : 2) } ?? 0
        #expect((50...60).contains(columns), "\(lines)")
    }

    @Test func `show prints one object of five members`() throws {
        let store = try TestStore()
        let name = try store.new("Title")
        try store.write("x", to: "store/\(name)/sub/file")
        try store.write("x", to: "store/\(name)/.hidden")
        try store.write("x", to: "store/\(name)/notes.tmp")
        let shown = try store.json("show", name, "--json")
        #expect(shown.object?.keys == ["name", "metadata", "config", "events", "unmanaged"])
        #expect(shown["name"]?.string == name)
        #expect(shown["unmanaged"] == [".hidden", "notes.tmp", "sub"])
    }

    @Test func `show for a person can't steer the terminal`() throws {
        let store = try TestStore()
        let name = try store.new("Title")
        try store.output("say", name, "red \u{1B}[31m alert\u{7}\nsecond line")
        let text = try store.output("show", name)
        #expect(!text.contains("\u{1B}") && !text.contains("\u{7}"))
        #expect(text.contains("\nsecond line\n"))
    }

    @Test func `any unambiguous beginning of a name finds it`() throws {
        let store = try TestStore()
        let short = try store.new("alpha", id: "12")
        let long = try store.new("beta", id: "123")
        let gamma = try store.new("gamma", id: "125")
        // An id that is given in full is no beginning of another.
        for (prefix, name) in [("12", short), ("123", long), ("125-g", gamma), (short, short), ("12-", short)] {
            #expect(try store.json("show", prefix, "--json")["name"]?.string == name)
        }
        for prefix in ["1", "", "9", "alpha"] {
            let outcome = try store.run("show", prefix)
            #expect(outcome.status == 1)
            #expect(outcome.errorLines.count == 1)
        }
        #expect(try store.run("show", "1").errors.contains("ambiguous"))
    }

    @Test func `a store that isn't there is an error and is not created`() throws {
        let store = try TestStore()
        for command in ["list", "verify", "recover"] {
            let outcome = try store.run(command)
            #expect(outcome.status == 1)
            #expect(outcome.errorLines.count == 1)
        }
        #expect(!store.exists(""))
    }

    @Test func `the store is the option, else the variable, else the folder conversations`() throws {
        let store = try TestStore()
        #expect(try store.new("x", id: "1") == "1-x")
        let byVariable = try ToolProcess(
            name: "conversations", arguments: ["list"], environment: ["CONVERSATIONS_STORE": store.path]
        ).run()
        #expect(byVariable.output.contains("1-x"))
        let byOption = try ToolProcess(
            name: "conversations", arguments: ["list", "--store=\(store.path)"],
            environment: ["CONVERSATIONS_STORE": "/nonexistent"]
        ).run()
        #expect(byOption.output.contains("1-x"))
    }
}
