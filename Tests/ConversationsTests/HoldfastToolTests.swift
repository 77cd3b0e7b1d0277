import Foundation
import HoldfastJSON
import Testing

@Suite struct `The operator's tool` {
    private func holdfast(_ arguments: String...) throws -> ToolProcess.Outcome {
        try ToolProcess(name: "holdfast", arguments: arguments).run()
    }

    /// A store of another host: two documents of JSON and YAML files.
    private static func store() throws -> TestStore {
        let store = try TestStore()
        try store.write("{}", to: "store/a/note.json")
        try store.write("x: 1\n", to: "store/a/meta.yml")
        try store.write("text", to: "store/a/README")
        try store.write("x: 1\n", to: "store/b/meta.yaml")
        return store
    }

    @Test func `inspect lists documents, files and remnants, and changes nothing`() throws {
        let store = try Self.store()
        try store.write("{", to: "store/.staging-a/note.json")
        for arguments in [["inspect", store.path, "--json"], ["--store", store.path, "inspect", "--json"]] {
            let outcome = try ToolProcess(name: "holdfast", arguments: arguments).run()
            #expect(outcome.status == 0)
            let report = try TestStore.parse(outcome.output.data)
            let documents = report["documents"]?.array
            #expect(documents?.map { $0["name"] } == ["a", "b"])
            #expect(documents?.first?["managed"]?.array?.map { $0["name"] } == ["meta.yml", "note.json"])
            #expect(documents?.first?["unmanaged"] == ["README"])
            #expect(report["recovery"]?["documents"]?.array?.first?["actions"] == ["removeStaging"])
        }
        let text = try holdfast("inspect", store.path)
        #expect(text.output.contains("README") && text.output.contains("removeStaging"))
        #expect(store.exists(".staging-a/note.json"))
    }

    @Test func `recover mends, and a dry run does not`() throws {
        let store = try Self.store()
        try store.write("x", to: "store/b/meta.yaml.tmp")
        #expect(try holdfast("recover", "--dry-run", store.path).output.contains("removeTemporaryFiles"))
        #expect(store.exists("b/meta.yaml.tmp"))
        #expect(try holdfast("recover", store.path).status == 0)
        #expect(!store.exists("b/meta.yaml.tmp"))
        #expect(try holdfast("recover", store.path).output == "nothing to recover in 2 documents\n")
    }

    @Test(arguments: ["recover", "verify"]) func `on a terminal there is a bar meanwhile`(command: String) throws {
        let store = try Self.store()
        try store.write("{", to: "store/.staging-a/note.json")
        let outcome = try ToolProcess(name: "holdfast", arguments: [command, store.path], terminal: .errors).run()
        #expect(outcome.status == 0 && !outcome.output.isEmpty)
        #expect(outcome.errors.contains("█") && outcome.errors.contains("2/2"))
        #expect(outcome.errors.hasSuffix("\r\u{1B}[K"))
    }

    @Test func `what may be a person's own is not dropped where nobody said what is managed`() throws {
        for options in [[], ["--managed", "note.json"]] {
            let store = try Self.store()
            try store.write("mine", to: "store/a/todo.yaml.tmp")
            try store.write("{}", to: "store/.old-a/note.json")
            try store.write("{\"mine\":1}", to: "store/.old-a/data.json")
            let tool = ToolProcess(name: "holdfast", arguments: ["recover"] + options + [store.path])
            let result = try tool.run()
            #expect(result.status == 0)
            #expect(!store.exists(".old-a"))
            let isSaid = !options.isEmpty
            #expect(result.output.contains("todo.yaml.tmp trashed") == !isSaid)
            #expect(try store.file(isSaid ? "a/todo.yaml.tmp" : ".trash/a~todo.yaml.tmp") == "mine")
            #expect(try store.file(isSaid ? "a/data.json" : ".trash/a~data.json") == "{\"mine\":1}")
        }
        #expect(try holdfast("recover", "--managed", "", "nowhere").status == 2)
        #expect(try holdfast("recover", "--managed", "a/b", "nowhere").status == 2)
    }

    @Test func `a pattern's files are checked by what their names end in, and a name that no file has is an error`()
        throws
    {
        let store = try Self.store()
        try store.write("{", to: "store/a/note.json")
        for (names, status) in [("note.json", 3), ("note*", 3), ("*", 3), ("meta.yml", 0), ("ntoe.json", 1)] {
            #expect(try holdfast("verify", "-m", names, store.path).status == Int32(status), "\(names)")
        }
        #expect(try holdfast("verify", "-m", "note.json, meta.yml", store.path).status == 2)
        // Damage of what is no file is damage, too.
        try FileManager.default.removeItem(atPath: "\(store.path)/a/note.json")
        try FileManager.default.createSymbolicLink(
            atPath: "\(store.path)/a/note.json", withDestinationPath: "meta.yml")
        #expect(try holdfast("verify", "-m", "note.json", store.path).status == 3)
    }

    @Test func `recover keeps apart the generations of whatever is managed`() throws {
        for (file, options) in [("part.jsonl", []), ("part.dat", ["--managed", "note.json,part.dat"])] {
            let store = try Self.store()
            try store.write("[\"new\"]", to: "store/a/\(file)")
            try store.write("{}", to: "store/.old-a/note.json")
            try store.write("[\"old\"]", to: "store/.old-a/\(file)")
            try store.write("[\"old\"]", to: "store/.old-a/more-\(file)")
            let outcome = try ToolProcess(name: "holdfast", arguments: ["recover", store.path] + options).run()
            #expect(outcome.status == 0)
            #expect(try String(contentsOfFile: "\(store.path)/a/\(file)", encoding: .utf8) == "[\"new\"]")
            // Of names that nobody manages, a person's edit is kept.
            #expect(store.exists("a/more-\(file)") == (file == "part.dat"))
            #expect(!store.exists(".old-a"))
        }
    }

    @Test func `verify ends with 3 where a file is damaged, and mends nothing`() throws {
        let store = try Self.store()
        try store.write("{", to: "store/.staging-a/note.json")
        #expect(try holdfast("verify", store.path).status == 0)
        try store.write("x: [", to: "store/a/meta.yml")
        let outcome = try holdfast("verify", store.path, "--json")
        #expect(outcome.status == 3)
        #expect(try TestStore.parse(outcome.output.data)["damage"]?.array?.map { $0["file"] } == ["meta.yml"])
        #expect(store.exists(".staging-a/note.json"))
    }

    @Test func `a missing store is an error, and a missing argument a usage error`() throws {
        #expect(try holdfast("verify", "/nonexistent/store").status == 1)
        #expect(try holdfast("inspect").status == 2)
        #expect(try holdfast("inspect", "--help").status == 0)
    }
}
