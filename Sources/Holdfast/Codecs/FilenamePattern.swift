/// A literal filename, or a pattern in which `*` stands for any run of bytes, also an empty one.
///
/// Matching is by UTF-8 bytes, as on disk: `é` written as one scalar and as two are different names.
public struct FilenamePattern: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The pattern as written.
    public let description: String

    /// Creates a pattern.
    ///
    /// - Parameter pattern: A filename, or a pattern such as `events-*.jsonl`.
    public init(_ pattern: String) {
        description = pattern
    }

    /// Creates a pattern from a literal.
    ///
    /// - Parameter value: A filename, or a pattern such as `events-*.jsonl`.
    public init(stringLiteral value: String) {
        self.init(value)
    }

    /// Whether two patterns are the same, byte for byte.
    ///
    /// - Parameters:
    ///   - a: A pattern.
    ///   - b: Another pattern.
    /// - Returns: Whether they are equal.
    public static func == (a: Self, b: Self) -> Bool { a.bytes == b.bytes }

    /// Hashes the pattern's bytes.
    ///
    /// - Parameter hasher: Takes them.
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

    var bytes: [UInt8] { Array(description.utf8) }

    var isLiteral: Bool { !description.utf8.contains(Self.star) }

    private static let star = UInt8(ascii: "*")

    /// Tells whether a filename matches.
    ///
    /// - Parameter filename: A filename.
    /// - Returns: Whether it matches, byte for byte.
    public func matches(_ filename: String) -> Bool {
        Array(filename.utf8).withUnsafeBufferPointer { matches($0) }
    }

    /// Linear-time glob: on a mismatch only the last star has to be reconsidered, since an earlier star can only
    /// have matched less than it could.
    func matches(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        let pattern = bytes
        var p = 0
        var n = 0
        var restart: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == Self.star {
                restart = (p + 1, n)
                p += 1
            } else if p < pattern.count, pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let last = restart {
                restart = (last.pattern, last.name + 1)
                p = last.pattern
                n = last.name + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == Self.star }
    }

    /// Finds the shortest manageable filename that both patterns match.
    ///
    /// A breadth-first walk over the product of three automata: the two patterns, and the rule for names that can be
    /// managed. Its states number at most (a + 1) × (b + 1) × 7 for patterns of a and b bytes.
    ///
    /// - Parameter other: The other pattern.
    /// - Returns: An example; nil where no manageable name matches both.
    func overlap(with other: FilenamePattern) -> String? {
        struct State: Hashable {
            var a: Int
            var b: Int
            var rule: ManageableNameRule
        }
        let a = bytes
        let b = other.bytes
        // Bytes that no pattern names are alike; one of them stands for all, and comes first for a readable example.
        let unnamed = UInt8(ascii: "x")
        let named = Set(a + b + ManageableNameRule.suffix).subtracting([Self.star, unnamed])
        let alphabet: [UInt8] = [unnamed] + named.sorted()
        var arrivals: [State: (from: State, by: UInt8?)] = [:]
        let start = State(a: 0, b: 0, rule: ManageableNameRule())
        arrivals[start] = (start, nil)
        var queue = [start]
        var next = 0
        while next < queue.count {
            let state = queue[next]
            next += 1
            if state.a == a.count, state.b == b.count, state.rule.accepts {
                var name: [UInt8] = []
                var step = state
                while step != start, let arrival = arrivals[step] {
                    if let byte = arrival.by { name.append(byte) }
                    step = arrival.from
                }
                return String(decoding: name.reversed(), as: UTF8.self)
            }
            func visit(_ successor: State, by byte: UInt8?) {
                if arrivals[successor] == nil {
                    arrivals[successor] = (state, byte)
                    queue.append(successor)
                }
            }
            // A star may match nothing more.
            if state.a < a.count, a[state.a] == Self.star {
                visit(State(a: state.a + 1, b: state.b, rule: state.rule), by: nil)
            }
            if state.b < b.count, b[state.b] == Self.star {
                visit(State(a: state.a, b: state.b + 1, rule: state.rule), by: nil)
            }
            guard state.a < a.count, state.b < b.count else { continue }
            for byte in alphabet {
                guard a[state.a] == Self.star || a[state.a] == byte, b[state.b] == Self.star || b[state.b] == byte,
                    let rule = state.rule.reading(byte)
                else { continue }
                visit(
                    State(
                        a: a[state.a] == Self.star ? state.a : state.a + 1,
                        b: b[state.b] == Self.star ? state.b : state.b + 1,
                        rule: rule),
                    by: byte)
            }
        }
        return nil
    }
}

/// The rule for names that can be managed, as an automaton over bytes: not empty, no leading dot, no `/` or NUL, not
/// ending in `.tmp`.
struct ManageableNameRule: Hashable {
    static let suffix = Array(".tmp".utf8)

    private var isEmpty = true
    /// How many bytes of `.tmp` the name read so far ends with.
    private var suffixLength = 0

    /// Whether the name read so far can be managed.
    var accepts: Bool { !isEmpty && suffixLength < Self.suffix.count }

    /// Reads one more byte; nil where no name that goes on like this can be managed.
    func reading(_ byte: UInt8) -> ManageableNameRule? {
        let dot = Self.suffix[0]
        if byte == 0 || byte == UInt8(ascii: "/") || (isEmpty && byte == dot) { return nil }
        var after = self
        after.isEmpty = false
        // Only its first byte is a dot, so a mismatch falls back to the first byte or to none.
        if suffixLength < Self.suffix.count, byte == Self.suffix[suffixLength] {
            after.suffixLength += 1
        } else {
            after.suffixLength = byte == dot ? 1 : 0
        }
        return after
    }

    /// Tells whether a codec may manage a name.
    static func accepts(_ name: some Sequence<UInt8>) -> Bool {
        var rule: ManageableNameRule? = ManageableNameRule()
        for byte in name { rule = rule?.reading(byte) }
        return rule?.accepts ?? false
    }
}
