public import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Encodes values as YAML that people like to read, and that reads back equal.
///
/// ```swift
/// var encoder = YAMLEncoder()
/// encoder.sortedKeys = true
/// let data = try encoder.encode(config)
/// ```
@dynamicMemberLookup
public struct YAMLEncoder: Sendable {
    /// How it writes.
    public var options: YAMLEncodingOptions

    /// Creates an encoder.
    ///
    /// - Parameter options: How it writes.
    public init(options: YAMLEncodingOptions = YAMLEncodingOptions()) {
        self.options = options
    }

    /// An option.
    ///
    /// - Parameter member: A property of ``YAMLEncodingOptions``.
    public subscript<Option>(dynamicMember member: WritableKeyPath<YAMLEncodingOptions, Option>) -> Option {
        get { options[keyPath: member] }
        set { options[keyPath: member] = newValue }
    }

    /// Encodes a value as a text of one document.
    ///
    /// - Parameter value: The value.
    /// - Returns: UTF-8 that ends with a line feed.
    /// - Throws: An `EncodingError`, or what the value's own `encode(to:)` throws.
    public func encode<Value: Encodable>(_ value: Value) throws -> Data {
        try text { state, buffer in
            if options.explicitStart { buffer.append(literal: "---\n") }
            try state.encodeRoot(value, to: buffer)
        }
    }

    /// Encodes a value as a text of one document.
    ///
    /// - Parameter value: The value.
    /// - Returns: The text, which ends with a line feed.
    /// - Throws: An `EncodingError`, or what the value's own `encode(to:)` throws.
    public func encodeToString<Value: Encodable>(_ value: Value) throws -> String {
        String(decoding: try encode(value), as: UTF8.self)
    }

    /// Encodes values as a text of one document each.
    ///
    /// - Parameter values: The values.
    /// - Returns: UTF-8 that ends with a line feed; empty for no values.
    /// - Throws: An `EncodingError`, or what a value's own `encode(to:)` throws.
    public func encodeDocuments<Value: Encodable>(_ values: [Value]) throws -> Data {
        try text { state, buffer in
            for value in values {
                buffer.append(literal: "---\n")
                try state.encodeRoot(value, to: buffer)
            }
        }
    }

    private func text(_ write: (EncodingState, TextBuffer) throws -> Void) throws -> Data {
        let state = EncodingState(options)
        defer { state.release() }
        var buffer = TextBuffer(capacity: 4096)
        try write(state, buffer)
        if !state.chunks.isEmpty {
            let whole = TextBuffer(capacity: buffer.count + buffer.count / 4)
            state.flatten(buffer, into: whole)
            buffer = whole
        }
        let (base, count) = buffer.take()
        // The text's own storage, without a copy; what was reserved beyond it goes back.
        guard count > 0, let storage = realloc(base, count) else {
            free(base)
            return Data()
        }
        return Data(bytesNoCopy: storage, count: count, deallocator: .free)
    }
}
