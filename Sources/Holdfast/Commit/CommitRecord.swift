import FoundationEssentials

/// `.commit-X`: what recovery must know of a commit by swap that the directories alone don't show.
///
/// It is written, and durable, before the swap, and only where it is needed: when the commit drops or adds unmanaged
/// entries (which recovery would otherwise bring back out of `.old-X`, as if a person had just put them there), when it
/// leaves no managed file, and when it renames the document. Lines of text, the last of them `end`: a record without it was
/// never whole, and the swap never began.
struct CommitRecord: Equatable {
    private static let header = "holdfast commit 1"

    /// An entry at the top of a generation, as it was when the record was written.
    ///
    /// Without a device number, which a restart may change.
    struct Entry: Hashable {
        let name: EntryName
        let kind: EntryKind
        let inode: UInt64
        let size: Int64
        let modification: Timestamp

        init(_ name: EntryName, _ status: FileStatus) {
            self.name = name
            kind = status.kind
            inode = status.identity.inode
            // A directory's size and time follow from what is in it.
            size = status.kind == .directory ? 0 : status.size
            modification = status.kind == .directory ? Timestamp(seconds: 0, nanoseconds: 0) : status.modification
        }

        fileprivate init?(_ words: [Substring]) {
            guard words.count == 7, let kind = EntryKind(rawValue: String(words[1])), let inode = UInt64(words[2]),
                let size = Int64(words[3]), let seconds = Int64(words[4]), let nanoseconds = Int64(words[5]),
                let name = EntryName(percentDecoding: words[6])
            else { return nil }
            self.name = name
            self.kind = kind
            self.inode = inode
            self.size = size
            modification = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
        }

        fileprivate var line: String {
            "settled \(kind.rawValue) \(inode) \(size) \(modification.seconds) \(modification.nanoseconds) \(name.percentEncoded)"
        }
    }

    /// Where a renamed document comes from.
    struct Origin: Hashable {
        let document: DocumentName
        /// The inode of its directory.
        let inode: UInt64
    }

    /// What is not to be brought back from `.old-X`: entries that the commit drops, as the old generation has them, and
    /// entries that it adds, as the new one has them.
    var settled: Set<Entry> = []
    /// The document's name before the commit, where the commit renames it.
    var origin: Origin?

    var isEmpty: Bool { settled.isEmpty && origin == nil }

    func settles(_ name: EntryName, _ status: FileStatus) -> Bool {
        settled.contains(Entry(name, status))
    }

    init() {}

    /// Reads a record; nil where it is not whole.
    init?(_ data: Data) {
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3, lines.first.map(String.init) == Self.header, lines.suffix(2) == ["end", ""] else {
            return nil
        }
        for line in lines.dropFirst().dropLast(2) {
            let words = line.split(separator: " ")
            switch words.first {
            case "settled":
                guard let entry = Entry(words) else { return nil }
                settled.insert(entry)
            case "renamed-from":
                guard words.count == 3, let inode = UInt64(words[1]), let name = EntryName(percentDecoding: words[2]),
                    let document = DocumentName(found: name)
                else { return nil }
                origin = Origin(document: document, inode: inode)
            default: return nil
            }
        }
    }

    var data: Data {
        var lines = [Self.header]
        if let origin { lines.append("renamed-from \(origin.inode) \(origin.document.entry.percentEncoded)") }
        lines += settled.sorted { $0.name < $1.name }.map(\.line)
        return Data((lines + ["end", ""]).joined(separator: "\n").utf8)
    }
}

extension EntryName {
    /// The name in ASCII without spaces: other bytes as `%` and two hexadecimal digits (RFC 3986, section 2.1).
    fileprivate var percentEncoded: String {
        bytes.map { byte in
            let isPlain = byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "%")
            if isPlain { return String(UnicodeScalar(byte)) }
            return "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    fileprivate init?(percentDecoding text: Substring) {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else if let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                return nil
            }
        }
        self.init(bytes: bytes)
    }
}
