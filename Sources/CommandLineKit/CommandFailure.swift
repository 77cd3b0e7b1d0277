/// A failure of a command that is no ``UsageError`` and comes from the command itself.
public struct CommandFailure: Error, Sendable, CustomStringConvertible {
    /// What is wrong and what to do, as one line.
    public let description: String

    /// Creates a failure.
    ///
    /// - Parameter description: What is wrong and what to do, as one line.
    public init(_ description: String) {
        self.description = description
    }
}
