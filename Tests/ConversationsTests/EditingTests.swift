import Foundation
import HoldfastJSON
import Testing

@Suite struct `title, set and rm` {
    @Test func `title changes the metadata and the name in one commit, and keeps everything else`() throws {
        let store = try TestStore()
        let name = try store.new("Old", id: "7")
        try store.write(#"{"unknown": 1.50, "title": "Old", "last": null}"#, to: "store/\(name)/metadata.json")
        try store.write("draft", to: "store/\(name)/QUERY_MESSAGE.md")
        let receipt = try store.json("title", name, "New title", "--json")
        #expect(receipt["outcome"] == "renamed")
        #expect(receipt["document"] == "7-new-title")
        #expect(try store.names() == ["7-new-title"])
        let shown = try store.json("show", "7", "--json")
        #expect(shown["metadata"] == (try TestStore.parse(#"{"unknown":1.50,"title":"New title","last":null}"#.data)))
        #expect(shown["unmanaged"] == ["QUERY_MESSAGE.md"])
    }

    @Test func `a title with the same slug keeps the directory`() throws {
        let store = try TestStore()
        let name = try store.new("Same", id: "7")
        let before = try store.inode(name)
        try store.output("title", "7", "Same!")
        #expect(try store.inode(name) == before)
        #expect(try store.json("show", "7", "--json")["metadata"]?["title"] == "Same!")
    }

    @Test func `title never takes another conversation's name`() throws {
        let store = try TestStore()
        let name = try store.new("One", id: "7")
        try store.write("{}", to: "store/7-two/metadata.json")
        let outcome = try store.run("title", name, "Two")
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
        #expect(try store.json("show", name, "--json")["metadata"]?["title"] == "One")
        #expect(try store.file("7-two/metadata.json") == "{}")
    }

    @Test func `set edits the configuration by dotted keys and leaves every other key`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.write(
            "zeta: {inner: 1, other: 0x1F}\nnumber: 1.10\nbig: 123456789012345678901234567890\nlist: [a, b]\n",
            to: "store/\(name)/config.yaml")
        try store.output(
            "set", name, "zeta.inner=true", "new.deep.key=[1, 2.50, \"3\"]", "list.1=~", "list.2=c", #"a\.b=.5"#,
            "none=")
        let config = try store.json("show", name, "--json")["config"]
        let expected = #"""
            {"zeta": {"inner": true, "other": 31}, "number": 1.10, "big": 123456789012345678901234567890,
             "list": ["a", null, "c"], "new": {"deep": {"key": [1, 2.50, "3"]}}, "a.b": 0.5, "none": null}
            """#
        #expect(config == (try TestStore.parse(expected.data)))
        #expect(config?.object?.keys == ["zeta", "number", "big", "list", "new", "a.b", "none"])
        let text = try store.file("\(name)/config.yaml")
        #expect(text.contains("0x1F") && text.contains("1.10") && text.contains("2.50"))
    }

    @Test(arguments: [
        ("yes", "\"yes\""), ("true", "true"), ("\"true\"", "\"true\""), ("1e400", "1e400"), ("-0", "-0"),
        ("0o17", "15"),
        ("1:30", "\"1:30\""), ("{a: 1}", "{\"a\":1}"), ("a=b", "\"a=b\""), ("|\n one\n two\n", "\"one\\ntwo\\n\""),
    ])
    func `values are YAML`(value: String, json: String) throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.output("set", name, "key=\(value)")
        #expect(try store.json("show", name, "--json")["config"]?["key"] == (try TestStore.parse(json.data)))
    }

    @Test func `set writes nothing where nothing changes, so that a person's layout stays`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        let text = "# mine\na:   1\n"
        try store.write(text, to: "store/\(name)/config.yaml")
        #expect(try store.json("set", name, "a=1", "--json")["outcome"] == "unchanged")
        #expect(try store.file("\(name)/config.yaml") == text)
    }

    @Test func `set works on a configuration that is empty or not there`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        for text in ["# nothing\n", "\n", "null\n"] {
            try store.write(text, to: "store/\(name)/config.yaml")
            try store.output("set", name, "a.b=1")
            #expect(try store.json("show", name, "--json")["config"] == ["a": ["b": 1]])
        }
        // A file without a single byte is what a crash leaves of one that was never flushed.
        try store.write("", to: "store/\(name)/config.yaml")
        #expect(try store.run("set", name, "a=1").status == 1)
        #expect(try store.run("verify").status == 3)
        try FileManager.default.removeItem(atPath: "\(store.path)/\(name)/config.yaml")
        #expect(try store.json("show", name, "--json")["config"] == .some(.null))
        try store.output("set", name, "a=1")
        #expect(try store.json("show", name, "--json")["config"] == ["a": 1])
    }

    @Test func `what can't be set is told, and nothing is changed`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.output("set", name, "a=1", "list=[x]")
        let before = try store.file("\(name)/config.yaml")
        for (assignment, status) in [("a.b=1", 1), ("list.5=1", 1), ("b", 2), ("=1", 2), ("a..b=1", 2), ("b=[1", 2)] {
            let outcome = try store.run("set", name, "c=2", assignment)
            #expect(outcome.status == Int32(status), "\(assignment)")
            #expect(outcome.errorLines.count == 1)
        }
        #expect(try store.file("\(name)/config.yaml") == before)
    }

    @Test func `rm removes the directory with all that is in it`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        let other = try store.new("y")
        try store.write("inner", to: "store/\(name)/sub/file")
        #expect(try store.json("rm", name, "--json")["outcome"] == "removed")
        #expect(try store.names() == [other])
        #expect(try store.run("rm", name).status == 1)
    }
}
