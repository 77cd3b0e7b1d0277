/// A typed key: the name of a managed file, and the type of the value that it holds.
///
/// ```swift
/// let metadata = ManagedFile<Metadata>("metadata.json")
/// try store.update("2024-notes") { draft in
///     try draft.set(Metadata(title: "Notes"), for: metadata)
/// }
/// ```
public struct ManagedFile<Value>: Sendable, Hashable {
    /// The file's name in its document.
    public let filename: String

    /// Creates a key.
    ///
    /// - Parameter filename: The file's name in its document; a registered codec must claim it by the time that the key
    ///   is used.
    public init(_ filename: String) {
        self.filename = filename
    }
}
