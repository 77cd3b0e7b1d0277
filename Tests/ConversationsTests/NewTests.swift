import Foundation
import HoldfastJSON
import Testing

@Suite struct `new begins a conversation` {
    @Test func `it prints the directory's name and writes all three files`() throws {
        let store = try TestStore()
        let name = try store.new("A first title!")
        #expect(name.hasSuffix("-a-first-title"))
        #expect(try store.names() == [name])
        #expect(try TestStore.parse(file: "\(store.path)/\(name)/metadata.json") == ["title": "A first title!"])
        #expect(try TestStore.parse(file: "\(store.path)/\(name)/events.json") == [])
        #expect(try store.file("\(name)/config.yaml") == "{}\n")
    }

    @Test func `the id is the time in tenths of seconds`() throws {
        let store = try TestStore()
        let before = Int(Date().timeIntervalSince1970 * 10)
        let name = try store.new("x")
        let id = try #require(name.split(separator: "-").first.flatMap { Int($0) })
        #expect((before...Int(Date().timeIntervalSince1970 * 10)).contains(id))
    }

    @Test func `ids are unique, also between processes`() async throws {
        let store = try TestStore()
        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<12 {
                let path = store.path
                group.addTask {
                    let outcome = try ToolProcess(
                        name: "conversations", arguments: ["--store", path, "new", "title \(number)"]
                    ).run()
                    try #require(outcome.status == 0, "\(outcome.errors)")
                    return outcome.output
                }
            }
            return try await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(Set(names.map { $0.prefix { $0 != "-" } }).count == 12)
    }

    @Test func `a chosen id is used, and refused where it is taken`() throws {
        let store = try TestStore()
        #expect(try store.new("One", id: "42") == "42-one")
        let outcome = try store.run("new", "Two", "--id", "42")
        #expect(outcome.status == 1)
        #expect(outcome.errorLines.count == 1)
        #expect(try store.names() == ["42-one"])
    }

    @Test(arguments: [
        ("Ünïcödé und ẞ", "1-ünïcödé-und-ß"), ("日本語のタイトル", "1-日本語のタイトル"), ("", "1"), ("?!… 🎉", "1"),
        ("../../etc/passwd", "1-etc-passwd"), ("  two   spaces  ", "1-two-spaces"), ("a\nb\u{0}c", "1-a-b"),
        (".hidden", "1-hidden"), ("C++ & Swift 6.3", "1-c-swift-6-3"),
    ])
    func `a title of any characters makes a name`(title: String, name: String) throws {
        let store = try TestStore()
        #expect(try store.new(title, id: "1") == name)
    }

    @Test(arguments: ["word ", "ü", "👩‍👩‍👧‍👦a", "x"])
    func `a title of any length makes a name that the kernel takes`(part: String) throws {
        let store = try TestStore()
        let title = String(repeating: part, count: 1000)
        let name = try store.new(title)
        #expect(name.utf8.count <= 246)
        #expect(name.utf8.count > 200)
        #expect(!name.hasSuffix("-"))
        #expect(try store.json("show", name, "--json")["metadata"]?["title"]?.string == title)
        try store.output("title", name, title + "y")
        try store.output("draft", name, "x")
        try store.output("send", name)
    }

    @Test func `an id of other characters is a usage error`() throws {
        let store = try TestStore()
        for id in ["a-b", "a/b", "", ".", "ü"] {
            #expect(try store.run("new", "x", "--id", id).status == 2)
        }
        #expect(!store.exists(""))
    }

    @Test func `with json it prints the receipt`() throws {
        let store = try TestStore()
        let receipt = try store.json("new", "x", "--json")
        #expect(receipt["outcome"] == "created")
        #expect(try store.names() == [receipt["document"]?.string])
    }
}
