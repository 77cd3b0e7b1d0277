import Foundation
import HoldfastJSON
import Testing

extension String {
    /// The text in UTF-8.
    var data: Data { Data(utf8) }
}

@Suite struct `import and export` {
    private static let metadata = #"{"title":"odd","n":1.10,"u":"\ud83d\ude00é\u2028\u0000"}"#
    private static let events = "[{\"x\":1.0e5,\"é\":[],\"big\":123456789012345678901234567890}]"
    private static let config = #"{"limit":1E+400,"zero":-0.0,"text":"no","many":"a\nb\n","list":[[],{}],"é":null}"#

    /// A conversation as another program keeps it.
    private static func writeSource(_ name: String, in store: TestStore) throws -> String {
        try store.write(metadata, to: "\(name)/metadata.json")
        try store.write(events, to: "\(name)/events.json")
        try store.write(config, to: "\(name)/base_config.json")
        try store.write("draft", to: "\(name)/QUERY_MESSAGE.md")
        try store.write("inner", to: "\(name)/sub/deep/file")
        try store.write("mine", to: "\(name)/notes.tmp")
        try FileManager.default.createSymbolicLink(
            atPath: "\(store.folder.path)/\(name)/sub/link", withDestinationPath: "nowhere")
        return "\(store.folder.path)/\(name)"
    }

    @Test func `import keeps every value, number and entry`() throws {
        let store = try TestStore()
        let path = try Self.writeSource("source/17-odd", in: store)
        #expect(try store.output("import", path) == "1/1 17-odd\n")
        let shown = try store.json("show", "17", "--json")
        #expect(shown["metadata"] == (try TestStore.parse(Self.metadata.data)))
        #expect(shown["events"] == (try TestStore.parse(Self.events.data)))
        #expect(shown["config"] == (try TestStore.parse(Self.config.data)))
        #expect(shown["unmanaged"] == ["QUERY_MESSAGE.md", "notes.tmp", "sub"])
        #expect(try store.file("17-odd/metadata.json") == Self.metadata)
        #expect(try store.file("17-odd/events.json") == Self.events)
        #expect(try store.file("17-odd/sub/deep/file") == "inner")
        let link = try FileManager.default.destinationOfSymbolicLink(atPath: "\(store.path)/17-odd/sub/link")
        #expect(link == "nowhere")
        #expect(!store.exists("17-odd/base_config.json"))
        // The source is only read.
        #expect(try TestStore.parse(file: "\(path)/base_config.json") == (try TestStore.parse(Self.config.data)))
    }

    @Test func `a path without conversations does not keep the others from being imported`() throws {
        let store = try TestStore()
        let path = try Self.writeSource("source/17-odd", in: store)
        let missing = "\(store.folder.path)/nope"
        let nothing = try store.run("import", missing, "--json")
        #expect(nothing.status == 1 && nothing.output.filter { !$0.isWhitespace } == "[]")
        #expect(!FileManager.default.fileExists(atPath: store.path))
        let result = try store.run("import", missing, path)
        #expect(result.status == 1)
        #expect(result.output == "1/1 17-odd\n")
        #expect(result.errors.contains("nope: can't be listed") && result.errors.filter { $0 == "\n" }.count == 1)
    }

    @Test func `events in segments say the same, and a turn writes only the last`() throws {
        let store = try TestStore()
        let path = try Self.writeSource("source/17-odd", in: store)
        try store.output("import", "--segmented", path)
        #expect(!store.exists("17-odd/events.json"))
        #expect(store.exists("17-odd/events-000001.jsonl"))
        #expect(try store.json("show", "17", "--json")["events"] == (try TestStore.parse(Self.events.data)))
        let receipt = try store.json("say", "17", "One more.", "--json")
        #expect(receipt["outcome"] == "replacedFile")
        #expect(try store.json("show", "17", "--json")["events"]?.array?.count == 2)
        #expect(try store.json("list", "--json").array?.first?["events"] == 2)
        #expect(!store.exists("17-odd/events.json"))
        let target = "\(store.folder.path)/exported"
        try store.output("export", "17", target)
        #expect(
            try TestStore.parse(file: "\(target)/events.json").array
                == store.json("show", "17", "--json")["events"]?.array)
        #expect(!FileManager.default.fileExists(atPath: "\(target)/events-000001.jsonl"))
        #expect(try store.run("verify").status == 0)
    }

    @Test func `export writes that form back, whole, and never over anything`() throws {
        let store = try TestStore()
        let path = try Self.writeSource("source/17-odd", in: store)
        try store.output("import", path)
        let target = "\(store.folder.path)/exported"
        #expect(try store.output("export", "17", target) == "\(target)\n")
        #expect(
            try FileManager.default.subpathsOfDirectory(atPath: target).sorted()
                == FileManager.default.subpathsOfDirectory(atPath: path).sorted())
        for file in ["metadata.json", "events.json", "QUERY_MESSAGE.md", "sub/deep/file", "notes.tmp"] {
            #expect(FileManager.default.contentsEqual(atPath: "\(target)/\(file)", andPath: "\(path)/\(file)"))
        }
        #expect(try TestStore.parse(file: "\(target)/base_config.json") == (try TestStore.parse(Self.config.data)))
        // Into a directory that is there.
        #expect(try store.output("export", "17", target) == "\(target)/17-odd\n")
        let outcome = try store.run("export", "17", target)
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: store.folder.path).filter { $0.hasPrefix(".") } == [])
        // And in again, elsewhere.
        let other = try TestStore()
        try other.output("import", "\(target)/17-odd")
        #expect(try other.json("show", "17", "--json") == store.json("show", "17", "--json"))
    }

    @Test func `export refuses a number that JSON has not`() throws {
        let store = try TestStore()
        let name = try store.new("x")
        try store.output("set", name, "a=.inf")
        #expect(try store.json("show", name, "--json")["config"]?["a"] == ".inf")
        let outcome = try store.run("export", name, "\(store.folder.path)/out")
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder.path) == ["store"])
    }

    @Test func `a directory of conversations is imported with what is no conversation left out`() throws {
        let store = try TestStore()
        for number in 1...3 { _ = try Self.writeSource("source/\(number)-title", in: store) }
        try store.write("text", to: "source/LICENSE")
        try store.write("text", to: "source/folder/README")
        #expect(try store.output("import", "\(store.folder.path)/source/").split(separator: "\n").count == 3)
        #expect(try store.names() == ["1-title", "2-title", "3-title"])
    }

    @Test func `on a terminal there is a bar in place of the lines`() throws {
        let store = try TestStore()
        let path = try Self.writeSource("source/1-a", in: store)
        let outcome = try store.run("import", path, terminal: .errors)
        #expect(outcome.status == 0)
        #expect(outcome.output == "imported 1 of 1 conversations\n")
        #expect(outcome.errors.contains("█") && outcome.errors.contains("1/1 1-a"))
        #expect(outcome.errors.hasSuffix("\r\u{1B}[K"))
    }

    @Test func `a bad conversation is told and does not keep the others out`() throws {
        let store = try TestStore()
        for number in 1...3 { _ = try Self.writeSource("source/\(number)-title", in: store) }
        try store.write("[1,]", to: "source/2-title/events.json")
        let outcome = try store.run("import", "\(store.folder.path)/source")
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
        #expect(outcome.errors.contains("2-title/events.json") && outcome.errors.contains("line 1"))
        #expect(try store.names() == ["1-title", "3-title"])
    }

    @Test func `what is there already is never replaced`() throws {
        let store = try TestStore()
        let path = try Self.writeSource("source/1-title", in: store)
        try store.output("import", path)
        try store.output("say", "1", "mine")
        let before = try store.file("1-title/events.json")
        #expect(try store.run("import", path).status == 1)
        #expect(try store.file("1-title/events.json") == before)
    }

    @Test func `a directory without an id gets one, and a name that is too long is cut`() throws {
        let store = try TestStore()
        try store.output("import", try Self.writeSource("source/my notes", in: store))
        let name = try #require(try store.names().first)
        #expect(name.hasSuffix("-my-notes") && name.first?.isNumber == true)
        let long = "12345-" + String(repeating: "x", count: 249)
        try store.output("import", try Self.writeSource("other/\(long)", in: store))
        #expect(try store.names().contains("12345-" + String(repeating: "x", count: 240)))
    }

    @Test func `only the files that are there are imported and exported`() throws {
        let store = try TestStore()
        try store.write("{}", to: "source/1-a/metadata.json")
        try store.output("import", "\(store.folder.path)/source/1-a")
        let shown = try store.json("show", "1", "--json")
        #expect(shown["config"] == .some(.null) && shown["events"] == [])
        try store.output("export", "1", "\(store.folder.path)/out")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(store.folder.path)/out") == ["metadata.json"])
    }

    @Test func `with json import prints the receipts`() throws {
        let store = try TestStore()
        let path = try Self.writeSource("source/1-title", in: store)
        let receipts = try store.json("import", path, "--json")
        #expect(receipts.array?.map { $0["outcome"] } == ["created"])
        #expect(receipts.array?.map { $0["document"] } == ["1-title"])
    }

    @Test func `a stray file with a segment's ending hides no events, and two forms of them are told`() throws {
        let store = try TestStore()
        try store.output("import", try Self.writeSource("source/17-odd", in: store))
        try store.write("", to: "store/17-odd/events-old.jsonl")
        let shown = try store.json("show", "17", "--json")
        #expect(shown["events"] == (try TestStore.parse(Self.events.data)))
        try store.output("export", "17", "\(store.folder.path)/out")
        #expect(
            try TestStore.parse(file: "\(store.folder.path)/out/events.json") == (try TestStore.parse(Self.events.data))
        )
        try store.write("{}\n", to: "store/17-odd/events-000001.jsonl")
        let both = try store.run("show", "17")
        #expect(both.status == 1 && both.errorLines.count == 1)
        #expect(both.errors.contains("events.json and events-000001.jsonl are both there"))
    }

    @Test func `a person's own JSON files are exported like any other`() throws {
        let store = try TestStore()
        let path = try Self.writeSource("source/17-odd", in: store)
        try store.write("{}", to: "source/17-odd/data.json")
        try store.output("import", path)
        try store.output("export", "17", "\(store.folder.path)/out")
        #expect(FileManager.default.fileExists(atPath: "\(store.folder.path)/out/data.json"))
    }

    @Test func `a file with a segment's name is refused by that name`() throws {
        let store = try TestStore()
        let path = try Self.writeSource("source/17-odd", in: store)
        try store.write("", to: "source/17-odd/events-old.jsonl")
        let outcome = try store.run("import", path)
        #expect(outcome.status == 1 && outcome.errorLines.count == 1)
        #expect(outcome.errors.contains("events-old.jsonl: that name belongs to events in segments"))
    }

    @Test func `a path that ends in dots has the name of what it leads to`() throws {
        let store = try TestStore()
        let path = try Self.writeSource("source/17-odd", in: store)
        try store.output("import", "\(path)/sub/..")
        try store.output("rm", "17")
        try store.output("import", "\(path)/.")
        #expect(try store.names() == ["17-odd"])
    }

    @Test func `a path without any conversation is an error`() throws {
        let store = try TestStore()
        try store.write("x", to: "empty/README")
        for path in ["empty", "nowhere", "empty/README"] {
            let outcome = try store.run("import", "\(store.folder.path)/\(path)")
            #expect(outcome.status == 1)
            #expect(outcome.errorLines.count == 1)
        }
        #expect(!store.exists(""))
    }
}
