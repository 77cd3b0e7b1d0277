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
        name.bytes.withUnsafeBufferPointer { append($0) }
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
        bytes.withUnsafeBufferPointer { bytes in
            var places = places
            let common = commonPrefix(bytes)
            for index in places.indices { places[index].key = Self.key(places[index], behind: common, bytes) }
            Self.sort(&places, bytes)
            var names: [String] = []
            var faulty: [EntryName] = []
            names.reserveCapacity(places.count)
            for (index, place) in places.enumerated() {
                let name = UnsafeBufferPointer(rebasing: bytes[place.start..<place.end])
                if index > 0, place.key == places[index - 1].key,
                    name.elementsEqual(bytes[places[index - 1].start..<places[index - 1].end])
                {
                    continue
                }
                if let string = String(validating: name, as: UTF8.self) {
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
        guard let first = places.first else { return 0 }
        var count = first.end - first.start
        for place in places {
            count = min(count, place.end - place.start)
            var same = 0
            while same < count, bytes[first.start + same] == bytes[place.start + same] { same += 1 }
            count = same
        }
        return count
    }

    /// A name that ends within the eight bytes is filled up with zeros, which no name holds.
    private static func key(_ place: Place, behind prefix: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var key: UInt64 = 0
        for index in (place.start + prefix)..<(place.start + prefix + 8) {
            key = key << 8 | (index < place.end ? UInt64(bytes[index]) : 0)
        }
        return key
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
            for place in places {
                let byte = Int(place.key >> shift & 0xFF)
                sorted[starts[byte]] = place
                starts[byte] += 1
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
