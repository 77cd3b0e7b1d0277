/// The codecs of a host, and through them which files of a document are managed.
///
/// A value: a ``DocumentStore`` keeps the registry that it was opened with.
public struct CodecRegistry: Sendable {
    private var codecs: [any ManagedFileCodec] = []
    /// Literal names are the usual case: one hash look-up.
    private var literals: [EntryName: Int] = [:]
    private var patterns: [(pattern: FilenamePattern, codec: Int)] = []
    /// The literal names that are managed, in order; patterns may claim more.
    private(set) var literalNames: [EntryName] = []

    /// Creates an empty registry: every file is unmanaged.
    public init() {}

    /// Creates a registry of the given codecs.
    ///
    /// - Parameter codecs: The codecs, in any order.
    /// - Throws: ``HoldfastError`` as ``register(_:)`` does.
    public init(_ codecs: any ManagedFileCodec...) throws(HoldfastError) {
        try self.init(codecs)
    }

    /// Creates a registry of codecs that are known only when the program runs.
    ///
    /// - Parameter codecs: The codecs, in any order.
    /// - Throws: ``HoldfastError`` as ``register(_:)`` does.
    public init(_ codecs: [any ManagedFileCodec]) throws(HoldfastError) {
        for codec in codecs { try register(codec) }
    }

    /// Adds a codec.
    ///
    /// - Parameter codec: The codec.
    /// - Throws: ``HoldfastError`` with code ``HoldfastError/Code/filenameOverlap`` where a filename could be claimed by
    ///   two codecs (the error names both, and an example), or ``HoldfastError/Code/invalidName`` where a pattern
    ///   can't match any name that may be managed: names that start with `.`, end in `.tmp`, or hold `/` or NUL. The
    ///   registry is unchanged then.
    public mutating func register(_ codec: some ManagedFileCodec) throws(HoldfastError) {
        for pattern in codec.filenames {
            guard pattern.overlap(with: pattern) != nil, pattern.isLiteral ? pattern.bytes.count <= 251 : true else {
                throw .unmanageableFilename(pattern.description, codec: codec.format)
            }
            for other in codecs {
                for taken in other.filenames {
                    guard let example = pattern.overlap(with: taken) else { continue }
                    throw .filenameOverlap(
                        (codec.format, pattern.description), (other.format, taken.description), example: example)
                }
            }
        }
        for pattern in codec.filenames {
            if pattern.isLiteral {
                literals[EntryName(pattern.description)] = codecs.count
            } else {
                patterns.append((pattern, codecs.count))
            }
        }
        codecs.append(codec)
        literalNames = literals.keys.sorted()
    }

    /// Finds the codec that claims a filename.
    ///
    /// - Parameter filename: A name in a document.
    /// - Returns: The codec; nil for an unmanaged name.
    public func codec(for filename: String) -> (any ManagedFileCodec)? {
        codec(for: EntryName(filename))
    }

    package func codec(for name: EntryName) -> (any ManagedFileCodec)? { index(for: name).map { codecs[$0] } }

    private func index(for name: EntryName) -> Int? {
        if let index = literals[name] { return index }
        if patterns.isEmpty { return nil }
        return name.withBytes { bytes in
            guard ManageableNameRule.accepts(bytes) else { return nil }
            return patterns.first { $0.pattern.matches(bytes) }?.codec
        }
    }

    /// Whether names are claimed that only a listing can find.
    var hasPatterns: Bool { !patterns.isEmpty }

    package func manages(_ name: EntryName) -> Bool {
        index(for: name) != nil
    }
}
