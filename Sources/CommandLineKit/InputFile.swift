public import FoundationEssentials
import Glibc

/// A file outside of any store that a command reads.
public struct InputFile {
    let descriptor: Int32
    let label: String

    /// Reads a file to its end.
    ///
    /// - Parameter path: The file's path.
    /// - Returns: The bytes.
    /// - Throws: ``CommandFailure`` where it can't be opened or read.
    public static func read(_ path: String) throws(CommandFailure) -> Data {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure("\(path): can't be opened: \(systemMessage(errno))") }
        // Nothing was written, so there is nothing that closing could lose.
        defer { close(descriptor) }
        return try InputFile(descriptor: descriptor, label: path).readAll()
    }

    func readAll() throws(CommandFailure) -> Data {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return Data(bytes) }
            if count < 0 {
                if errno == EINTR { continue }
                throw CommandFailure("\(label): can't be read: \(systemMessage(errno))")
            }
            bytes += buffer[..<count]
        }
    }
}
