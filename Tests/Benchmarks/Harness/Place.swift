import Foundation
import Holdfast

/// A directory on one file system, in which the contenders work.
struct Place {
    let name: String
    let path: String
    /// Nil where the file system shares its device with others, whose flushes can't be told from ours.
    let device: BlockDevice?

    /// Parses `NAME=PATH` or `NAME=PATH=DEVICE`, the device by its name in `/sys/block`.
    init(_ argument: String) throws {
        let parts = argument.split(separator: "=").map(String.init)
        guard parts.count == 2 || parts.count == 3 else {
            throw BenchmarkError("`\(argument)` is not NAME=PATH or NAME=PATH=DEVICE")
        }
        name = parts[0]
        path = parts[1]
        device = parts.count == 3 ? BlockDevice(name: parts[2]) : nil
    }

    /// Makes an empty directory.
    func directory(_ name: String) throws -> String {
        let path = "\(path)/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// Writes out what is there so far.
    func flush() throws {
        try Directory(path: path, on: POSIXFileSystem()).flushFileSystem()
    }
}
