import Foundation
import HoldfastJSON
import Testing

/// Where real conversations are; they are not part of the repository.
private let folder = ProcessInfo.processInfo.environment["HOLDFAST_SHARED_DATA"].map { "\($0)/conversations" }

@Suite(.enabled(if: folder != nil, "HOLDFAST_SHARED_DATA is not set: there are no real conversations here"))
struct `Real conversations` {
    @Test(arguments: ["--json", "--segmented"])
    func `all are imported value for value, and exported value for value`(option: String) throws {
        let folder = try #require(folder)
        let store = try TestStore()
        try store.output("import", option, folder)
        let names = try store.names()
        let sources = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/metadata.json") }
        #expect(names == sources.sorted())
        #expect(!names.isEmpty)
        for name in names {
            let shown = try store.json("show", name, "--json")
            let source = "\(folder)/\(name)"
            let config = "\(source)/base_config.json"
            let hasConfig = FileManager.default.fileExists(atPath: config)
            #expect(shown["metadata"] == (try TestStore.parse(file: "\(source)/metadata.json")), "\(name)")
            #expect(shown["events"] == (try TestStore.parse(file: "\(source)/events.json")), "\(name)")
            #expect(shown["config"] == (hasConfig ? try TestStore.parse(file: config) : .null), "\(name)")
            let target = "\(store.folder.path)/\(name)"
            try store.output("export", name, target)
            for file in try FileManager.default.contentsOfDirectory(atPath: source) where file.hasSuffix(".json") {
                #expect(
                    try TestStore.parse(file: "\(target)/\(file)") == TestStore.parse(file: "\(source)/\(file)"),
                    "\(name)/\(file)")
            }
        }
        #expect(try store.run("verify").status == 0)
        print(
            "imported \(names.count) real conversations\(option == "--segmented" ? " in segments" : ""), value for value"
        )
    }

    @Test func `a save leaves everything else of them as it was`() throws {
        let folder = try #require(folder)
        let store = try TestStore()
        try store.output("import", folder)
        for name in try store.names() {
            let before = try store.json("show", name, "--json")
            try store.output("say", name, "One more.")
            try store.output("set", name, "holdfast.test=1")
            let after = try store.json("show", name, "--json")
            #expect(after["metadata"] == before["metadata"])
            #expect(after["events"]?.array?.dropLast() == before["events"]?.array?[...])
            var config = try #require(after["config"]?.object)
            config["holdfast"] = nil
            #expect(config == before["config"]?.object ?? [:])
        }
    }
}
