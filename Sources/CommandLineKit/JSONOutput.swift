import FoundationEssentials

/// Results as JSON, for programs that read them.
public enum JSONOutput {
    /// Writes a value to standard output, over several lines and with sorted keys.
    ///
    /// - Parameter value: The value.
    /// - Throws: ``CommandFailure``, or an `EncodingError`.
    public static func write(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try StandardOutput.writeLine(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
