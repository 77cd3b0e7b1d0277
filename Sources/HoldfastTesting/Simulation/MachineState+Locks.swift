import Holdfast

extension MachineState {
    /// A lock of an open file description on a range of bytes: fcntl_locking(2).
    struct HeldLock: Sendable {
        let node: NodeID
        let descriptor: Int32
        let bytes: Range<Int64>
        let mode: LockMode
    }

    /// Takes a lock where no other description's is in the way.
    ///
    /// - Returns: Whether it was had.
    mutating func lock(
        _ descriptor: Descriptor, _ range: LockRange, _ mode: LockMode
    ) throws(SystemCallError) -> Bool {
        let open = try opened(descriptor, .lock)
        guard mode == .exclusive ? open.isWritable : open.isReadable else {
            throw SystemCallError(.lock, .badDescriptor)
        }
        if !configuration.lies.contains(.grantsLocks), conflict(descriptor, range, mode) != nil { return false }
        release(descriptor, range.bytes)
        locks.append(HeldLock(node: open.node, descriptor: descriptor.rawValue, bytes: range.bytes, mode: mode))
        return true
    }

    mutating func unlock(_ descriptor: Descriptor, _ range: LockRange) throws(SystemCallError) {
        _ = try opened(descriptor, .unlock)
        release(descriptor, range.bytes)
    }

    /// The client that holds a lock in the way.
    func lockHolder(_ descriptor: Descriptor, _ range: LockRange) -> Int? {
        conflict(descriptor, range, .exclusive).flatMap { descriptors[$0.descriptor]?.client }
    }

    private func conflict(_ descriptor: Descriptor, _ range: LockRange, _ mode: LockMode) -> HeldLock? {
        guard let node = descriptors[descriptor.rawValue]?.node else { return nil }
        return locks.first { held in
            held.node == node && held.descriptor != descriptor.rawValue && held.bytes.overlaps(range.bytes)
                && (held.mode == .exclusive || mode == .exclusive)
        }
    }

    private mutating func release(_ descriptor: Descriptor, _ bytes: Range<Int64>) {
        var left: [HeldLock] = []
        for held in locks {
            guard held.descriptor == descriptor.rawValue, held.bytes.overlaps(bytes) else {
                left.append(held)
                continue
            }
            for part in [
                held.bytes.lowerBound..<max(held.bytes.lowerBound, bytes.lowerBound),
                min(held.bytes.upperBound, bytes.upperBound)..<held.bytes.upperBound,
            ] where !part.isEmpty {
                left.append(HeldLock(node: held.node, descriptor: held.descriptor, bytes: part, mode: held.mode))
            }
        }
        locks = left
    }
}

extension LockRange {
    /// A count of 0 is to the end, however long the file grows: fcntl_locking(2).
    var bytes: Range<Int64> { start..<(count == 0 ? Int64.max : start + count) }
}
