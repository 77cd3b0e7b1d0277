import FoundationEssentials

/// What all encoders of one call share.
final class EncodingState {
    let options: YAMLEncodingOptions
    let userInfo: [CodingUserInfoKey: Any]
    let layout: StringLayout
    let usesDefaultKeys: Bool
    @exclusivity(unchecked) var stack = StackGuard()
    /// The encoders of nested containers, which write to buffers of their own; their places are marked.
    @exclusivity(unchecked) var chunks: [ValueEncoder] = []
    /// A misuse in a call that can't throw; it is thrown in the end.
    @exclusivity(unchecked) var misuse: EncodingError?
    /// How many chunks are finished; those of earlier documents are.
    @exclusivity(unchecked) private var finished = 0
    @exclusivity(unchecked) private var idleEncoders: [ValueEncoder] = []
    @exclusivity(unchecked) private var idleKeys: [WrittenKeys] = []

    /// A byte that no UTF-8 text holds, before the four bytes of a chunk's number.
    static let chunkMark: UInt8 = 0xFF

    init(_ options: YAMLEncodingOptions) {
        self.options = options
        userInfo = options.userInfo
        layout = StringLayout(
            indent: min(max(options.indent, 1), 9), width: options.width.map { max($0, 1) },
            isFlowSafe: options.flowSequenceWidth != nil)
        if case .useDefaultKeys = options.keyEncodingStrategy {
            usesDefaultKeys = true
        } else {
            usesDefaultKeys = false
        }
    }

    /// Encodes one document.
    func encodeRoot<Value: Encodable>(_ value: Value, to buffer: TextBuffer) throws {
        let root = ValueEncoder(self)
        root.place(in: buffer, parent: nil, key: nil, index: -1, placement: .root, outerColumn: -1, column: 0, depth: 0)
        try root.encodeBoxed(value)
        guard root.shape != .none else {
            throw EncodingError.invalidValue(
                Value.self,
                EncodingError.Context(codingPath: [], debugDescription: "\(Value.self) did not encode any value"))
        }
        try root.finish()
        while finished < chunks.count {
            try chunks[finished].finish()
            finished += 1
        }
        if let misuse { throw misuse }
    }

    /// Puts the nested containers' texts where their marks are.
    func flatten(_ buffer: TextBuffer, into output: TextBuffer) {
        var pending: [(text: TextBuffer, offset: Int)] = [(buffer, 0)]
        while let (text, offset) = pending.popLast() {
            let rest = text.suffix(from: offset)
            guard let mark = rest.firstIndex(of: Self.chunkMark) else {
                output.append(rest)
                continue
            }
            output.append(UnsafeBufferPointer(rebasing: rest[..<mark]))
            var number = 0
            for index in 1...4 { number = number << 8 | Int(rest[mark + index]) }
            pending.append((text, offset + mark + 5))
            pending.append((chunks[number].buffer, 0))
        }
    }

    // MARK: Reuse

    func makeEncoder() -> ValueEncoder { idleEncoders.popLast() ?? ValueEncoder(self) }

    /// Takes an encoder back, unless a value has kept it.
    func recycle(_ encoder: consuming ValueEncoder) {
        var encoder = encoder
        guard isKnownUniquelyReferenced(&encoder) else { return }
        encoder.reset()
        idleEncoders.append(encoder)
    }

    func makeKeys() -> WrittenKeys { idleKeys.popLast() ?? WrittenKeys() }

    func recycle(_ keys: WrittenKeys) {
        keys.table.removeAll()
        idleKeys.append(keys)
    }

    /// The encoders refer to this object, and it to them.
    func release() {
        idleEncoders.removeAll()
        chunks.removeAll()
    }
}

/// The keys that a mapping has so far, as places in the text.
final class WrittenKeys {
    @exclusivity(unchecked) var table = KeyTable()
}
