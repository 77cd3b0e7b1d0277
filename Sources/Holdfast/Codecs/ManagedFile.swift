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

    /// Whether two keys are of one filename, byte for byte: `é` written as one scalar and as two are different names.
    ///
    /// - Parameters:
    ///   - a: A key.
    ///   - b: Another key.
    /// - Returns: Whether they are equal.
    public static func == (a: Self, b: Self) -> Bool { a.filename.utf8.elementsEqual(b.filename.utf8) }

    /// Hashes the filename's bytes.
    ///
    /// - Parameter hasher: Takes them.
    public func hash(into hasher: inout Hasher) { hasher.combine(EntryName(filename)) }
}
