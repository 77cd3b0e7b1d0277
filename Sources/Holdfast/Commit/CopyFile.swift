/// Copies a regular file with its metadata, where it can't be linked: by sharing blocks, else within the kernel, else
/// through memory; holes stay holes.
enum CopyFile {
    enum Method: Sendable { case cloned, copied }

    /// Copies a file.
    ///
    /// - Returns: How, how many bytes were copied, which are 0 for a clone, and what of its access could not be kept.
    static func copy(
        _ name: EntryName, in source: Directory, to destination: Directory, as newName: EntryName,
        flushing: Bool, capabilities: Capabilities
    ) throws(SystemCallError) -> (method: Method, bytes: Int64, loss: String?) {
        let from = try source.open(name)
        let status = try from.status()
        let to = try destination.create(newName, mode: 0o600)
        let isCloned = try clone(from, to, capabilities)
        let bytes = isCloned ? 0 : try copyBytes(from, to, size: status.size, capabilities)
        let pair = CopyMetadata.Pair(from: from, to: to, entry: name)
        let loss = try CopyMetadata.copyAccess(pair, status: status)
        try CopyMetadata.copyTimes(pair, status: status)
        if flushing { try to.flush() }
        try to.close()
        return (isCloned ? .cloned : .copied, bytes, loss)
    }

    private static func clone(
        _ from: OpenFile, _ to: OpenFile, _ capabilities: Capabilities
    ) throws(SystemCallError) -> Bool {
        guard capabilities.has(.clone) else { return false }
        do {
            try from.clone(to: to)
            return true
        } catch  where capabilities.isRefusal(error, of: .clone) || isAboutThisFile(error) {
            return false
        }
    }

    /// Whether a clone or a copy within the kernel is refused for what the file is, or is at the moment: ioctl_ficlone(2),
    /// copy_file_range(2); ZFS asks with EAGAIN to wait until it has written the file.
    private static func isAboutThisFile(_ error: SystemCallError) -> Bool {
        [.crossDevice, .again, .notPermitted, .accessDenied, .textBusy].contains(error.errno)
    }

    /// Copies each run of data, so that holes stay holes.
    private static func copyBytes(
        _ from: OpenFile, _ to: OpenFile, size: Int64, _ capabilities: Capabilities
    ) throws(SystemCallError) -> Int64 {
        try to.truncate(to: size)
        var offset: Int64 = 0
        var copied: Int64 = 0
        while offset < size {
            guard let run = try nextRun(of: from, in: offset..<size) else { break }
            copied += try copyRun(run, from, to, capabilities)
            offset = run.upperBound
        }
        return copied
    }

    /// The next run of data; all the rest where the file system can't tell data from holes, nil where only a hole is left.
    private static func nextRun(
        of file: OpenFile, in rest: Range<Int64>
    ) throws(SystemCallError) -> Range<Int64>? {
        do {
            let run = try file.nextData(from: rest.lowerBound)?.clamped(to: rest)
            return run?.isEmpty == true ? nil : run
        } catch  where error.errno == .invalid || error.errno == .notSupported {
            return rest
        }
    }

    private static func copyRun(
        _ run: Range<Int64>, _ from: OpenFile, _ to: OpenFile, _ capabilities: Capabilities
    ) throws(SystemCallError) -> Int64 {
        var offset = run.lowerBound
        while offset < run.upperBound, capabilities.has(.copyRange) {
            do {
                let count = try from.copyRange(to: to, at: offset, count: Int(run.upperBound - offset))
                // 0 is the end of the file, or a file system that can't copy this one: copy_file_range(2).
                if count == 0 { break }
                offset += Int64(count)
            } catch {
                guard capabilities.isRefusal(error, of: .copyRange) || isAboutThisFile(error) else { throw error }
                break
            }
        }
        if offset < run.upperBound {
            offset += try copyThroughMemory(offset..<run.upperBound, from, to)
        }
        return offset - run.lowerBound
    }

    private static func copyThroughMemory(
        _ run: Range<Int64>, _ from: OpenFile, _ to: OpenFile
    ) throws(SystemCallError) -> Int64 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        var offset = run.lowerBound
        while offset < run.upperBound {
            let part = UnsafeMutableRawBufferPointer(
                rebasing: buffer.prefix(Int(min(Int64(buffer.count), run.upperBound - offset))))
            let count = try from.read(into: part, at: offset)
            if count == 0 { break }
            try to.writeAll(UnsafeRawBufferPointer(rebasing: part.prefix(count)), at: offset)
            offset += Int64(count)
        }
        return offset - run.lowerBound
    }
}
