/// What a YAML text may demand at most, so that hostile input gives an error instead of a hang or a crash.
public struct YAMLLimits: Sendable, Hashable {
    /// How deep sequences and mappings may nest, aliases included; 512 by default, as in Foundation's JSON.
    ///
    /// It is checked as libyaml's events arrive, since libyaml's own work grows with the square of the flow depth. On a
    /// thread with a small stack nesting is refused earlier, before the stack runs out.
    public var depth: Int

    /// How many bytes a text may have; 1 GiB by default and at most.
    public var bytes: Int

    /// How many bytes one scalar may have; 256 MiB by default.
    public var scalarBytes: Int

    /// How many nodes aliases may add for each byte of the text; 10 by default.
    ///
    /// A text of less than a kilobyte counts as one kilobyte, and 16 bytes of a scalar count as a node.
    public var aliasExpansion: Int

    /// Creates limits.
    ///
    /// - Parameters:
    ///   - depth: How deep sequences and mappings may nest.
    ///   - bytes: How many bytes a text may have.
    ///   - scalarBytes: How many bytes one scalar may have.
    ///   - aliasExpansion: How many nodes aliases may add for each byte of the text.
    public init(depth: Int = 512, bytes: Int = 1 << 30, scalarBytes: Int = 1 << 28, aliasExpansion: Int = 10) {
        self.depth = depth
        self.bytes = bytes
        self.scalarBytes = scalarBytes
        self.aliasExpansion = aliasExpansion
    }
}
