import Foundation

/// What a block device has done, as `/sys/block/NAME/stat` tells (Documentation/block/stat.rst).
struct BlockDevice {
    let name: String

    struct Statistics {
        var flushes = 0
        var bytesWritten = 0

        static func - (a: Statistics, b: Statistics) -> Statistics {
            Statistics(flushes: a.flushes - b.flushes, bytesWritten: a.bytesWritten - b.bytesWritten)
        }

        static func += (a: inout Statistics, b: Statistics) {
            a.flushes += b.flushes
            a.bytesWritten += b.bytesWritten
        }
    }

    func statistics() throws -> Statistics {
        let text = try String(contentsOfFile: "/sys/block/\(name)/stat", encoding: .utf8)
        let fields = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard fields.count >= 16 else { throw BenchmarkError("/sys/block/\(name)/stat doesn't count flushes") }
        return Statistics(flushes: fields[15], bytesWritten: fields[6] * 512)
    }
}
