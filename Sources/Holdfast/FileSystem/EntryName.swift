#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The name of one directory entry, or of an extended attribute: bytes, as the file system keeps it.
///
/// Not a `String`: Swift compares strings by canonical equivalence, so that two names that are different on disk can be
/// equal as strings, and a person's file may have a name that is not UTF-8 at all.
package struct EntryName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// A name of up to 30 bytes, zeros behind them, and their number in the last byte: most names, without an allocation.
    private var short: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    /// A longer name with a NUL behind it.
    private var long: [UInt8]?

    private static let shortLimit = 30

    package init(bytes: some Sequence<UInt8>) {
        if let name = bytes.withContiguousStorageIfAvailable({ EntryName($0) }) {
            self = name
        } else {
            self = Array(bytes).withUnsafeBufferPointer { EntryName($0) }
        }
    }

    package init(_ string: String) {
        self.init(bytes: string.utf8)
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        if bytes.count > Self.shortLimit {
            long = Array(bytes) + [0]
        } else {
            withUnsafeMutableBytes(of: &short) {
                $0.copyMemory(from: UnsafeRawBufferPointer(bytes))
                $0[Self.shortLimit + 1] = UInt8(bytes.count)
            }
        }
    }

    package var bytes: [UInt8] { withBytes { Array($0) } }

    package var count: Int {
        if let long { return long.count - 1 }
        return withUnsafeBytes(of: short) { Int($0[Self.shortLimit + 1]) }
    }

    /// For people: bytes that are not UTF-8 show as U+FFFD.
    package var description: String { withBytes { String(decoding: $0, as: UTF8.self) } }

    /// The name as a string; nil where it is not UTF-8.
    package var string: String? { withBytes { String(whole: $0) } }

    package func hasPrefix(_ prefix: String) -> Bool { withBytes { $0.starts(with: prefix.utf8) } }

    package func hasSuffix(_ suffix: String) -> Bool {
        withBytes { $0.count >= suffix.utf8.count && $0.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) }
    }

    package func dropping(prefix: String) -> EntryName {
        withBytes { EntryName(bytes: $0.dropFirst(prefix.utf8.count)) }
    }

    package func dropping(suffix: String) -> EntryName {
        withBytes { EntryName(bytes: $0.dropLast(suffix.utf8.count)) }
    }

    package static func + (name: EntryName, suffix: String) -> EntryName { name.withBytes { joined($0, suffix.utf8) } }

    package static func + (prefix: String, name: EntryName) -> EntryName { name.withBytes { joined(prefix.utf8, $0) } }

    private static func joined(_ first: some Collection<UInt8>, _ second: some Collection<UInt8>) -> EntryName {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: first.count + second.count) { buffer in
            let middle = buffer.initialize(fromContentsOf: first)
            _ = buffer[middle...].initialize(fromContentsOf: second)
            return EntryName(UnsafeBufferPointer(buffer))
        }
    }

    package static func == (a: EntryName, b: EntryName) -> Bool { a.short == b.short && a.long == b.long }

    package static func < (a: EntryName, b: EntryName) -> Bool {
        if a.long != nil || b.long != nil {
            return a.withBytes { a in b.withBytes { b in a.lexicographicallyPrecedes(b) } }
        }
        // Words with their first byte as the highest have the order of their bytes; of two names of which one begins the
        // other, the count behind the zeros decides.
        if a.short.0 != b.short.0 { return a.short.0.bigEndian < b.short.0.bigEndian }
        if a.short.1 != b.short.1 { return a.short.1.bigEndian < b.short.1.bigEndian }
        if a.short.2 != b.short.2 { return a.short.2.bigEndian < b.short.2.bigEndian }
        return a.short.3.bigEndian < b.short.3.bigEndian
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(short.0)
        hasher.combine(short.1)
        hasher.combine(short.2)
        hasher.combine(short.3)
        long?.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// Calls a body with the name's bytes.
    package func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let count = count
        return withCString { characters in
            characters.withMemoryRebound(to: UInt8.self, capacity: count) {
                body(UnsafeBufferPointer(start: $0, count: count))
            }
        }
    }

    /// Calls a body with the name as a C string.
    package func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        func call(_ bytes: UnsafeRawBufferPointer) -> Result {
            guard let base = bytes.baseAddress else { preconditionFailure("the terminator is always there") }
            return body(base.assumingMemoryBound(to: CChar.self))
        }
        if let long { return long.withUnsafeBytes(call) }
        return withUnsafeBytes(of: short, call)
    }
}

extension String {
    /// Makes a string of bytes that are UTF-8 as a whole; nil for others.
    ///
    /// `String(validating:as:)` does the same, and looks types up at every call, which costs more than all else.
    init?(whole bytes: UnsafeBufferPointer<UInt8>) {
        self.init(decoding: bytes, as: UTF8.self)
        // What had to be repaired is not the same any more.
        guard utf8.withContiguousStorageIfAvailable({ $0.isSame(as: bytes) }) == true else { return nil }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether two buffers hold the same bytes.
    func isSame(as other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard count == other.count, let base = baseAddress, let otherBase = other.baseAddress else {
            return count == other.count
        }
        return memcmp(base, otherBase, count) == 0
    }
}
