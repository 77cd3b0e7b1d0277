/// Checks bytes against RFC 8259 in one pass, without building values and without recursion.
///
/// Stricter than the grammar where the RFC calls behaviour unpredictable: duplicate member names (section 4), compared
/// as the strings that they stand for (section 8.3), and unpaired surrogates (section 8.2), which no Swift string can
/// hold, are refused.
struct JSONScanner: ~Copyable {
    private let base: UnsafePointer<UInt8>
    private let end: Int
    private var i = 0
    private let maximumDepth: Int
    private let keyComparison: KeyComparison

    /// How keys of one object are compared.
    enum KeyComparison {
        /// As the bytes that they stand for.
        case bytes
        /// As Swift compares strings: two Unicode forms of a name are one key of a dictionary.
        case strings
    }

    /// Whether a number was found, so far, that ``JSONNumber/isWide(length:exponentDigits:)`` is true of.
    private(set) var hasWideNumbers = false

    /// How deep the value nests, after a scan: 0 for a scalar, 1 for a flat array.
    private(set) var depth = 0

    /// The containers around the current place: where an object's keys begin in `keys`, or -1 for an array.
    private var frames: [Int] = []
    private var keys: [Key] = []
    /// The keys of each enclosing object that has too many of them to compare one by one, innermost last.
    private var keySets: [(frame: Int, keys: Set<Key>)] = []
    /// The keys of each enclosing object that are not ASCII, where two Unicode forms of one matter, innermost last.
    private var stringSets: [(frame: Int, keys: Set<String>)] = []
    /// Memory of keys that hold escapes, in the form in which they are compared.
    private var unescapedKeys: [UnsafeMutableBufferPointer<UInt8>] = []

    /// How many keys of an object are compared one by one.
    private static let linearLimit = 16

    /// Creates a scanner.
    ///
    /// - Parameters:
    ///   - bytes: The text; it must stay in place for the scanner's lifetime.
    ///   - maximumDepth: How deep containers may nest.
    ///   - keyComparison: How keys of one object are compared.
    init(_ bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int, comparing keyComparison: KeyComparison = .bytes) {
        // An empty buffer may have no address; nothing is read through this one then.
        base = bytes.baseAddress ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped
        end = bytes.count
        self.maximumDepth = maximumDepth
        self.keyComparison = keyComparison
    }

    deinit {
        for key in unescapedKeys { key.deallocate() }
    }

    /// Scans the whole text.
    mutating func scan() throws(JSONFault) {
        if end >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF {
            throw fault("a byte order mark, which JSON must not start with")
        }
        skipWhitespace()
        if i == end { throw fault("there is nothing here; expected a JSON value") }
        try refuseNulls(after: "no value")
        values: while true {
            guard i < end else { throw fault("the text ends where a value is expected") }
            switch base[i] {
            case UInt8(ascii: "\""):
                i += 1
                _ = try skipString()
            case UInt8(ascii: "{"):
                try open(keys.count)
                skipWhitespace()
                if i < end, base[i] == UInt8(ascii: "}") {
                    close()
                } else {
                    try skipKey(orElse: "a key or \"}\"")
                    continue values
                }
            case UInt8(ascii: "["):
                try open(-1)
                skipWhitespace()
                if i < end, base[i] == UInt8(ascii: "]") {
                    close()
                } else {
                    continue values
                }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try skipNumber()
            case UInt8(ascii: "t"): try skipLiteral("true")
            case UInt8(ascii: "f"): try skipLiteral("false")
            case UInt8(ascii: "n"): try skipLiteral("null")
            case let byte:
                throw fault("expected a value, found \(describe(byte))")
            }
            while let frame = frames.last {
                skipWhitespace()
                guard i < end else {
                    throw fault("the text ends inside \(frame < 0 ? "an array" : "an object"), which is never closed")
                }
                let byte = base[i]
                let closing = frame < 0 ? UInt8(ascii: "]") : UInt8(ascii: "}")
                if byte == UInt8(ascii: ",") {
                    let comma = i
                    i += 1
                    skipWhitespace()
                    if i < end, base[i] == closing {
                        i = comma
                        throw fault("a comma before \(describe(closing)): JSON allows no trailing comma")
                    }
                    if frame >= 0 { try skipKey(orElse: "a key") }
                    continue values
                }
                guard byte == closing else {
                    throw fault("expected \",\" or \(describe(closing)), found \(describe(byte))")
                }
                close()
            }
            break
        }
        skipWhitespace()
        if i < end {
            try refuseNulls(after: "the value")
            throw fault("expected the end of the text after the value, found \(describe(base[i]))")
        }
    }

    // MARK: - Containers

    private mutating func open(_ frame: Int) throws(JSONFault) {
        guard frames.count < maximumDepth else {
            throw fault("nested more than \(maximumDepth) deep, which is the limit")
        }
        frames.append(frame)
        if frames.count > depth { depth = frames.count }
        i += 1
        skipWhitespaceRun()
    }

    private mutating func close() {
        i += 1
        guard let frame = frames.popLast(), frame >= 0 else { return }
        keys.removeLast(keys.count - frame)
        if let last = keySets.last, last.frame == frames.count { keySets.removeLast() }
        if let last = stringSets.last, last.frame == frames.count { stringSets.removeLast() }
    }

    // MARK: - Keys

    /// A key as the bytes that it stands for.
    private struct Key: Hashable {
        var bytes: UnsafeBufferPointer<UInt8>
        /// Tells most different keys apart without touching their bytes.
        var fingerprint: UInt64

        init(_ bytes: UnsafeBufferPointer<UInt8>) {
            self.bytes = bytes
            guard let base = bytes.baseAddress else {
                fingerprint = 0
                return
            }
            let raw = UnsafeRawPointer(base)
            let count = bytes.count
            if count >= 8 {
                let head = raw.loadUnaligned(as: UInt64.self)
                let tail = raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
                fingerprint = head &+ (tail << 19 | tail >> 45) &+ UInt64(count)
            } else if count >= 4 {
                let head = raw.loadUnaligned(as: UInt32.self)
                let tail = raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                fingerprint = UInt64(head) << 32 | UInt64(tail) &+ UInt64(count)
            } else {
                var packed = UInt64(count)
                for byte in bytes { packed = packed << 8 | UInt64(byte) }
                fingerprint = packed
            }
        }

        static func == (a: Self, b: Self) -> Bool {
            a.fingerprint == b.fingerprint && a.bytes.count == b.bytes.count && a.bytes.elementsEqual(b.bytes)
        }

        /// Seeded by the standard library, so a hostile text can't make keys collide.
        func hash(into hasher: inout Hasher) {
            hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        }
    }

    private mutating func skipKey(orElse expected: StaticString) throws(JSONFault) {
        guard i < end else { throw fault("the text ends where \(expected) is expected") }
        guard base[i] == UInt8(ascii: "\"") else { throw fault("expected \(expected), found \(describe(base[i]))") }
        let start = i
        i += 1
        let isEscaped = try skipString()
        let content = UnsafeBufferPointer(start: base + start + 1, count: i - start - 2)
        let key = Key(isEscaped ? keepUnescaped(content) : content)
        if !insert(key) {
            let name = String(decoding: key.bytes, as: UTF8.self).debugDescription
            i = start
            throw fault("the key \(name) stands twice in one object")
        }
        if keyComparison == .strings, key.bytes.contains(where: { $0 >= 0x80 }), !insertString(key) {
            let name = String(decoding: key.bytes, as: UTF8.self).debugDescription
            i = start
            throw fault("the key \(name) stands twice in one object, in two Unicode forms")
        }
        skipWhitespace()
        guard i < end else { throw fault("the text ends where \":\" is expected") }
        guard base[i] == UInt8(ascii: ":") else {
            throw fault("expected \":\" after a key, found \(describe(base[i]))")
        }
        i += 1
        skipWhitespace()
    }

    /// Adds a key to the innermost object; false where it is there already.
    private mutating func insert(_ key: Key) -> Bool {
        let first = frames[frames.count - 1]
        let count = keys.count - first
        if count < Self.linearLimit {
            for index in first..<keys.count where keys[index] == key { return false }
            keys.append(key)
            return true
        }
        if keySets.last?.frame != frames.count - 1 {
            keySets.append((frames.count - 1, Set(keys[first...])))
        }
        return keySets[keySets.count - 1].keys.insert(key).inserted
    }

    /// Adds a key that is not ASCII to the innermost object; false where it is there already, in another Unicode form.
    private mutating func insertString(_ key: Key) -> Bool {
        if stringSets.last?.frame != frames.count - 1 { stringSets.append((frames.count - 1, [])) }
        return stringSets[stringSets.count - 1].keys.insert(String(decoding: key.bytes, as: UTF8.self)).inserted
    }

    private mutating func keepUnescaped(_ content: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: content.count)
        let count = JSONEscape.unescape(content, into: memory)
        unescapedKeys.append(memory)
        return UnsafeBufferPointer(rebasing: UnsafeBufferPointer(memory)[..<count])
    }

    // MARK: - Scalars

    /// Skips a string's rest, from after its opening quote to after its closing one.
    ///
    /// - Returns: Whether it holds escapes.
    private mutating func skipString() throws(JSONFault) -> Bool {
        let start = i - 1
        var isEscaped = false
        // A local place stays in a register, while `i` is memory; the rare and the wrong go the long way, through `i`.
        var place = i
        while true {
            place = skipPlainBytes(from: place)
            guard place < end else {
                i = start
                throw fault("a string is never closed")
            }
            switch base[place] {
            case UInt8(ascii: "\""):
                i = place + 1
                return isEscaped
            case UInt8(ascii: "\\"):
                isEscaped = true
                if place + 1 < end, Self.isSimpleEscape(base[place + 1]) {
                    place += 2
                } else {
                    i = place
                    try skipEscape()
                    place = i
                }
            case ..<0x20:
                i = place
                throw fault("\(describe(base[place])) inside a string must be written as an escape")
            default:
                while place < end, base[place] >= 0x80 {
                    let count = countOfUsualScalar(at: place)
                    if count > 0 {
                        place += count
                    } else {
                        i = place
                        try skipScalar()
                        place = i
                    }
                }
            }
        }
    }

    /// Whether a byte makes an escape of two with a backslash before it.
    @inline(__always)
    private static func isSimpleEscape(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            true
        default: false
        }
    }

    /// The length of a scalar that is not ASCII, where few tests can tell that it is right; else 0.
    @inline(__always)
    private func countOfUsualScalar(at place: Int) -> Int {
        guard place + 4 <= end else { return 0 }
        let lead = base[place]
        guard base[place + 1] & 0xC0 == 0x80 else { return 0 }
        if lead &- 0xC2 < 0x1E { return 2 }
        guard base[place + 2] & 0xC0 == 0x80 else { return 0 }
        if lead &- 0xE1 < 0x0C { return 3 }
        return lead == 0xF0 && base[place + 1] >= 0x90 && base[place + 3] & 0xC0 == 0x80 ? 4 : 0
    }

    /// Skips bytes of a string up to a quote, a backslash, a control character or one that is not ASCII.
    ///
    /// Sixteen at a time, in one vector register. As signed numbers, control characters and what is not ASCII are both
    /// less than a space. The constants are vectors, because comparisons with a scalar are not compiled to one
    /// instruction but to a loop.
    @inline(__always)
    private func skipPlainBytes(from start: Int) -> Int {
        let space = SIMD16<Int8>(repeating: 0x20)
        let quote = SIMD16<Int8>(repeating: 0x22)
        let backslash = SIMD16<Int8>(repeating: 0x5C)
        var i = start
        while i + 16 <= end {
            let bytes = UnsafeRawPointer(base + i).loadUnaligned(as: SIMD16<Int8>.self)
            let special = (bytes .< space) .| (bytes .== quote) .| (bytes .== backslash)
            // Each byte of the mask is 0 or 0xFF.
            let halves = unsafeBitCast(special, to: SIMD2<UInt64>.self)
            if halves[0] | halves[1] != 0 {
                return halves[0] != 0
                    ? i + (halves[0].littleEndian.trailingZeroBitCount >> 3)
                    : i + 8 + (halves[1].littleEndian.trailingZeroBitCount >> 3)
            }
            i += 16
        }
        while i < end, Int8(bitPattern: base[i]) >= 0x20, base[i] != 0x22, base[i] != 0x5C { i += 1 }
        return i
    }

    /// Skips a scalar of two to four bytes: Unicode 16, table 3-7, well-formed UTF-8 byte sequences.
    private mutating func skipScalar() throws(JSONFault) {
        let lead = base[i]
        let count: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: count = 2
        case 0xE0: (count, second) = (3, 0xA0...0xBF)
        case 0xED: (count, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: count = 3
        case 0xF0: (count, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: count = 4
        case 0xF4: (count, second) = (4, 0x80...0x8F)
        default: throw fault("\(describe(lead)) is not UTF-8 here")
        }
        guard i + count <= end, second.contains(base[i + 1]),
            count < 3 || base[i + 2] & 0xC0 == 0x80, count < 4 || base[i + 3] & 0xC0 == 0x80
        else { throw fault("the bytes that start with \(describe(lead)) are not UTF-8") }
        i += count
    }

    private mutating func skipEscape() throws(JSONFault) {
        guard i + 1 < end else { throw fault("the text ends inside an escape") }
        switch base[i + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            i += 2
        case UInt8(ascii: "u"):
            let unit = try hexUnit(at: i + 2)
            if unit & 0xFC00 == 0xDC00 {
                throw fault("a low surrogate without a high one before it stands for no character")
            }
            if unit & 0xFC00 == 0xD800 {
                guard i + 7 < end, base[i + 6] == UInt8(ascii: "\\"), base[i + 7] == UInt8(ascii: "u"),
                    try hexUnit(at: i + 8) & 0xFC00 == 0xDC00
                else { throw fault("a high surrogate without a low one after it stands for no character") }
                i += 6
            }
            i += 6
        case let byte:
            throw fault("a backslash with \(describe(byte)) after it is no escape of JSON")
        }
    }

    private func hexUnit(at offset: Int) throws(JSONFault) -> UInt16 {
        guard offset + 4 <= end,
            let unit = JSONEscape.hexUnit(UnsafeBufferPointer(start: base + offset, count: 4))
        else { throw fault("\"\\u\" needs four hexadecimal digits after it") }
        return unit
    }

    /// Tells whether the whole text is a number and nothing else.
    mutating func isNumber() -> Bool {
        guard i < end, base[i] == UInt8(ascii: "-") || base[i] &- UInt8(ascii: "0") <= 9 else { return false }
        do {
            try skipNumber()
        } catch {
            return false
        }
        return i == end
    }

    private mutating func skipNumber() throws(JSONFault) {
        let start = i
        if base[i] == UInt8(ascii: "-") { i += 1 }
        if i < end, base[i] == UInt8(ascii: "0") {
            i += 1
            if i < end, base[i] &- UInt8(ascii: "0") <= 9 {
                i = start
                throw fault("a number must not start with a zero that other digits follow")
            }
        } else {
            try skipDigits(after: "a minus sign")
        }
        if i < end, base[i] == UInt8(ascii: ".") {
            i += 1
            try skipDigits(after: "a decimal point")
        }
        var exponentDigits = 0
        if i < end, base[i] | 0x20 == UInt8(ascii: "e") {
            i += 1
            if i < end, base[i] == UInt8(ascii: "+") || base[i] == UInt8(ascii: "-") { i += 1 }
            let first = i
            try skipDigits(after: "an exponent's mark")
            exponentDigits = i - first
        }
        if JSONNumber.isWide(length: i - start, exponentDigits: exponentDigits) { hasWideNumbers = true }
    }

    private mutating func skipDigits(after what: StaticString) throws(JSONFault) {
        let start = i
        while i < end, base[i] &- UInt8(ascii: "0") <= 9 { i += 1 }
        if i == start {
            throw fault("expected a digit after \(what), found \(i < end ? describe(base[i]) : "the end of the text")")
        }
    }

    private mutating func skipLiteral(_ literal: StaticString) throws(JSONFault) {
        let count = literal.utf8CodeUnitCount
        guard i + count <= end,
            UnsafeBufferPointer(start: base + i, count: count)
                .elementsEqual(UnsafeBufferPointer(start: literal.utf8Start, count: count))
        else { throw fault("expected a value; a word that starts like \(literal) is none") }
        i += count
    }

    // MARK: - Between values

    @inline(__always)
    private mutating func skipWhitespace() {
        if i < end, base[i] <= 0x20 { skipWhitespaceRun() }
    }

    private mutating func skipWhitespaceRun() {
        while i < end {
            switch base[i] {
            case UInt8(ascii: " "):
                // Indentation comes in runs.
                while i + 8 <= end {
                    let word = UnsafeRawPointer(base + i).loadUnaligned(as: UInt64.self).littleEndian
                    let other = word ^ 0x2020_2020_2020_2020
                    if other != 0 {
                        i += other.trailingZeroBitCount >> 3
                        break
                    }
                    i += 8
                }
                while i < end, base[i] == UInt8(ascii: " ") { i += 1 }
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): i += 1
            default: return
            }
        }
    }

    /// Says so where only NULs are left: the mark of a file whose length was saved before its data.
    private func refuseNulls(after what: StaticString) throws(JSONFault) {
        guard i < end, base[i] == 0 else { return }
        var index = i
        while index < end, base[index] == 0 { index += 1 }
        guard index == end else { return }
        let count = end - i
        throw fault("\(what), then \(count) trailing NUL byte\(count == 1 ? "" : "s") up to the end of the file")
    }

    private func fault(_ reason: String) -> JSONFault {
        JSONFault(reason: reason, offset: min(i, end))
    }

    private func describe(_ byte: UInt8) -> String {
        if byte == 0 { return "a NUL byte" }
        if byte > 0x20, byte < 0x7F { return "\"\(Character(UnicodeScalar(byte)))\"" }
        let hex = String(byte, radix: 16, uppercase: true)
        return "the byte 0x\(hex.count < 2 ? "0" : "")\(hex)"
    }
}
