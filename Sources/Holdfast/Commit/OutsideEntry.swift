/// An entry outside the store that a draft brings in.
struct OutsideEntry {
    let parent: Directory
    let name: EntryName
    let status: FileStatus

    init(_ path: String, on fileSystem: any FileSystem) throws {
        try HoldfastError.checkPath(path)
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
        name = EntryName(bytes: slash.map { bytes[($0 + 1)...] } ?? bytes[...])
        // With `/.` behind it, since it may be reached through a link, which the host has named on purpose.
        let folder = slash.map { String(decoding: bytes[...$0], as: UTF8.self) } ?? "./"
        parent = try Self.naming(path) { () throws(SystemCallError) in
            try Directory(path: folder + ".", on: fileSystem)
        }
        status = try Self.naming(path) { [parent, name] () throws(SystemCallError) in try parent.status(of: name) }
    }

    private static func naming<Result>(
        _ path: String, _ body: () throws(SystemCallError) -> Result
    ) throws(HoldfastError) -> Result {
        do {
            return try body()
        } catch {
            throw HoldfastError(
                error.errno == .notFound ? .notFound : .ioFailed, "`\(path)` can't be copied into the document",
                operation: error.call.rawValue, errno: error.errno.rawValue,
                remedy: error.errno == .notFound ? "check the path" : error.errno.remedy)
        }
    }
}
