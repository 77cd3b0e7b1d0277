import Contenders
import Foundation
import Holdfast

/// The contenders in C, on a store's open directory.
final class FloorStore {
    private let directory: Int32
    /// The protocol that Holdfast uses in the same place.
    private let flushing: floor_protocol

    init(path: String, like flushing: FlushProtocol) throws {
        directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory < 0 { throw BenchmarkError("`\(path)` can't be opened (errno \(errno))") }
        switch flushing {
        case .none: self.flushing = FLOOR_NONE
        case .orderedJournal: self.flushing = FLOOR_ORDERED_JOURNAL
        case .eachFile, .wholeFileSystem: self.flushing = FLOOR_EACH_FILE
        }
    }

    deinit { close(directory) }

    func swap(_ files: [(name: String, data: Data)], of documents: [String]) throws {
        try Self.withFiles(files) { files, count in
            _ = try withCStrings(documents) { documents in
                try check(
                    Int64(floor_swap_batch(directory, documents.baseAddress, documents.count, files, count, flushing)))
            }
        }
    }

    func replace(_ file: (name: String, data: Data), of document: String) throws {
        try Self.withFiles([file]) { file, _ in try check(Int64(floor_replace(directory, document, file, flushing))) }
    }

    func plainSwap(_ files: [(name: String, data: Data)], of document: String, isFlushing: Bool) throws {
        try Self.withFiles(files) { files, count in
            try check(Int64(plain_swap(directory, document, files, count, isFlushing ? 1 : 0)))
        }
    }

    func read(_ names: [String], of document: String) throws {
        _ = try withCStrings(names) { names in
            try check(plain_read(directory, document, names.baseAddress, names.count))
        }
    }

    @discardableResult
    func list() throws -> Int { Int(try check(plain_list(directory))) }

    @discardableResult
    func scan(threads: Int) throws -> Int { Int(try check(plain_scan(directory, Int32(threads)))) }

    static func calls(_ body: () throws -> Void) rethrows -> Int {
        let before = contender_calls()
        try body()
        return Int(contender_calls() - before)
    }

    @discardableResult
    private func check(_ result: Int64) throws -> Int64 {
        if result < 0 { throw BenchmarkError("a contender in C failed: \(String(cString: strerror(errno)))") }
        return result
    }

    private func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) throws -> Result
    ) rethrows -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return try copies.map { UnsafePointer($0) }.withUnsafeBufferPointer(body)
    }

    private static func withFiles(
        _ files: [(name: String, data: Data)], _ body: (UnsafePointer<floor_file>?, Int) throws -> Void
    ) throws {
        let names = files.map { strdup($0.name) }
        defer { for name in names { free(name) } }
        // Held by `files`, and contiguous in one region, so the pointers stay good for the call.
        func descend(_ index: Int, _ gathered: [floor_file]) throws {
            if index == files.count {
                return try gathered.withUnsafeBufferPointer { try body($0.baseAddress, $0.count) }
            }
            try files[index].data.withUnsafeBytes { bytes in
                try descend(
                    index + 1,
                    gathered + [floor_file(name: names[index], bytes: bytes.baseAddress, size: bytes.count)])
            }
        }
        try descend(0, [])
    }
}
