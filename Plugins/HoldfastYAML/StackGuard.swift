import CHoldfast

/// Tells whether a thread's stack has room for one more level of nesting.
///
/// Codable recurses through the values' own code, whose frames can be of any size: on a small thread the depth limit
/// alone would not prevent an overflow.
struct StackGuard {
    /// The addresses that may be used, once they are known.
    private var usable: Range<UInt> = 0..<0

    /// What must be left for one level of the value's own code, and for what that calls.
    private static let reserve: UInt = 96 << 10

    /// Whether another level fits.
    @inline(__always)
    mutating func hasRoom() -> Bool {
        let here = Self.here()
        return usable.contains(here) || isUsableElsewhere(here)
    }

    /// Looks the stack up: at the first call, near the stack's end, and on another thread.
    @inline(never)
    private mutating func isUsableElsewhere(_ here: UInt) -> Bool {
        // Code on a stack of its own making can't be judged.
        guard let stack = Self.stack(), stack.contains(here) else { return true }
        usable = min(stack.lowerBound + Self.reserve, stack.upperBound)..<stack.upperBound
        return usable.contains(here)
    }

    @inline(never)
    private static func here() -> UInt {
        UInt(bitPattern: holdfast_frame_address())
    }

    /// This thread's stack; nil where the system does not say.
    private static func stack() -> Range<UInt>? {
        var base: UnsafeMutableRawPointer?
        var size = 0
        guard holdfast_thread_stack(&base, &size) == 0, let base else { return nil }
        return UInt(bitPattern: base)..<UInt(bitPattern: base) + UInt(size)
    }
}
