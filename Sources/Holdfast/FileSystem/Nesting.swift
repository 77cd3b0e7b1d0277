import CHoldfast

/// How deep folders may nest where one is worked on within the other: each level takes stack and descriptors.
enum Nesting {
    static let most = 256

    /// What must be left on the stack for sixteen levels, in a build without optimization too.
    private static let reserve = 256 << 10

    /// Whether the folder at a path in a document may be worked on within those above it.
    static func allows(_ path: String) -> Bool { allows(path.utf8.count { $0 == UInt8(ascii: "/") }) }

    /// Whether there may be one more level below so many.
    static func allows(_ depth: Int) -> Bool {
        // The stack's end takes a look at the process's memory map.
        depth < most && (depth == 0 || depth % 16 != 0 || holdfast_has_stack(reserve) == 1)
    }
}
