#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A set of keys, each a number that its user can find the key's bytes by: open addressing, linear probing.
///
/// Few keys are compared by their hashes one after the other; the table is made when they become many. It is reused:
/// ``removeAll()`` keeps the storage.
struct KeyTable: ~Copyable {
    private var hashes = GrowableBuffer<UInt64>(capacity: 16)
    private var tokens = GrowableBuffer<UInt32>(capacity: 16)
    /// Index plus one of a key, and above it as many bits of its hash as there is room for; zero for an empty slot.
    ///
    /// The bits tell other keys apart where they stand: looking at their hashes would be a cache miss for each, once
    /// these don't fit the cache any more.
    private var slots: UnsafeMutablePointer<UInt32>?
    private var mask = 0
    private static var scanLimit: Int { 12 }

    deinit { slots.map { free($0) } }

    var count: Int { hashes.count }

    /// Hashes bytes, differently in each process, so that nobody can prepare keys that collide.
    ///
    /// Multiply and fold, as in the wyhash family.
    @inline(__always)
    static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let raw = UnsafeRawBufferPointer(bytes)
        var state = seed ^ UInt64(truncatingIfNeeded: raw.count)
        var index = 0
        while index + 8 <= raw.count {
            state = fold(state ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var tail: UInt64 = 0
        while index < raw.count {
            tail = tail << 8 | UInt64(raw[index])
            index += 1
        }
        return fold(fold(state ^ tail))
    }

    private static let seed = UInt64.random(in: .min ... .max)

    @inline(__always)
    private static func fold(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93 ^ seed | 1)
        return product.high ^ product.low
    }

    mutating func removeAll() {
        hashes.setCount(0)
        tokens.setCount(0)
        slots.map { free($0) }
        slots = nil
    }

    /// Makes room for a number of keys, so that the table needs to be made but once.
    mutating func reserve(_ number: Int) {
        guard number > Self.scanLimit, hashes.count == 0 else { return }
        hashes.reserve(number)
        tokens.reserve(number)
        makeSlots(for: number)
    }

    /// Takes the key that was added last away again.
    mutating func removeLast() {
        guard hashes.count > 0 else { return }
        _ = hashes.removeLast()
        _ = tokens.removeLast()
        guard slots != nil else { return }
        slots.map { free($0) }
        slots = nil
        if hashes.count > Self.scanLimit { place(hashes.count) }
    }

    /// Finds a key.
    @inline(__always)
    func find(hash: UInt64, equals: (UInt32) -> Bool) -> UInt32? {
        if let slots {
            let tag = tag(hash)
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 {
                let number = Int(slots[slot] ^ tag)
                if number <= mask, hashes[number - 1] == hash, equals(tokens[number - 1]) { return tokens[number - 1] }
                slot = (slot + 1) & mask
            }
            return nil
        }
        for index in 0..<hashes.count where hashes[index] == hash && equals(tokens[index]) { return tokens[index] }
        return nil
    }

    /// Adds a key, or finds the one that is equal.
    @inline(__always)
    mutating func insert(hash: UInt64, token: UInt32, equals: (UInt32) -> Bool) -> UInt32? {
        if let found = find(hash: hash, equals: equals) { return found }
        hashes.append(hash)
        tokens.append(token)
        if slots != nil || hashes.count > Self.scanLimit { place(hashes.count) }
        return nil
    }

    @inline(never)
    private mutating func place(_ number: Int) {
        if slots == nil || number * 2 > mask + 1 {
            makeSlots(for: number * 2)
            for earlier in 1...number { put(earlier) }
        } else {
            put(number)
        }
    }

    private mutating func makeSlots(for number: Int) {
        slots.map { free($0) }
        var size = 32
        while size < number * 2 { size *= 2 }
        let fresh = calloc(size, MemoryLayout<UInt32>.stride)
        guard let fresh else { fatalError("out of memory: \(size) slots") }
        slots = fresh.assumingMemoryBound(to: UInt32.self)
        mask = size - 1
    }

    private func put(_ number: Int) {
        guard let slots else { return }
        let hash = hashes[number - 1]
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(truncatingIfNeeded: number) | tag(hash)
    }

    /// The bits of a hash that stand in a slot, above all that a number of a key can have: there are at least twice as
    /// many slots as keys.
    @inline(__always)
    private func tag(_ hash: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: hash >> 32) & ~UInt32(truncatingIfNeeded: mask)
    }
}
