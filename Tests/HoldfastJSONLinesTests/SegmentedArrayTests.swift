import Foundation
import Holdfast
import HoldfastJSONLines
import Testing

@Suite final class `A segmented array` {
    private let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: UUID().uuidString)
    private let numbers = SegmentedArray<Int>("n", segmentSize: 40)
    private let store: DocumentStore

    init() throws {
        var options = StoreOptions()
        options.durability = .processCrash
        store = try DocumentStore.open(
            at: folder.path, codecs: CodecRegistry(numbers.codec, SegmentedArray<String>("text").codec),
            options: options)
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            Issue.record(error)
        }
    }

    private func stored() throws -> [Int] { try store.snapshot("doc").elements(of: numbers) }

    @Test func `leaves alone what another codec manages under a similar name`() throws {
        struct Other: ManagedFileCodec {
            let format = "other"
            let filenames: [FilenamePattern] = ["*.yaml"]
            func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data { Data() }
            func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws
                -> Value
            {
                throw CodecError("it is not read here")
            }
            func validate(_ bytes: Data, in context: CodecContext) throws {}
        }
        var options = StoreOptions()
        options.durability = .processCrash
        let store = try DocumentStore.open(
            at: folder.path, codecs: CodecRegistry(numbers.codec, Other()), options: options)
        try store.update("doc") { try $0.setBytes(Data("a: 1\n".utf8), for: "n-2024.yaml") }
        try store.update("doc") { try $0.append([1, 2], to: self.numbers) }
        #expect(try store.snapshot("doc").elements(of: numbers) == [1, 2])
    }

    @Test func `grows by its last file only`() throws {
        var all: [Int] = []
        for turn in 0..<60 {
            let receipt = try store.update("doc") { try $0.append([turn], to: self.numbers) }
            all.append(turn)
            #expect(receipt.files.count == 1)
            #expect(receipt.bytesWritten <= 40)
        }
        #expect(try stored() == all)
        let files = try store.snapshot("doc").managedFiles
        #expect(files.count == 5 && files.first == "n-000001.jsonl")
        for file in files {
            let size = try FileManager.default.attributesOfItem(atPath: folder.path + "/doc/" + file)[.size] as? Int
            #expect(try #require(size) <= 40)
        }
    }

    @Test func `takes many elements at once, and none`() throws {
        try store.update("doc") { try $0.append(Array(0..<100), to: self.numbers) }
        let receipt = try store.update("doc") { draft in
            try draft.append([], to: self.numbers)
            #expect(try draft.elements(of: self.numbers) == Array(0..<100))
        }
        #expect(receipt.outcome == .unchanged)
        try store.update("doc") { draft in
            try draft.append([100], to: self.numbers)
            try draft.append([101], to: self.numbers)
        }
        #expect(try stored() == Array(0...101))
    }

    @Test func `gives an element that is too long a file of its own`() throws {
        let text = SegmentedArray<String>("text", segmentSize: 10)
        let long = String(repeating: "x", count: 100)
        try store.update("doc") { try $0.append(["a", long, "b", "c"], to: text) }
        #expect(try store.snapshot("doc").elements(of: text) == ["a", long, "b", "c"])
        #expect(try store.snapshot("doc").managedFiles.count == 3)
    }

    @Test func `can be replaced, shorter and longer`() throws {
        try store.update("doc") { try $0.setElements(Array(0..<100), of: self.numbers) }
        try store.update("doc") { try $0.setElements(Array(0..<20), of: self.numbers) }
        #expect(try stored() == Array(0..<20))
        try store.update("doc") { try $0.setElements(Array(0..<50), of: self.numbers) }
        #expect(try stored() == Array(0..<50))
        try store.update("doc") { draft in
            try draft.setElements([], of: self.numbers)
            try draft.append([7], to: self.numbers)
        }
        #expect(try stored() == [7])
    }

    @Test func `with a hole is an error`() throws {
        try store.update("doc") { try $0.append(Array(0..<100), to: self.numbers) }
        try FileManager.default.removeItem(atPath: folder.path + "/doc/n-000002.jsonl")
        let error = try #require(throws: HoldfastError.self) { try self.stored() }
        #expect(error.code == .invalidContent)
        #expect(error.description.hasPrefix("doc/n-000002.jsonl: the file is missing, though `n-0000"))
        #expect(throws: HoldfastError.self) { try self.store.update("doc") { try $0.append([1], to: self.numbers) } }
        // Who replaces it all needs nothing of what was there.
        try store.update("doc") { try $0.setElements([7, 8], of: self.numbers) }
        #expect(try stored() == [7, 8])
        #expect(try store.snapshot("doc").managedFiles == ["n-000001.jsonl"])
    }

    @Test(arguments: [1, 2]) func `with a file that has lost its bytes is an error`(number: Int) throws {
        try store.update("doc") { try $0.append(Array(0..<20), to: self.numbers) }
        let file = folder.appending(path: "doc/n-00000\(number).jsonl")
        try Data().write(to: file)
        let error = try #require(throws: HoldfastError.self) { try self.stored() }
        #expect(error.description.hasPrefix("doc/n-00000\(number).jsonl: the file is empty, as no save leaves it"))
        #expect(throws: HoldfastError.self) { try self.store.update("doc") { _ = try $0.elements(of: self.numbers) } }
        let append = { try self.store.update("doc") { try $0.append([20], to: self.numbers) } }
        if number == 2 { #expect(throws: HoldfastError.self) { try append() } }
        try Data("7\n".utf8).write(to: file)
        _ = try append()
        #expect(try stored().last == 20)
    }

    @Test func `with a link in a file's place is an error, also at the end`() throws {
        try store.update("doc") { try $0.append(Array(0..<20), to: self.numbers) }
        let last = folder.path + "/doc/n-000002.jsonl"
        try FileManager.default.moveItem(atPath: last, toPath: folder.path + "/aside")
        try FileManager.default.createSymbolicLink(atPath: last, withDestinationPath: "../aside")
        #expect(throws: HoldfastError.self) { try self.stored() }
        #expect(throws: HoldfastError.self) { try self.store.update("doc") { _ = try $0.elements(of: self.numbers) } }
    }

    @Test(arguments: ["日本語", "события", "😀😀", "ééééé"]) func `may have any name`(name: String) throws {
        let array = SegmentedArray<Int>(name, segmentSize: 4)
        let other = try DocumentStore.open(at: folder.path + "/" + name, codecs: CodecRegistry(array.codec))
        for number in 0..<25 { try other.update("doc") { try $0.append([number], to: array) } }
        #expect(try other.snapshot("doc").elements(of: array) == Array(0..<25))
    }

    @Test func `without its codec is an error, not empty`() throws {
        let unknown = SegmentedArray<Int>("unknown")
        #expect(throws: HoldfastError.self) { try self.store.update("doc") { _ = try $0.elements(of: unknown) } }
        try store.update("doc") { try $0.append([1], to: self.numbers) }
        #expect(throws: HoldfastError.self) { try self.store.snapshot("doc").elements(of: unknown) }
    }

    @Test func `goes on after a person's edit without a last line break`() throws {
        try store.update("doc") { try $0.append([1], to: self.numbers) }
        try Data("1\n2".utf8).write(to: folder.appending(path: "doc/n-000001.jsonl"))
        try store.update("doc") { try $0.append([3], to: self.numbers) }
        #expect(try stored() == [1, 2, 3])
    }

    @Test func `leaves other files of the pattern alone`() throws {
        try store.update("doc") { try $0.append([1], to: self.numbers) }
        try Data("9\n".utf8).write(to: folder.appending(path: "doc/n-old.jsonl"))
        try Data("9\n".utf8).write(to: folder.appending(path: "doc/n-2x.jsonl"))
        try store.update("doc") { try $0.append([2], to: self.numbers) }
        #expect(try stored() == [1, 2])
        // What is meant to be one of the array's is not passed over.
        for name in ["n-2.jsonl", "n-000000.jsonl", "n-99999999999999999999.jsonl"] {
            let file = folder.appending(path: "doc/\(name)")
            try Data("9\n".utf8).write(to: file)
            let error = #expect(throws: HoldfastError.self) { try self.stored() }
            #expect(error?.file == name && error?.code == .invalidContent)
            try FileManager.default.removeItem(at: file)
        }
    }

    @Test func `that can't be encoded changes nothing`() throws {
        let values = SegmentedArray<Double>("n")
        try store.update("doc") { try $0.append([0.5], to: values) }
        #expect(throws: (any Error).self) { try self.store.update("doc") { try $0.append([1, .nan], to: values) } }
        #expect(try store.snapshot("doc").elements(of: values) == [0.5])
    }

    @Test func `costs an append what it adds, however long it is`() throws {
        let text = SegmentedArray<String>("text")
        let kilobyte = String(repeating: "y", count: 1_000)
        try store.update("doc") { try $0.append(Array(repeating: kilobyte, count: 20_000), to: text) }
        let receipt = try store.update("doc") { try $0.append([kilobyte], to: text) }
        #expect(receipt.bytesWritten <= text.segmentSize)
        #expect(receipt.outcome == .replacedFile || receipt.outcome == .swapped)
        #expect(try store.snapshot("doc").elements(of: text).count == 20_001)
    }
}
