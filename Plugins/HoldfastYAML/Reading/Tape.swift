#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A parsed YAML text: its nodes in one flat array, scalars as places in the text.
///
/// No node is an object, and a scalar's bytes are copied only where they do not stand in the text as they are. Not
/// `Sendable`: a look-up leaves a hint in a mapping's node.
final class Tape {
    let source: SourceText
    let schema: YAMLSchema
    let mergeKeys: Bool
    let nodes: UnsafeMutablePointer<TapeNode>
    let count: Int
    /// The index of each document's root.
    let roots: [Int]
    /// Where each node ends in the text, in bytes; only where the tape was built for rewriting.
    let ends: [UInt32]
    private var text: UnsafePointer<UInt8>
    /// The content that does not stand in the text as it is.
    let side: (base: UnsafeMutablePointer<UInt8>, count: Int)

    /// Takes the storage over.
    init(
        source: SourceText, schema: YAMLSchema, mergeKeys: Bool,
        nodes: (base: UnsafeMutablePointer<TapeNode>, count: Int),
        side: (base: UnsafeMutablePointer<UInt8>, count: Int), roots: [Int], ends: [UInt32]
    ) {
        self.source = source
        self.schema = schema
        self.mergeKeys = mergeKeys
        self.nodes = nodes.base
        count = nodes.count
        self.roots = roots
        self.ends = ends
        self.side = side
        // An empty text has no base address; nothing in the tape points into it then.
        text = source.bytes.baseAddress.map { $0.assumingMemoryBound(to: UInt8.self) } ?? UnsafePointer(side.base)
    }

    deinit {
        free(nodes)
        free(side.base)
    }

    /// Makes the text the tape's own, before the bytes that it was made from go away.
    func keepText() {
        source.keep()
        if let base = source.bytes.baseAddress { text = base.assumingMemoryBound(to: UInt8.self) }
    }

    /// Follows an alias.
    @inline(__always)
    func resolve(_ index: Int) -> Int {
        let node = nodes[index]
        return node.kind == .alias ? Int(node.payload) : index
    }

    /// The index after a node and all of its descendants.
    @inline(__always)
    func next(after index: Int) -> Int {
        let node = nodes[index]
        return node.kind == .scalar ? index + 1 : Int(node.extent)
    }

    /// Whether a scalar's content stands somewhere in one piece.
    @inline(__always)
    func isContiguous(_ node: TapeNode) -> Bool { !node.has(TapeNode.indentedInText) }

    /// The content of a scalar for which ``isContiguous(_:)`` holds.
    @inline(__always)
    func contiguousContent(_ node: TapeNode) -> UnsafeBufferPointer<UInt8> {
        let base = node.has(TapeNode.inSideBuffer) ? UnsafePointer(side.base) : text
        return UnsafeBufferPointer(start: base + Int(node.payload), count: Int(node.extent))
    }

    /// Lends the content of a scalar.
    func withContent<Result>(_ node: TapeNode, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result
    {
        if isContiguous(node) { return try body(contiguousContent(node)) }
        return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(node.extent)) { buffer in
            copyIndented(node, to: buffer)
            return try body(UnsafeBufferPointer(buffer))
        }
    }

    /// Makes the string that a scalar's content is.
    func string(_ node: TapeNode) -> String {
        if isContiguous(node) { return String(decoding: contiguousContent(node), as: UTF8.self) }
        return String(unsafeUninitializedCapacity: Int(node.extent)) { buffer in
            copyIndented(node, to: buffer)
            return Int(node.extent)
        }
    }

    /// Copies a literal block's content without the indentation; the builder has checked that it is just this.
    private func copyIndented(_ node: TapeNode, to buffer: UnsafeMutableBufferPointer<UInt8>) {
        guard var target = buffer.baseAddress else { return }
        var from = text + Int(node.payload)
        var left = Int(node.extent)
        let indent = node.number
        while left > 0 {
            if from.pointee == 0x0A {
                target.pointee = 0x0A
                target += 1
                from += 1
                left -= 1
                continue
            }
            var spaces = 0
            while spaces < indent, from.pointee == 0x20 {
                spaces += 1
                from += 1
            }
            // The content's last line may end without a break; `left` bounds the search by what the content holds.
            let line: Int
            if let end = memchr(from, 0x0A, left) {
                line = UnsafeRawPointer(end) - UnsafeRawPointer(from) + 1
            } else {
                line = left
            }
            target.update(from: from, count: line)
            target += line
            from += line
            left -= line
        }
    }

    /// Compares a scalar's content with bytes.
    @inline(__always)
    func content(_ node: TapeNode, equals bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard Int(node.extent) == bytes.count else { return false }
        guard let other = bytes.baseAddress else { return true }
        if isContiguous(node) {
            let base = node.has(TapeNode.inSideBuffer) ? UnsafePointer(side.base) : text
            return memcmp(base + Int(node.payload), other, bytes.count) == 0
        }
        return withContent(node) { content in
            content.baseAddress.map { memcmp($0, other, bytes.count) == 0 } ?? true
        }
    }

    /// The line and column where a node starts, both from 1.
    func position(_ index: Int) -> (line: Int, column: Int) {
        source.position(of: Int(nodes[index].start))
    }

    /// What a scalar is, by its tag, its style and the schema.
    func resolution(_ node: TapeNode) -> ScalarKind {
        switch node.tag {
        case .none: break
        case .string, .binary: return .string
        case .integer: return .integer
        case .float: return .float
        case .boolean: return ScalarKind(plain: contiguousContent(node), schema: schema)
        case .null: return .null
        }
        guard node.style == .plain else { return .string }
        return ScalarKind(plain: contiguousContent(node), schema: schema)
    }

    /// A node as an error message calls it.
    func describe(_ index: Int) -> String {
        let node = nodes[index]
        switch node.kind {
        case .sequence: return "a sequence"
        case .mapping: return "a mapping"
        case .alias: return "an alias"
        case .scalar:
            let text = excerpt(node)
            switch resolution(node) {
            case .null: return "null"
            case .true, .false: return "the boolean \(text)"
            case .integer: return "the integer \(text)"
            case .float: return "the float \(text)"
            case .string: return "the string \"\(text)\""
            }
        }
    }

    /// The beginning of a scalar's content, on one line.
    func excerpt(_ node: TapeNode) -> String {
        let text = withContent(node) { String(decoding: $0.prefix(160), as: UTF8.self) }
        let short = text.prefix(40)
        var line = ""
        for scalar in short.unicodeScalars {
            line += scalar.value < 0x20 || scalar.value == 0x7F ? " " : String(scalar)
        }
        return short.utf8.count < Int(node.extent) ? line + "…" : line
    }
}
