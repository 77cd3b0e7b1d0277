import FoundationEssentials
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is held open.
///
/// A file that was written is closed by ``close()``, which reports what the close found: network file systems tell of
/// failed writes only there (close(2)). One that was only read is closed when it is let go.
package final class OpenFile: OpenEntry {
    package let fileSystem: any FileSystem
    package let descriptor: Descriptor
    package let name: EntryName
    private let isOpen = Atomic(true)

    init(_ descriptor: Descriptor, name: EntryName, on fileSystem: any FileSystem) {
        self.descriptor = descriptor
        self.name = name
        self.fileSystem = fileSystem
    }

    deinit {
        // Reached without close() only by a file that was read, or on the way out with an error that matters more.
        do { try close() } catch {}
    }

    package func close() throws(SystemCallError) {
        guard isOpen.exchange(false, ordering: .relaxed) else { return }
        do {
            try fileSystem.close(descriptor)
        } catch  where error.errno != .interrupted {
            throw SystemCallError(error.call, error.errno, entry: name)
        } catch {}
    }

    package func status() throws(SystemCallError) -> FileStatus {
        try call { () throws(SystemCallError) in try fileSystem.status(descriptor) }
    }

    /// Reads the whole file.
    ///
    /// It may turn out larger or smaller than expected, where somebody is writing it.
    package func readAll(size: Int64) throws(SystemCallError) -> Data {
        // One byte more than expected: a read that comes back short of it has seen the end.
        var buffer = try resize(nil, to: Int(min(size, .max - 1)) + 1)
        var filled = 0
        do {
            while true {
                if filled == buffer.count { buffer = try resize(buffer.baseAddress, to: buffer.count * 2) }
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                let count = try call { () throws(SystemCallError) in
                    try fileSystem.read(descriptor, into: rest, at: Int64(filled))
                }
                filled += count
                if count == 0 || (filled == Int(size) && count < rest.count) { break }
            }
        } catch {
            free(buffer.baseAddress)
            throw error
        }
        guard let base = buffer.baseAddress, filled > 0 else {
            free(buffer.baseAddress)
            return Data()
        }
        return Data(bytesNoCopy: base, count: filled, deallocator: .free)
    }

    /// Memory from the C library, which says when there is none: Swift's own ends the process, and how large the file is,
    /// others decide.
    private func resize(
        _ base: UnsafeMutableRawPointer?, to size: Int
    ) throws(SystemCallError) -> UnsafeMutableRawBufferPointer {
        guard let larger = realloc(base, size) else { throw SystemCallError(.pread, .noMemory, entry: name) }
        return UnsafeMutableRawBufferPointer(start: larger, count: size)
    }

    /// Whether the file holds exactly these bytes; it is read only as far as it does.
    package func holds(_ data: Data) throws(SystemCallError) -> Bool {
        try Self.withBytes(of: data) { bytes throws(SystemCallError) in
            try holds(bytes.assumingMemoryBound(to: UInt8.self))
        }
    }

    private func holds(_ data: UnsafeBufferPointer<UInt8>) throws(SystemCallError) -> Bool {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(data.count + 1, Self.comparedAtOnce), alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            // One byte more than expected tells whether the file goes on. The first read is short: what differs mostly
            // does so early.
            let limit = min(data.count + 1 - offset, offset == 0 ? Self.comparedFirst : Self.comparedAtOnce)
            let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(limit))
            let count = try read(into: wanted, at: Int64(offset))
            if count == 0 { return offset == data.count }
            guard offset + count <= data.count else { return false }
            let found = UnsafeBufferPointer(rebasing: wanted.assumingMemoryBound(to: UInt8.self).prefix(count))
            if !found.isSame(as: UnsafeBufferPointer(rebasing: data[offset..<(offset + count)])) { return false }
            offset += count
            if offset == data.count, count < wanted.count { return true }
        }
    }

    private static let comparedFirst = 1 << 12
    private static let comparedAtOnce = 1 << 16

    /// Reads up to a buffer's worth of bytes at an offset.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try call { () throws(SystemCallError) in try fileSystem.read(descriptor, into: buffer, at: offset) }
    }

    /// Fills a buffer from an offset on, as far as the file goes.
    package func readFully(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemCallError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = try read(into: rest, at: offset + Int64(filled))
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Writes all bytes from the start of the file.
    package func writeAll(_ data: Data) throws(SystemCallError) {
        try Self.withBytes(of: data) { bytes throws(SystemCallError) in try writeAll(bytes, at: 0) }
    }

    /// Writes all bytes at an offset.
    package func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SystemCallError) {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = try call { () throws(SystemCallError) in
                try fileSystem.write(descriptor, rest, at: offset + Int64(written))
            }
            // Not to happen for a regular file; without this check it would be an endless loop.
            if count == 0 { throw SystemCallError(.pwrite, .noSpace, entry: name) }
            written += count
        }
    }

    package func truncate(to size: Int64) throws(SystemCallError) {
        try call { () throws(SystemCallError) in try fileSystem.truncate(descriptor, to: size) }
    }

    package func nextData(from offset: Int64) throws(SystemCallError) -> Range<Int64>? {
        try call { () throws(SystemCallError) in try fileSystem.nextData(descriptor, from: offset) }
    }

    package func clone(to destination: OpenFile) throws(SystemCallError) {
        try call { () throws(SystemCallError) in
            try fileSystem.clone(descriptor, to: destination.descriptor)
        }
    }

    package func copyRange(
        to destination: OpenFile, at offset: Int64, count: Int
    ) throws(SystemCallError) -> Int {
        try call { () throws(SystemCallError) in
            try fileSystem.copyRange(descriptor, to: destination.descriptor, at: offset, count: count)
        }
    }

    package func setMode(_ mode: UInt32) throws(SystemCallError) {
        try call { () throws(SystemCallError) in try fileSystem.setMode(descriptor, to: mode) }
    }

    package func setOwner(user: UInt32, group: UInt32) throws(SystemCallError) {
        try call { () throws(SystemCallError) in
            try fileSystem.setOwner(descriptor, user: user, group: group)
        }
    }

    /// Makes the file durable: its data and what is needed to read it back.
    package func flush() throws(SystemCallError) {
        try call { () throws(SystemCallError) in try fileSystem.flush(descriptor) }
    }

    /// Starts writing the file's data to the device, and doesn't wait: a hint, before a flush that does.
    package func startWriteBack() throws(SystemCallError) {
        do {
            try call { () throws(SystemCallError) in try fileSystem.writeBack(descriptor, .start) }
        } catch {
            switch error.errno {
            case .invalid, .notImplemented, .notSupported: return
            default: throw error
            }
        }
    }

    /// Waits until the file's data is with the device, though maybe in its cache only, and without the metadata.
    ///
    /// - Returns: Whether the system can.
    package func waitForWriteBack() throws(SystemCallError) -> Bool {
        do {
            try call { () throws(SystemCallError) in try fileSystem.writeBack(descriptor, .wait) }
            return true
        } catch {
            switch error.errno {
            case .invalid, .notImplemented, .notSupported: return false
            default: throw error
            }
        }
    }

    /// `withUnsafeBytes` with a typed throw, which Foundation's does not have.
    private static func withBytes<Value>(
        of data: Data, _ body: (UnsafeRawBufferPointer) throws(SystemCallError) -> Value
    ) throws(SystemCallError) -> Value {
        let result: Result<Value, SystemCallError> = data.withUnsafeBytes { bytes in
            do throws(SystemCallError) {
                return .success(try body(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    @inline(__always)
    private func call<Result>(
        _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        try Directory.uninterrupted(name, body)
    }
}
