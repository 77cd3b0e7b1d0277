#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A contiguous buffer that grows by `realloc`.
///
/// Unlike an array it does not hold the old and the new storage at once while it grows: for large blocks the C library
/// moves pages (`mremap`), so peak memory stays at what is in use.
struct GrowableBuffer<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private(set) var capacity: Int

    init(capacity: Int = 16) {
        self.capacity = Swift.max(capacity, 1)
        base = Self.allocate(nil, self.capacity)
    }

    deinit { free(base) }

    private static func allocate(_ old: UnsafeMutablePointer<Element>?, _ count: Int) -> UnsafeMutablePointer<Element> {
        guard let raw = realloc(old, count * MemoryLayout<Element>.stride) else {
            fatalError("out of memory: \(count * MemoryLayout<Element>.stride) bytes")
        }
        return raw.assumingMemoryBound(to: Element.self)
    }

    /// Makes room for `extra` more elements.
    @inline(__always)
    mutating func reserve(_ extra: Int) {
        if count + extra > capacity { grow(to: count + extra) }
    }

    @inline(never)
    private mutating func grow(to minimum: Int) {
        capacity = Swift.max(minimum, capacity * 2)
        base = Self.allocate(base, capacity)
    }

    @inline(__always)
    mutating func append(_ element: Element) {
        reserve(1)
        base[count] = element
        count += 1
    }

    @inline(__always)
    mutating func append(contentsOf elements: UnsafeBufferPointer<Element>) {
        guard let source = elements.baseAddress, !elements.isEmpty else { return }
        reserve(elements.count)
        (base + count).update(from: source, count: elements.count)
        count += elements.count
    }

    /// Sets the count after elements were written beyond it, or to drop elements at the end.
    @inline(__always)
    mutating func setCount(_ new: Int) { count = new }

    @inline(__always)
    mutating func removeLast() -> Element {
        count -= 1
        return base[count]
    }

    @inline(__always)
    subscript(index: Int) -> Element {
        get { base[index] }
        set { base[index] = newValue }
    }

    /// Hands the storage over; the caller frees it by `free`.
    mutating func take() -> (base: UnsafeMutablePointer<Element>, count: Int) {
        let taken = (base, count)
        capacity = 1
        base = Self.allocate(nil, 1)
        count = 0
        return taken
    }
}
