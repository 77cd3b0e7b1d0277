/// Finds where a value stands in a text, for the line and column of an error about it.
struct JSONLocator {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let keys: JSONOptions.KeyStrategy
    private var i = 0

    /// Creates a locator.
    ///
    /// - Parameters:
    ///   - bytes: The text, which the scanner has passed.
    ///   - keys: How the text's keys have become those of paths.
    init(scanned bytes: UnsafeBufferPointer<UInt8>, keys: JSONOptions.KeyStrategy = .asDeclared) {
        self.bytes = bytes
        self.keys = keys
    }

    /// The offset of the value at a path; nil where the text has no such value.
    mutating func offset(of path: [any CodingKey]) -> Int? {
        i = 0
        skipSeparators()
        for (level, key) in path.enumerated() {
            guard i < bytes.count else { return nil }
            switch bytes[i] {
            case UInt8(ascii: "["):
                guard let index = key.intValue, index >= 0 else { return nil }
                i += 1
                skipSeparators()
                for _ in 0..<index {
                    guard i < bytes.count, bytes[i] != UInt8(ascii: "]") else { return nil }
                    skipValue()
                }
                guard i < bytes.count, bytes[i] != UInt8(ascii: "]") else { return nil }
            case UInt8(ascii: "{"):
                i += 1
                skipSeparators()
                guard let value = member(key, below: path[..<level]) else { return nil }
                i = value
            default: return nil
            }
        }
        return i < bytes.count ? i : nil
    }

    /// Where a member's value stands: the one of just this name, or else the only one that a strategy may have renamed so.
    private mutating func member(_ key: any CodingKey, below path: ArraySlice<any CodingKey>) -> Int? {
        var renamed: [Int] = []
        while i < bytes.count, bytes[i] == UInt8(ascii: "\"") {
            let name = self.key()
            if JSONKey(name) == JSONKey(key.stringValue) { return i }
            if mayBecome(key, name, below: path) { renamed.append(i) }
            skipValue()
        }
        return renamed.count == 1 ? renamed[0] : nil
    }

    private func mayBecome(_ key: any CodingKey, _ name: String, below path: ArraySlice<any CodingKey>) -> Bool {
        switch keys {
        case .asDeclared: return false
        // Near enough to find the place: only the case of letters and underscores change.
        case .snakeCase: return Self.letters(name) == Self.letters(key.stringValue)
        case .custom(_, let decode): return decode(path + [JSONPathKey(name)]).stringValue == key.stringValue
        }
    }

    private static func letters(_ name: String) -> String { name.lowercased().filter { $0 != "_" } }

    /// The places of an array's elements, without what separates them; nil where the text is no array.
    mutating func elements() -> [Range<Int>]? {
        i = 0
        skipSeparators()
        guard i < bytes.count, bytes[i] == UInt8(ascii: "[") else { return nil }
        i += 1
        skipSeparators()
        var elements: [Range<Int>] = []
        while i < bytes.count, bytes[i] != UInt8(ascii: "]") {
            let start = i
            skipValue()
            var end = i
            while end > start, Self.isSeparator(bytes[end - 1]) { end -= 1 }
            elements.append(start..<end)
        }
        return elements
    }

    /// The places of all numbers, in order.
    mutating func numbers() -> [Range<Int>] {
        i = 0
        var numbers: [Range<Int>] = []
        while i < bytes.count {
            switch bytes[i] {
            case UInt8(ascii: "\""): skipString()
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let start = i
                while i < bytes.count, !Self.ends(bytes[i]) { i += 1 }
                numbers.append(start..<i)
            default: i += 1
            }
        }
        return numbers
    }

    /// The path to the value that stands at an offset.
    mutating func path(to offset: Int) -> [any CodingKey] {
        i = 0
        skipSeparators()
        var path: [any CodingKey] = []
        while i < offset {
            let isArray = bytes[i] == UInt8(ascii: "[")
            guard isArray || bytes[i] == UInt8(ascii: "{") else { break }
            i += 1
            skipSeparators()
            var index = 0
            while true {
                var key = JSONPathKey(index)
                if !isArray { key = JSONPathKey(self.key()) }
                let value = i
                skipValue()
                index += 1
                if i < bytes.count, i <= offset { continue }
                path.append(key)
                i = value
                break
            }
        }
        return path
    }

    /// A member's key; what comes next is its value.
    private mutating func key() -> String {
        let start = i + 1
        skipString()
        let content = UnsafeBufferPointer(rebasing: bytes[start..<i - 1])
        skipSeparators()
        return JSONEscape.string(content, isEscaped: content.contains(UInt8(ascii: "\\")))
    }

    /// Skips a value, and what separates it from the next.
    private mutating func skipValue() {
        var depth = 0
        repeat {
            guard i < bytes.count else { return }
            switch bytes[i] {
            case UInt8(ascii: "\""): skipString()
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                i += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                i += 1
            default:
                while i < bytes.count, !Self.ends(bytes[i]) { i += 1 }
            }
            skipSeparators()
        } while depth > 0
    }

    private mutating func skipString() {
        i += 1
        while i < bytes.count, bytes[i] != UInt8(ascii: "\"") { i += bytes[i] == UInt8(ascii: "\\") ? 2 : 1 }
        i += 1
    }

    private mutating func skipSeparators() {
        while i < bytes.count, Self.isSeparator(bytes[i]) { i += 1 }
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte <= UInt8(ascii: " ") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":")
    }

    /// Whether a byte ends a number or a literal.
    private static func ends(_ byte: UInt8) -> Bool {
        byte <= UInt8(ascii: " ") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
    }
}
