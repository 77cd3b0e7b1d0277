/// The name of one directory entry: bytes, as the file system keeps it.
///
/// Not a `String`: Swift compares strings by canonical equivalence, so that two names that are different on disk can be
/// equal as strings, and a person's file may have a name that is not UTF-8 at all.
package struct EntryName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The bytes with a NUL behind them, ready for system calls.
    private let terminated: [UInt8]

    package init(bytes: some Sequence<UInt8>) {
        var terminated: [UInt8] = []
        terminated.reserveCapacity(bytes.underestimatedCount + 1)
        terminated.append(contentsOf: bytes)
        terminated.append(0)
        self.terminated = terminated
    }

    package init(_ string: String) {
        self.init(bytes: string.utf8)
    }

    package var bytes: ArraySlice<UInt8> { terminated.dropLast() }

    package var count: Int { terminated.count - 1 }

    /// For people: bytes that are not UTF-8 show as U+FFFD.
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The name as a string; nil where it is not UTF-8.
    package var string: String? { String(validating: bytes, as: UTF8.self) }

    package func hasPrefix(_ prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }

    package func hasSuffix(_ suffix: String) -> Bool {
        bytes.count >= suffix.utf8.count && bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    package func dropping(prefix: String) -> EntryName { EntryName(bytes: bytes.dropFirst(prefix.utf8.count)) }

    package func dropping(suffix: String) -> EntryName { EntryName(bytes: bytes.dropLast(suffix.utf8.count)) }

    package static func + (name: EntryName, suffix: String) -> EntryName {
        var bytes = Array(name.bytes)
        bytes.append(contentsOf: suffix.utf8)
        return EntryName(bytes: bytes)
    }

    package static func + (prefix: String, name: EntryName) -> EntryName {
        var bytes = Array(prefix.utf8)
        bytes.append(contentsOf: name.bytes)
        return EntryName(bytes: bytes)
    }

    package static func < (a: EntryName, b: EntryName) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

    /// Calls a body with the name as a C string.
    package func withCString<Result, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try terminated.withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
            try buffer.withMemoryRebound(to: CChar.self) { (characters) throws(Failure) -> Result in
                guard let base = characters.baseAddress else { preconditionFailure("the terminator is always there") }
                return try body(base)
            }
        }
    }
}
