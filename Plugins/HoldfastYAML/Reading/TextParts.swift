import Dispatch
import FoundationEssentials
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The parts of a long text that libyaml can read side by side, each as a text of its own.
///
/// The cuts are before entries of the root, a block collection in the first column. There libyaml's scanner has nothing open
/// but that collection: begun anew behind a cut, it goes on as it would in the whole text. A line that looks like such an
/// entry may be something else, a line of a quoted scalar for one; what is read in front of it tells, being at fault or no
/// such collection. Then the whole text is read at once, as it is where anything is wrong: its first fault is told.
struct TextParts {
    /// The root of a text: a block collection in the first column.
    private struct Root {
        var kind: TapeNode.Kind
        /// Where its first entry begins.
        var start: Int

        /// Looks for the root where most texts have it: behind blank lines, comments and a document's marker.
        init?(of bytes: UnsafeRawBufferPointer) {
            var line = 0
            while line < bytes.count {
                let end = lineEnd(in: bytes, from: line)
                if beginsEntry(in: bytes, at: line, of: .sequence) {
                    (kind, start) = (.sequence, line)
                    return
                }
                if beginsEntry(in: bytes, at: line, of: .mapping) {
                    (kind, start) = (.mapping, line)
                    return
                }
                let isMarker = bytes[line..<end].elementsEqual("---\n".utf8)
                guard isMarker || bytes[line] == 0x0A || Self.isComment(bytes[line..<end]) else { return nil }
                line = end
            }
            return nil
        }

        /// Whether a line is a comment to its end: for libyaml, CR, U+0085, U+2028 and U+2029 end lines, too.
        private static func isComment(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
            line.first == UInt8(ascii: "#") && !line.contains { [0x0D, 0x85, 0xA8, 0xA9].contains($0) }
        }
    }

    /// Where the parts are.
    let ranges: [Range<Int>]

    /// So many bytes take milliseconds, to which waking a thread adds little.
    private static let leastBytes = 128 << 10

    /// Cuts a text into two parts at least; nil where there is nothing to cut at.
    ///
    /// - Parameters:
    ///   - bytes: The text, in UTF-8.
    ///   - count: How many parts are wanted; nil for as many as there are cores, where they are long enough to be worth it.
    init?(of bytes: UnsafeRawBufferPointer, count: Int? = nil) {
        // Most texts are short: they don't ask for the cores.
        let most = count ?? bytes.count / Self.leastBytes
        guard most > 1, let root = Root(of: bytes) else { return nil }
        let count = count ?? min(most, ProcessInfo.processInfo.activeProcessorCount)
        let share = bytes.count / count
        var ranges: [Range<Int>] = []
        var start = 0
        for number in 1..<count {
            let wanted = max(number * share, root.start + 1)
            // Not far behind: cores wait for the longest part.
            let cut = Self.cut(in: bytes, from: wanted, to: number * share + share / 2, before: root.kind)
            guard let cut else { continue }
            ranges.append(start..<cut)
            start = cut
        }
        guard start > 0 else { return nil }
        self.ranges = ranges + [start..<bytes.count]
    }

    /// The first line between two bytes that looks like an entry of the root.
    private static func cut(
        in bytes: UnsafeRawBufferPointer, from start: Int, to end: Int, before kind: TapeNode.Kind
    ) -> Int? {
        var line = lineEnd(in: bytes, from: start - 1)
        while line < min(end, bytes.count) {
            if beginsEntry(in: bytes, at: line, of: kind) { return line }
            line = lineEnd(in: bytes, from: line)
        }
        return nil
    }

    /// Reads the parts on all cores.
    ///
    /// It waits for no thread to be free: the caller's own reads what no other does.
    ///
    /// - Parameter read: Reads one part; nil where it is at fault.
    /// - Returns: A tape for each part, in order; nil where one is at fault.
    func tapes(_ read: @Sendable (Range<Int>) -> Tape?) -> [Tape]? {
        /// Made by one thread, and used by the caller's when all the others are done.
        struct Part: @unchecked Sendable {
            let start: Int
            let tape: Tape
        }
        let parts = Mutex<[Part]>([])
        DispatchQueue.concurrentPerform(iterations: ranges.count) { index in
            guard let tape = read(ranges[index]) else { return }
            let part = Part(start: ranges[index].lowerBound, tape: tape)
            parts.withLock { $0.append(part) }
        }
        let read = parts.withLock { $0.sorted { $0.start < $1.start } }
        return read.count == ranges.count ? read.map(\.tape) : nil
    }
}

/// Where the next line begins: behind the next LF, or at the text's end.
private func lineEnd(in bytes: UnsafeRawBufferPointer, from index: Int) -> Int {
    guard let base = bytes.baseAddress, let newline = memchr(base + index, 0x0A, bytes.count - index) else {
        return bytes.count
    }
    return UnsafeRawPointer(newline) - base + 1
}

/// Whether a line begins as an entry of a block collection in the first column may.
///
/// Not all that can begin a key: no anchors and no tags, which may be the collection's own.
private func beginsEntry(in bytes: UnsafeRawBufferPointer, at line: Int, of kind: TapeNode.Kind) -> Bool {
    switch bytes[line] {
    case UInt8(ascii: "-"):
        kind == .sequence && line + 1 < bytes.count && (bytes[line + 1] == 0x20 || bytes[line + 1] == 0x0A)
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "\""), UInt8(ascii: "'"):
        kind == .mapping
    default: false
    }
}
