import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An encoder of one value, which writes it straight to the text.
///
/// No tree is built. Values encode their parts in order, so each part is appended as it comes. Only containers of
/// `nestedContainer` and `superEncoder`, which may be written to in any order, have buffers of their own.
final class ValueEncoder: Encoder {
    /// What stands before the value on its line.
    enum Placement {
        case root, afterKey, afterDash
    }

    /// What the value has turned out to be.
    enum Shape {
        case none, scalar, sequence, mapping
    }

    let state: EncodingState
    @exclusivity(unchecked) private(set) var buffer: TextBuffer
    @exclusivity(unchecked) private(set) var shape = Shape.none
    @exclusivity(unchecked) private(set) var count = 0
    @exclusivity(unchecked) private var parent: ValueEncoder?
    /// As the value's owner calls it, before any key strategy.
    @exclusivity(unchecked) private var key: String?
    /// The type of the keys that the value was last encoded by; a path makes them again from their names.
    @exclusivity(unchecked) private var keyType: (any CodingKey.Type)?
    @exclusivity(unchecked) private var index = -1
    @exclusivity(unchecked) private var placement = Placement.root
    /// Where the entries of the collection stand that the value is in; -1 at the root.
    @exclusivity(unchecked) private var outerColumn = -1
    /// Where the value's own entries stand.
    @exclusivity(unchecked) private var column = 0
    @exclusivity(unchecked) private var depth = 0
    /// Where the value's text starts in the buffer.
    @exclusivity(unchecked) private var start = 0
    @exclusivity(unchecked) private var isBusy = false
    @exclusivity(unchecked) private var isClosed = false
    @exclusivity(unchecked) private var keys: WrittenKeys?
    /// Where each entry starts, after its indentation; for sorting and for flow sequences.
    @exclusivity(unchecked) private var starts: [Int] = []
    @exclusivity(unchecked) private var names: [String] = []
    @exclusivity(unchecked) private var mayFlow = true
    /// Whether the value's entries are put in the order of their keys.
    @exclusivity(unchecked) private var isSorting: Bool

    init(_ state: EncodingState) {
        self.state = state
        buffer = TextBuffer(capacity: 1)
        isSorting = state.options.sortedKeys
    }

    func place(
        in buffer: TextBuffer, parent: ValueEncoder?, key: String?, index: Int, placement: Placement, outerColumn: Int,
        column: Int, depth: Int
    ) {
        self.buffer = buffer
        self.parent = parent
        self.key = key
        self.index = index
        self.placement = placement
        self.outerColumn = outerColumn
        self.column = column
        self.depth = depth
        start = buffer.count
    }

    func reset() {
        parent = nil
        key = nil
        keyType = nil
        shape = .none
        count = 0
        isBusy = false
        isClosed = false
        mayFlow = true
        isSorting = state.options.sortedKeys
        if !starts.isEmpty { starts.removeAll(keepingCapacity: true) }
        if !names.isEmpty { names.removeAll(keepingCapacity: true) }
    }

    var userInfo: [CodingUserInfoKey: Any] { state.userInfo }

    var codingPath: [any CodingKey] {
        var path: [any CodingKey] = []
        var step: ValueEncoder? = self
        while let encoder = step, let parent = encoder.parent {
            path.append(encoder.key.map { PathKey.key($0, of: parent.keyType) } ?? PathKey(index: encoder.index))
            step = parent
        }
        return path.reversed()
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        become(.mapping)
        keyType = type
        return KeyedEncodingContainer(KeyedValueContainer<Key>(self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        become(.sequence)
        return UnkeyedValueContainer(self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    private func become(_ wanted: Shape) {
        if shape == .none {
            shape = wanted
        } else if shape != wanted {
            misuse("asks for containers of different kinds")
        }
    }

    // MARK: Errors

    func invalid(_ value: Any, _ reason: String, key: String? = nil) -> EncodingError {
        let path = codingPath + (key.map { [PathKey($0)] } ?? [])
        return .invalidValue(value, EncodingError.Context(codingPath: path, debugDescription: reason))
    }

    /// Remembers a misuse where nothing can be thrown.
    private func misuse(_ what: String) {
        if state.misuse == nil { state.misuse = invalid((), "the value \(what) at the same place") }
    }

    private func checkWritable() throws(EncodingError) {
        guard !isBusy, !isClosed else {
            throw invalid((), "this container is used while a value in it is being encoded, or after its own end")
        }
    }

    // MARK: Entries

    /// Writes a key, or the dash of an element, and returns what to go back to where the value can't be encoded.
    func beginEntry(_ name: String?) throws(EncodingError) -> Int {
        try checkWritable()
        let restart = buffer.count
        let isFirst = count == 0
        if isFirst, placement == .afterKey { buffer.append(0x0A) }
        if !isFirst || placement == .afterKey { buffer.appendSpaces(column) }
        if let name {
            if isSorting {
                starts.append(buffer.count)
                names.append(name)
            }
            try writeKey(name, restart: restart)
        } else {
            buffer.append(UInt8(ascii: "-"))
            buffer.appendSpaces(max(state.layout.indent, 2) - 1)
            if state.layout.isFlowSafe, mayFlow { starts.append(buffer.count) }
        }
        count += 1
        return restart
    }

    private func writeKey(_ name: String, restart: Int) throws(EncodingError) {
        let keyStart = buffer.count
        var copy = name
        copy.withUTF8 { buffer.appendKey($0, isFlowSafe: state.layout.isFlowSafe) }
        let written = buffer.suffix(from: keyStart)
        let isNew = isNewKey(written, at: keyStart)
        guard isNew else {
            buffer.truncate(to: restart)
            if isSorting {
                starts.removeLast()
                names.removeLast()
            }
            throw invalid(name, "the key is encoded twice", key: name)
        }
        if written.count > 1000 {
            // A key without a question mark before it may have at most 1024 characters (section 7.4.2).
            let text = Array(written)
            buffer.truncate(to: keyStart)
            buffer.append(literal: "? ")
            text.withUnsafeBufferPointer { buffer.append($0) }
            buffer.append(0x0A)
            buffer.appendSpaces(column)
        }
        buffer.append(UInt8(ascii: ":"))
    }

    private func isNewKey(_ written: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        let keys = keys ?? state.makeKeys()
        self.keys = keys
        let hash = KeyTable.hash(written)
        // A long key stands two bytes further on, after its question mark; the hash alone must do there.
        let base = buffer.base
        let end = buffer.count
        let token = UInt32(truncatingIfNeeded: start)
        return keys.table.insert(hash: hash, token: token) { other in
            guard written.count <= 1000, let address = written.baseAddress, Int(other) + written.count <= end else {
                return true
            }
            return memcmp(base + Int(other), address, written.count) == 0
        } == nil
    }

    /// Takes an entry away whose value could not be encoded: the value's owner may catch the error and go on.
    private func undoEntry(_ restart: Int, isKeyed: Bool) {
        buffer.truncate(to: restart)
        count -= 1
        if isKeyed {
            keys?.table.removeLast()
            if isSorting {
                starts.removeLast()
                names.removeLast()
            }
        } else if state.layout.isFlowSafe, mayFlow {
            starts.removeLast()
        }
    }

    /// Writes an entry whose value is a scalar.
    @inline(__always)
    func encodeEntry(_ name: String?, _ write: () throws -> Void) throws {
        let restart = try beginEntry(name)
        if name != nil { buffer.append(0x20) }
        do {
            try write()
        } catch {
            undoEntry(restart, isKeyed: name != nil)
            throw error
        }
        buffer.append(0x0A)
    }

    func encodeString(_ text: String, name: String?) throws {
        try encodeEntry(name) { appendString(text, outerColumn: column) }
    }

    /// Writes an entry of any type; `name` is what stands in the text for `key`.
    func encodeEntry<Value: Encodable>(_ value: Value, name: String?, key: String?) throws {
        // The bit casts are between equal types, as the comparison before each says.
        if Value.self == String.self { return try encodeString(unsafeBitCast(value, to: String.self), name: name) }
        if Value.self == Int.self {
            return try encodeEntry(name) { buffer.append(decimal: Int64(unsafeBitCast(value, to: Int.self))) }
        }
        if Value.self == Double.self {
            return try encodeEntry(name) { try appendFloat(unsafeBitCast(value, to: Double.self)) }
        }
        let restart = try beginEntry(name)
        let child = makeChild(in: buffer, key: key)
        isBusy = true
        defer { isBusy = false }
        do {
            try child.encodeBoxed(value)
            try child.finish()
        } catch {
            undoEntry(restart, isKeyed: name != nil)
            throw error
        }
        if child.shape != .scalar { mayFlow = false }
        state.recycle(child)
    }

    private func makeChild(in buffer: TextBuffer, key: String?) -> ValueEncoder {
        let child = state.makeEncoder()
        let indent = key == nil ? max(state.layout.indent, 2) : state.layout.indent
        child.place(
            in: buffer, parent: self, key: key, index: count - 1, placement: key == nil ? .afterDash : .afterKey,
            outerColumn: column, column: column + indent, depth: depth + 1)
        return child
    }

    /// Begins an entry whose value is written by others, in any order.
    ///
    /// A container that is asked for again is the one that is open: a class and its superclass may share it.
    func openChunk(name: String?, key: String?, as shape: Shape) -> ValueEncoder {
        mayFlow = false
        do {
            _ = try beginEntry(name)
            buffer.append(EncodingState.chunkMark)
            for place in stride(from: 24, through: 0, by: -8) {
                buffer.append(UInt8(truncatingIfNeeded: state.chunks.count >> place))
            }
        } catch {
            // Mostly it is one of the last; to remember them all by key would cost more.
            let open = state.chunks.last { $0.parent === self && $0.key == key && $0.shape == shape }
            if let open, key != nil, shape != .none { return open }
            if state.misuse == nil { state.misuse = error }
        }
        let child = makeChild(in: TextBuffer(capacity: 64), key: key)
        if child.depth > state.options.limits.depth, state.misuse == nil { state.misuse = child.tooDeep(()) }
        state.chunks.append(child)
        return child
    }

    // MARK: Values

    /// The error names the value's type in its place: to print the value itself would take the stack that there is not.
    private func tooDeep(_ value: Any) -> EncodingError {
        invalid(type(of: value), "nested deeper than the \(state.options.limits.depth) levels that are allowed")
    }

    /// Encodes a value with this encoder, after a look at the types that have forms of their own here.
    func encodeBoxed<Value: Encodable>(_ value: Value) throws {
        guard depth <= state.options.limits.depth else { throw tooDeep(value) }
        guard state.stack.hasRoom() else { throw invalid(Value.self, "nested deeper than this thread's stack allows") }
        if Value.self == Date.self { return try encodeDate(unsafeBitCast(value, to: Date.self)) }
        if let data = value as? Data { return try encodeData(data) }
        if let url = value as? URL { return try encode(url.absoluteString) }
        if let decimal = value as? Decimal { return try encodeDecimal(decimal) }
        if state.options.sortsDictionaries, count == 0, value is any HashedByKeys { isSorting = true }
        if !state.usesDefaultKeys, let dictionary = value as? any StringKeyedEncodable {
            return try dictionary.encodeEntries(to: self)
        }
        try value.encode(to: self)
    }

    private func encodeDate(_ date: Date) throws {
        switch state.options.dateEncodingStrategy {
        case .deferredToDate: try date.encode(to: self)
        case .secondsSince1970: try encode(date.timeIntervalSince1970)
        case .millisecondsSince1970: try encode(date.timeIntervalSince1970 * 1000)
        case .custom(let write): try write(date, self)
        case .timestamp, .iso8601:
            var seconds = date.timeIntervalSinceReferenceDate
            if case .iso8601 = state.options.dateEncodingStrategy { seconds = seconds.rounded(.down) }
            guard let text = Timestamp.text(secondsSince2001: seconds) else { return try encode(seconds) }
            try encodeScalar { buffer.append(text) }
        }
    }

    private func encodeData(_ data: Data) throws {
        switch state.options.dataEncodingStrategy {
        case .deferredToData: try data.encode(to: self)
        case .custom(let write): try write(data, self)
        case .base64: try encode(data.base64EncodedString())
        case .binary:
            try encodeScalar {
                buffer.append(literal: "!!binary \"")
                buffer.append(data.base64EncodedString())
                buffer.append(UInt8(ascii: "\""))
            }
        }
    }

    private func encodeDecimal(_ decimal: Decimal) throws {
        try encodeScalar {
            if decimal.isNaN { buffer.append(literal: ".nan") } else { buffer.append(decimal.description) }
        }
    }

    func appendString(_ text: String, outerColumn: Int) {
        var copy = text
        copy.withUTF8 { buffer.appendString($0, column: outerColumn, state.layout) }
    }

    func appendFloat<Number: BinaryFloatingPoint & CustomStringConvertible>(_ number: Number) throws {
        if number.isFinite { return buffer.appendFloat(number) }
        switch state.options.nonConformingFloatEncodingStrategy {
        case .yaml: buffer.appendFloat(number)
        case .throw: throw invalid(number, "\(number) is not finite")
        case .convertToString(let positive, let negative, let nan):
            var text = number.isNaN ? nan : number < 0 ? negative : positive
            text.withUTF8 { buffer.appendKey($0, isFlowSafe: true) }
        }
    }

    /// Writes this encoder's value as a scalar.
    private func encodeScalar(_ write: () throws -> Void) throws {
        try checkWritable()
        guard shape == .none else { throw invalid((), "the value is encoded twice at the same place") }
        let restart = buffer.count
        if placement == .afterKey { buffer.append(0x20) }
        do {
            try write()
        } catch {
            // The value may catch the error and encode something else.
            buffer.truncate(to: restart)
            throw error
        }
        buffer.append(0x0A)
        shape = .scalar
    }

    // MARK: The end

    /// Completes the value's text; nothing can be added after it.
    func finish() throws {
        guard !isClosed else { return }
        isClosed = true
        // A scalar is no level; an empty collection is one.
        guard shape == .scalar || depth < state.options.limits.depth else { throw tooDeep(()) }
        if let keys {
            state.recycle(keys)
            self.keys = nil
        }
        if count == 0, shape != .scalar {
            if placement == .afterKey { buffer.append(0x20) }
            buffer.append(literal: shape == .sequence ? "[]\n" : "{}\n")
        } else if shape == .mapping, isSorting {
            sortEntries()
        } else if shape == .sequence, mayFlow, let width = state.options.flowSequenceWidth {
            flowElements(width)
        }
    }

    private func sortEntries() {
        let order = names.indices.sorted { left, right in
            names[left].utf8.lexicographicallyPrecedes(names[right].utf8)
        }
        guard order != Array(names.indices), let first = starts.first else { return }
        let text = Array(buffer.suffix(from: first))
        buffer.truncate(to: first)
        for (place, entry) in order.enumerated() {
            if place > 0 { buffer.appendSpaces(column) }
            // The next entry's indentation stands before its start.
            let end = entry + 1 < starts.count ? starts[entry + 1] - column - first : text.count
            text.withUnsafeBufferPointer {
                buffer.append(UnsafeBufferPointer(rebasing: $0[starts[entry] - first..<end]))
            }
        }
    }

    /// Writes a sequence of scalars on one line, where it fits.
    private func flowElements(_ width: Int) {
        guard starts.count == count, let first = starts.first else { return }
        let step = column + max(state.layout.indent, 2)
        let length = buffer.count - first - (count - 1) * step + count
        guard outerColumn + 1 + length <= width else { return }
        let text = Array(buffer.suffix(from: first))
        var elements: [ArraySlice<UInt8>] = []
        for element in starts.indices {
            let end = element + 1 < starts.count ? starts[element + 1] - step - first : text.count
            let line = text[starts[element] - first..<end - 1]
            guard !line.contains(0x0A) else { return }
            elements.append(line)
        }
        buffer.truncate(to: start)
        if placement == .afterKey { buffer.append(0x20) }
        buffer.append(UInt8(ascii: "["))
        for (number, element) in elements.enumerated() {
            if number > 0 { buffer.append(literal: ", ") }
            element.withUnsafeBufferPointer { buffer.append($0) }
        }
        buffer.append(literal: "]\n")
    }
}

extension ValueEncoder: SingleValueEncodingContainer {
    func encodeNil() throws { try encodeScalar { buffer.append(literal: "null") } }
    func encode(_ value: Bool) throws { try encodeScalar { buffer.append(literal: value ? "true" : "false") } }
    func encode(_ value: String) throws { try encodeScalar { appendString(value, outerColumn: outerColumn) } }
    func encode(_ value: Double) throws { try encodeScalar { try appendFloat(value) } }
    func encode(_ value: Float) throws { try encodeScalar { try appendFloat(value) } }
    func encode(_ value: Int) throws { try encodeScalar { buffer.append(decimal: Int64(value)) } }
    func encode(_ value: Int8) throws { try encodeScalar { buffer.append(decimal: Int64(value)) } }
    func encode(_ value: Int16) throws { try encodeScalar { buffer.append(decimal: Int64(value)) } }
    func encode(_ value: Int32) throws { try encodeScalar { buffer.append(decimal: Int64(value)) } }
    func encode(_ value: Int64) throws { try encodeScalar { buffer.append(decimal: value) } }
    func encode(_ value: Int128) throws { try encodeScalar { buffer.append(String(value)) } }
    func encode(_ value: UInt) throws { try encodeScalar { buffer.append(decimal: UInt64(value)) } }
    func encode(_ value: UInt8) throws { try encodeScalar { buffer.append(decimal: UInt64(value)) } }
    func encode(_ value: UInt16) throws { try encodeScalar { buffer.append(decimal: UInt64(value)) } }
    func encode(_ value: UInt32) throws { try encodeScalar { buffer.append(decimal: UInt64(value)) } }
    func encode(_ value: UInt64) throws { try encodeScalar { buffer.append(decimal: value) } }
    func encode(_ value: UInt128) throws { try encodeScalar { buffer.append(String(value)) } }

    func encode<Value: Encodable>(_ value: Value) throws {
        guard shape == .none else { throw invalid(Value.self, "the value is encoded twice at the same place") }
        try encodeBoxed(value)
    }
}

/// Dictionaries whose keys are strings, and therefore data, which no key strategy may change.
protocol StringKeyedEncodable {
    func encodeEntries(to encoder: ValueEncoder) throws
}

extension Dictionary: StringKeyedEncodable where Key == String, Value: Encodable {
    func encodeEntries(to encoder: ValueEncoder) throws {
        _ = encoder.container(keyedBy: PathKey.self)
        for (key, value) in self { try encoder.encodeEntry(value, name: key, key: key) }
    }
}

/// A dictionary, which has no order of its own.
protocol HashedByKeys {}

extension Dictionary: HashedByKeys {}
