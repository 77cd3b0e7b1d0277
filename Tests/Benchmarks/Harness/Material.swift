import Foundation

/// The files of a conversation: metadata of 0.2 KB, a configuration of 8 KB, events of 200 KB.
///
/// A revision equals the one before it in no file, and all have the same size, so that nothing is settled by sizes alone.
struct Material {
    static let names = ["metadata.data", "config.data", "events.data"]
    static let sizes = ["metadata.data": 200, "config.data": 8_000, "events.data": 200_000]
    /// What a person keeps beside them.
    static let unmanaged = ["QUERY_MESSAGE.md", "notes.txt"]

    /// Made before, so that nobody's turn has the making in it: those of even revisions, and those of odd ones.
    private let versions: [[String: Data]]

    init(sizes: [String: Int] = Material.sizes) {
        versions = [UInt8(ascii: "a"), UInt8(ascii: "A")].map { first in
            sizes.mapValues { size in
                var state = UInt64(size)
                return Data(
                    (0..<size).map { _ in
                        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                        return first + UInt8(state >> 60)
                    })
            }
        }
    }

    /// A file's bytes at a revision.
    func file(_ name: String, revision: Int) -> Data { versions[revision % 2][name] ?? Data() }

    func files(revision: Int) -> [(name: String, data: Data)] {
        versions[revision % 2].sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Writes a document with its plain files, as the start of all contenders.
    func write(to path: String, unmanaged: Int = Material.unmanaged.count) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, data) in files(revision: 0) { try Self.write(data, to: "\(path)/\(name)") }
        for index in 0..<unmanaged {
            let name = index < Self.unmanaged.count ? Self.unmanaged[index] : "attachment-\(index).bin"
            try Self.write(Data("a person's file\n".utf8), to: "\(path)/\(name)")
        }
    }

    /// Writes a file without a flush: Foundation's `write` makes one, and thousands of them leave a journal full of small
    /// transactions, which the contenders would have to clear away.
    private static func write(_ data: Data, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        let count = data.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
        guard file >= 0, count == data.count, close(file) == 0 else {
            throw BenchmarkError("`\(path)` can't be written (errno \(errno))")
        }
    }
}
