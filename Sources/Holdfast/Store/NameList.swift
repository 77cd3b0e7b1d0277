/// Many names end to end in one buffer: a listing of a large store makes no object of a name before it is asked for.
struct NameList {
    private var bytes: [UInt8] = []
    private var places: [Place] = []

    private struct Place {
        let start: Int
        let end: Int
        /// The eight bytes behind what all names begin with: most comparisons need no more.
        var key: UInt64 = 0
    }

    mutating func append(_ name: EntryName) {
        name.withBytes { append($0) }
    }

    mutating func append(_ name: UnsafeBufferPointer<UInt8>) {
        let start = bytes.count
        bytes.append(contentsOf: name)
        places.append(Place(start: start, end: bytes.count))
    }

    /// The names in the order of their bytes, each once.
    ///
    /// - Returns: Those that are UTF-8, and the others.
    func sorted() -> (names: [String], faulty: [EntryName]) {
        // Filled up, so that eight bytes can be read at once behind any name.
        (bytes + [UInt8](repeating: 0, count: 8)).withUnsafeBufferPointer { bytes in
            var places = places
            let common = commonPrefix(bytes)
            for index in places.indices { places[index].key = Self.key(places[index], behind: common, bytes) }
            Self.sort(&places, bytes)
            var names: [String] = []
            var faulty: [EntryName] = []
            names.reserveCapacity(places.count)
            for (index, place) in places.enumerated() {
                let name = Self.name(at: place, bytes)
                if index > 0, place.key == places[index - 1].key,
                    name.isSame(as: Self.name(at: places[index - 1], bytes))
                {
                    continue
                }
                if let string = String(whole: name) {
                    names.append(string)
                } else {
                    faulty.append(EntryName(bytes: name))
                }
            }
            return (names, faulty)
        }
    }

    /// How many bytes all names have in common at their start.
    private func commonPrefix(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        guard var common = places.first.map({ Self.name(at: $0, bytes) }) else { return 0 }
        for place in places {
            let start = UnsafeBufferPointer(rebasing: Self.name(at: place, bytes).prefix(common.count))
            if start.isSame(as: common) { continue }
            let count = zip(start, common).prefix { $0 == $1 }.count
            common = UnsafeBufferPointer(rebasing: common.prefix(count))
        }
        return common.count
    }

    /// A name that ends within the eight bytes is filled up with zeros, which no name holds.
    private static func key(_ place: Place, behind prefix: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let start = place.start + prefix
        let found = UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: start, as: UInt64.self)
        // Behind the name, another begins; a shift by all 64 bits or more leaves nothing.
        return UInt64(bigEndian: found) & ~(UInt64.max >> (8 * (place.end - start)))
    }

    private static func name(at place: Place, _ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[place.start..<place.end])
    }

    /// By keys first, byte by byte from the last to the first, each pass stable; then by names where keys are equal.
    private static func sort(_ places: inout [Place], _ bytes: UnsafeBufferPointer<UInt8>) {
        var sorted = places
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            var starts = [Int](repeating: 0, count: 256)
            for place in places { starts[Int(place.key >> shift & 0xFF)] += 1 }
            if starts.contains(places.count) { continue }
            var start = 0
            for byte in starts.indices { (starts[byte], start) = (start, start + starts[byte]) }
            sorted.withUnsafeMutableBufferPointer { sorted in
                starts.withUnsafeMutableBufferPointer { starts in
                    for place in places {
                        let byte = Int(place.key >> shift & 0xFF)
                        sorted[starts[byte]] = place
                        starts[byte] += 1
                    }
                }
            }
            swap(&places, &sorted)
        }
        var start = 0
        while start < places.count {
            var end = start + 1
            while end < places.count, places[end].key == places[start].key { end += 1 }
            if end - start > 1 { places[start..<end].sort { precedes($0, $1, bytes) } }
            start = end
        }
    }

    private static func precedes(_ a: Place, _ b: Place, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes[a.start..<a.end].lexicographicallyPrecedes(bytes[b.start..<b.end])
    }
}
