public import FoundationEssentials

/// What the kernel tells a codec about the file at hand.
///
/// A struct, so that it can grow without breaking any codec.
public struct CodecContext {
    /// The file's name in its document, such as `metadata.json`.
    public let filename: String

    /// What the host passes to `Encoder.userInfo` and `Decoder.userInfo`.
    public let userInfo: [CodingUserInfoKey: any Sendable]

    private let readCurrentBytes: () throws -> Data?

    /// Creates a context.
    ///
    /// - Parameters:
    ///   - filename: The file's name in its document.
    ///   - userInfo: What the host passes to `Encoder.userInfo` and `Decoder.userInfo`.
    ///   - currentBytes: Reads the bytes that the file holds now; nil where there is no such file. Called at most when
    ///     a codec asks.
    public init(
        filename: String,
        userInfo: [CodingUserInfoKey: any Sendable] = [:],
        currentBytes: @escaping () throws -> Data? = { nil }
    ) {
        self.filename = filename
        self.userInfo = userInfo
        self.readCurrentBytes = currentBytes
    }

    /// Reads the bytes that the file holds now, so that a codec can keep a person's comments and order.
    ///
    /// They are read from disk at the first call only, so a codec that doesn't ask costs nothing.
    ///
    /// - Returns: The bytes; nil where the file doesn't exist yet, and while a codec decodes or validates, which has them.
    /// - Throws: A ``HoldfastError`` where the file can't be read.
    public func currentBytes() throws -> Data? {
        try readCurrentBytes()
    }
}
