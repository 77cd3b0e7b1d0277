/// A command line that makes no sense.
public struct UsageError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, as one line.
    public let description: String

    /// Creates an error.
    ///
    /// - Parameter description: What is wrong, as one line.
    public init(_ description: String) {
        self.description = description
    }
}
