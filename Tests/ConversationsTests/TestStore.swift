import Foundation
import Holdfast
import HoldfastJSON
import Testing

/// A folder with a store that `conversations` works on.
final class TestStore {
    let folder: TemporaryDirectory
    var path: String { folder.path + "/store" }

    init() throws {
        folder = try TemporaryDirectory()
    }

    deinit {
        folder.remove()
    }

    /// Runs `conversations` on the store.
    func run(
        _ arguments: String..., input: String = "", environment: [String: String] = [:],
        terminal: ToolProcess.TerminalStream? = nil
    ) throws -> ToolProcess.Outcome {
        try ToolProcess(
            name: "conversations", arguments: ["--store", path, "--durability", "process-crash"] + arguments,
            input: Data(input.utf8), environment: environment, terminal: terminal
        ).run()
    }

    /// Runs `conversations`, which must succeed without a word on standard error.
    @discardableResult
    func output(_ arguments: String..., input: String = "", sourceLocation: SourceLocation = #_sourceLocation) throws
        -> String
    {
        let outcome = try ToolProcess(
            name: "conversations", arguments: ["--store", path, "--durability", "process-crash"] + arguments,
            input: Data(input.utf8)
        ).run()
        try #require(
            outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.status): \(outcome.errors)",
            sourceLocation: sourceLocation)
        return outcome.output
    }

    /// Runs `conversations`, and reads the JSON that it prints.
    func json(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> JSONValue {
        let outcome = try ToolProcess(
            name: "conversations", arguments: ["--store", path, "--durability", "process-crash"] + arguments
        ).run()
        try #require(outcome.status == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
        return try Self.parse(Data(outcome.output.utf8))
    }

    /// Begins a conversation.
    func new(_ title: String, id: String? = nil) throws -> String {
        let output =
            if let id { try self.output("new", title, "--id", id) } else { try self.output("new", title) }
        return output.trimmingCharacters(in: .newlines)
    }

    // MARK: - Files

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0 != ".lock" }.sorted()
    }

    func file(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: "\(self.path)/\(path)")), as: UTF8.self)
    }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(self.path)/\(path)")
    }

    func inode(_ path: String) throws -> UInt {
        var status = stat()
        try #require(stat("\(self.path)/\(path)", &status) == 0)
        return status.st_ino
    }

    /// Writes a file beside the store or in it, and the folders that it needs.
    func write(_ text: String, to path: String) throws {
        let file = URL(fileURLWithPath: "\(folder.path)/\(path)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// Reads JSON exactly: numbers by their text.
    static func parse(_ bytes: Data) throws -> JSONValue {
        var options = JSONOptions()
        options.maximumDepth = JSONOptions.highestDepth
        return try JSONCodec("test.json", options: options).decode(
            JSONValue.self, from: bytes, in: CodecContext(filename: "test.json"))
    }

    static func parse(file path: String) throws -> JSONValue {
        try parse(try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
