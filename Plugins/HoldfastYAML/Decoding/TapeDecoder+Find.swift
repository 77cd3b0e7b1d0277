/// Looking a key up in a decoder's mapping; not generic, so that nothing is instantiated at run time.
extension TapeDecoder {
    /// The nodes of an entry.
    struct FoundEntry {
        var key: Int
        /// Never an alias.
        var value: Int
    }

    /// How many entries are scanned; more are looked up in an index, once the first guess is wrong.
    private static let scanLimit: UInt32 = 24

    /// Finds the entry of a key.
    func find(_ name: UnsafeBufferPointer<UInt8>) -> FoundEntry? {
        if let keyIndex { return found(keyIndex.find(name)) }
        let tape = tape
        let first = node + 1
        let header = tape.nodes[node]
        let end = Int(header.extent)
        let entries = header.payload / 2
        let hint = first + header.number
        var position = hint < end ? hint : first
        // Once around, from the hint.
        for count in 0..<entries {
            let candidate = tape.nodes[tape.resolve(position)]
            let value = tape.next(after: position)
            let following = tape.next(after: value)
            if tape.content(candidate, equals: name) {
                tape.nodes[node].setNumber(following - first)
                return FoundEntry(key: position, value: tape.resolve(value))
            }
            if entries > Self.scanLimit, count == 0 { return indexedEntry(name) }
            position = following < end ? following : first
        }
        return nil
    }

    private func indexedEntry(_ name: UnsafeBufferPointer<UInt8>) -> FoundEntry? {
        do {
            let index = try KeyIndex(self)
            keyIndex = index
            return found(index.find(name))
        } catch {
            // An index fails only for keys that are not scalars; for those it is made with the container.
            return nil
        }
    }

    private func found(_ entry: KeyIndex.Entry?) -> FoundEntry? {
        entry.map { FoundEntry(key: $0.key, value: tape.resolve($0.value)) }
    }
}
