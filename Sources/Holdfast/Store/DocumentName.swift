/// The name of a document, and the names that its generations have on the way.
struct DocumentName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 246 bytes, so that the longest prefix still fits into the 255 that file systems allow.
    static let maximumLength = 246

    static let stagingPrefix = ".staging-"
    static let oldPrefix = ".old-"
    static let removedPrefix = ".removed-"
    static let recordPrefix = ".commit-"
    static let temporarySuffix = ".tmp"

    let entry: EntryName

    /// Checks a host's name.
    init(_ name: String) throws(HoldfastError) {
        let entry = EntryName(name)
        if let fault = Self.fault(of: entry) { throw .invalidDocumentName(name, fault) }
        self.entry = entry
    }

    /// A name found on disk; nil where it can't be a document's.
    init?(found entry: EntryName) {
        guard Self.fault(of: entry) == nil else { return nil }
        self.entry = entry
    }

    /// A name out of a ``StoreListing``, which holds none but documents'.
    init(listed name: String) { entry = EntryName(name) }

    private static func fault(of name: EntryName) -> String? {
        if name.count == 0 { return "it is empty" }
        if name.count > maximumLength { return "it has \(name.count) bytes" }
        if name.hasPrefix(".") { return "it starts with a dot" }
        if name.withBytes({ $0.contains(UInt8(ascii: "/")) }) { return "it holds a `/`" }
        if name.withBytes({ $0.contains(0) }) { return "it holds a NUL" }
        if name.string == nil { return "it is not UTF-8" }
        return nil
    }

    /// The next generation while it is being prepared.
    var staging: EntryName { Self.stagingPrefix + entry }
    /// The previous generation until it is removed.
    var old: EntryName { Self.oldPrefix + entry }
    /// The document on its way out.
    var removed: EntryName { Self.removedPrefix + entry }
    /// What recovery must know of a commit that the directories alone don't show.
    var record: EntryName { Self.recordPrefix + entry }

    /// Whether a name is one of those that the kernel itself gives to what is in a store.
    static func isKernels(_ name: EntryName) -> Bool {
        name == StoreLocks.fileName || name.hasPrefix(Trash.directoryName.description)
            || [stagingPrefix, oldPrefix, removedPrefix, recordPrefix].contains(where: name.hasPrefix)
    }

    var description: String { entry.description }

    static func < (a: DocumentName, b: DocumentName) -> Bool { a.entry < b.entry }

    /// Where in the lock file this document's lock is: 1 + the low 62 bits of FNV-1a of the name's bytes.
    ///
    /// Part of the protocol between processes, so it never changes. Two documents at the same place only wait for each
    /// other.
    var lockRange: LockRange {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        entry.withBytes { for byte in $0 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 } }
        return LockRange(start: 1 + Int64(hash & 0x3FFF_FFFF_FFFF_FFFF))
    }
}
