/// Which items of two sequences are the same ones: a comment stays with the item that it stands by, or goes with it.
extension FormattingSplice {
    /// Items of the old sequence and what has come in their place; either may be none.
    typealias Gap = (old: ArraySlice<Int>, new: ArraySlice<Int>)

    /// How many pairs of items are compared with each other to find the longest order that they share.
    private static let fewPairs = 10_000

    /// How much more an entry that two mappings have weighs than that both are mappings.
    private static let weightOfEntry = 100

    /// The items between those that both sequences have, in one order.
    mutating func gaps(_ oldItems: [Int], _ newItems: [Int]) -> [Gap] {
        var gap: Gap = (oldItems[...], newItems[...])
        while let first = gap.old.first, let second = gap.new.first, comparison.isSame(first, second) {
            gap = (gap.old.dropFirst(), gap.new.dropFirst())
        }
        while let first = gap.old.last, let second = gap.new.last, comparison.isSame(first, second) {
            gap = (gap.old.dropLast(), gap.new.dropLast())
        }
        guard gap.old.count * gap.new.count > Self.fewPairs else { return sharedOrder(gap) }
        return split(gap, at: anchors(gap)).flatMap { sharedOrder($0) }
    }

    /// Items that have moved: those of the old sequence, and which of them each of the new sequence is.
    mutating func moves(_ gaps: [Gap]) -> (old: Set<Int>, new: [Int: Int]) {
        var candidates: [Int: [Int]] = [:]
        // Of those that are the same the first comes last, since it is taken first.
        for item in gaps.flatMap({ $0.old }).reversed() {
            candidates[old.valueHash(item, &stack), default: []].append(item)
        }
        var moved: [Int: Int] = [:]
        for item in gaps.flatMap({ $0.new }) where !isTooMuchWork {
            let hash = new.valueHash(item, &stack)
            guard let place = candidates[hash]?.lastIndex(where: { comparison.isSame($0, item) }) else { continue }
            moved[item] = candidates[hash]?.remove(at: place)
        }
        return (Set(moved.values), moved)
    }

    /// Places of the same item in both sequences, for items that occur once in each, in one order.
    ///
    /// So does patience diff align texts; it takes the time of sorting.
    private mutating func anchors(_ gap: Gap) -> [(old: Int, new: Int)] {
        var places: [Int: (old: Int?, new: Int?, isUnique: Bool)] = [:]
        for (place, item) in zip(gap.old.indices, gap.old) {
            let hash = old.valueHash(item, &stack)
            places[hash] = (place, nil, places[hash] == nil)
        }
        for (place, item) in zip(gap.new.indices, gap.new) {
            let hash = new.valueHash(item, &stack)
            guard let found = places[hash] else { continue }
            places[hash] = (found.old, place, found.isUnique && found.new == nil)
        }
        var pairs: [(old: Int, new: Int)] = []
        for case (let oldPlace?, let newPlace?, true) in places.values { pairs.append((oldPlace, newPlace)) }
        pairs.sort { $0.old < $1.old }
        return longestRise(pairs).filter { comparison.isSame(gap.old[$0.old], gap.new[$0.new]) }
    }

    /// The most pairs, of those in the old order, that are in the new order too.
    private func longestRise(_ pairs: [(old: Int, new: Int)]) -> [(old: Int, new: Int)] {
        // The last pair of the best rise of each length so far, and the one before each pair in its rise.
        var ends: [Int] = []
        var previous = [Int](repeating: -1, count: pairs.count)
        for (index, pair) in pairs.enumerated() {
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if pairs[ends[middle]].new < pair.new { low = middle + 1 } else { high = middle }
            }
            if low > 0 { previous[index] = ends[low - 1] }
            if low == ends.count { ends.append(index) } else { ends[low] = index }
        }
        var rise: [(old: Int, new: Int)] = []
        var index = ends.last ?? -1
        while index >= 0 {
            rise.append(pairs[index])
            index = previous[index]
        }
        return rise.reversed()
    }

    private func split(_ gap: Gap, at anchors: [(old: Int, new: Int)], keepingEmpty: Bool = false) -> [Gap] {
        var gaps: [Gap] = []
        var (oldBegin, newBegin) = (gap.old.startIndex, gap.new.startIndex)
        for anchor in anchors + [(gap.old.endIndex, gap.new.endIndex)] {
            if keepingEmpty || oldBegin < anchor.old || newBegin < anchor.new {
                gaps.append((gap.old[oldBegin..<anchor.old], gap.new[newBegin..<anchor.new]))
            }
            (oldBegin, newBegin) = (anchor.old + 1, anchor.new + 1)
        }
        return gaps
    }

    /// The gaps between the longest order that two short runs of items share; long ones are paired by their places.
    private mutating func sharedOrder(_ gap: Gap) -> [Gap] {
        let pairs = pairs(Array(gap.old.indices), Array(gap.new.indices)) { splice, oldPlace, newPlace in
            splice.comparison.isSame(gap.old[oldPlace], gap.new[newPlace]) ? 1 : 0
        }
        return split(gap, at: pairs)
    }

    /// The parts of a gap: items that have changed and are alike still take each other's place, whatever comes and goes beside
    /// them; those that have moved are none of these.
    mutating func alike(_ gap: Gap, besides moves: (old: Set<Int>, new: [Int: Int])) -> [Gap] {
        let oldPlaces = gap.old.indices.filter { !moves.old.contains(gap.old[$0]) }
        let newPlaces = gap.new.indices.filter { moves.new[gap.new[$0]] == nil }
        guard oldPlaces.count + newPlaces.count > 2 else { return [gap] }
        let oldEntries = entries(oldPlaces.map { gap.old[$0] }, in: old)
        let newEntries = entries(newPlaces.map { gap.new[$0] }, in: new)
        let pairs = pairs(oldPlaces, newPlaces) { splice, oldPlace, newPlace in
            let (oldItem, newItem) = (gap.old[oldPlace], gap.new[newPlace])
            let kind = splice.old.nodes[oldItem].kind
            guard kind == splice.new.nodes[newItem].kind, kind == .mapping || kind == .sequence else { return 0 }
            guard let entries = oldEntries[oldItem], let others = newEntries[newItem] else { return 1 }
            // Through the smaller one: a large one may be compared with many.
            let names = entries.count < others.count ? entries.keys : others.keys
            return names.reduce(1) { weight, name in
                guard let entry = entries[name], let other = others[name] else { return weight }
                return splice.comparison.isSame(entry.value, other.value) ? weight + Self.weightOfEntry : weight
            }
        }
        // Each pair is a gap of its own.
        var parts: [Gap] = []
        for (index, part) in split(gap, at: pairs, keepingEmpty: true).enumerated() {
            if !part.old.isEmpty || !part.new.isEmpty { parts.append(part) }
            guard index < pairs.count else { break }
            let pair = pairs[index]
            parts.append((gap.old[pair.old...pair.old], gap.new[pair.new...pair.new]))
        }
        return parts
    }

    private func entries(_ items: [Int], in tape: Tape) -> [Int: [MappingEntries.Name: MappingEntries.Entry]] {
        var entries: [Int: [MappingEntries.Name: MappingEntries.Entry]] = [:]
        for item in items where tape.nodes[item].kind == .mapping {
            entries[item] = MappingEntries(of: item, in: tape)?.own
        }
        return entries
    }

    /// The pairs of places, in the order of both runs, that weigh most together; none where there is too much to compare.
    private mutating func pairs(
        _ old: [Int], _ new: [Int], weight: (inout Self, Int, Int) -> Int
    ) -> [(old: Int, new: Int)] {
        guard !old.isEmpty, !new.isEmpty, old.count * new.count <= Self.fewPairs else { return [] }
        let width = new.count + 1
        var weights = [Int](repeating: 0, count: old.count * new.count)
        // What the pairs behind a place weigh at best.
        var best = [Int](repeating: 0, count: (old.count + 1) * width)
        for row in (0..<old.count).reversed() {
            for column in (0..<new.count).reversed() {
                if isTooMuchWork { return [] }
                let weight = weight(&self, old[row], new[column])
                weights[row * new.count + column] = weight
                best[row * width + column] = max(
                    best[(row + 1) * width + column], best[row * width + column + 1],
                    weight > 0 ? best[(row + 1) * width + column + 1] + weight : 0)
            }
        }
        var pairs: [(old: Int, new: Int)] = []
        var (row, column) = (0, 0)
        while row < old.count, column < new.count {
            let weight = weights[row * new.count + column]
            if weight > 0, best[row * width + column] == best[(row + 1) * width + column + 1] + weight {
                pairs.append((old[row], new[column]))
                (row, column) = (row + 1, column + 1)
            } else if best[(row + 1) * width + column] >= best[row * width + column + 1] {
                row += 1
            } else {
                column += 1
            }
        }
        return pairs
    }
}

extension Tape {
    /// A number that is the same for nodes that a comparison may find the same: a first guess at which are.
    fileprivate func valueHash(_ index: Int, _ stack: inout StackGuard) -> Int {
        let index = resolve(index)
        let node = nodes[index]
        var hasher = Hasher()
        hasher.combine(node.kind)
        guard stack.hasRoom() else { return hasher.finalize() }
        switch node.kind {
        case .alias: break
        case .scalar: hash(scalar: node, into: &hasher)
        case .sequence:
            var item = index + 1
            while item < Int(node.extent) {
                hasher.combine(valueHash(item, &stack))
                item = next(after: item)
            }
        case .mapping:
            // In any order, and as though entries of null were not there.
            var sum = 0
            for (key, value) in entries(index) {
                let target = nodes[resolve(value)]
                if target.kind == .scalar, resolution(target) == .null { continue }
                var entry = Hasher()
                withContent(nodes[resolve(key)]) { entry.combine(bytes: UnsafeRawBufferPointer($0)) }
                entry.combine(valueHash(value, &stack))
                sum &+= entry.finalize()
            }
            hasher.combine(sum)
        }
        return hasher.finalize()
    }

    private func hash(scalar node: TapeNode, into hasher: inout Hasher) {
        let kind = resolution(node)
        withContent(node) { text in
            switch kind {
            case .null, .true, .false: hasher.combine(kind)
            case .integer, .float: hasher.combine(NumberText.double(text, kind: kind, schema: schema))
            case .string:
                if let time = Timestamp.secondsSince2001(text) {
                    hasher.combine(time)
                } else if text.count == 36, let id = TapeComparison.uuid(text) {
                    hasher.combine(id)
                } else if node.tag == .binary {
                    for byte in text where !TapeComparison.isSpace(byte) { hasher.combine(byte) }
                } else {
                    hasher.combine(bytes: UnsafeRawBufferPointer(text))
                }
            }
        }
    }

    /// The entries of a mapping, with those that merge keys bring in; none where a key is not a scalar, since such mappings
    /// are never found the same.
    private func entries(_ mapping: Int) -> [MappingEntries.Entry] {
        if nodes[mapping].has(TapeNode.hasMergeKey) {
            return MappingEntries(of: mapping, in: self).map { Array($0.all.values) } ?? []
        }
        var entries: [MappingEntries.Entry] = []
        var key = mapping + 1
        while key < Int(nodes[mapping].extent) {
            guard nodes[resolve(key)].kind == .scalar else { return [] }
            let value = next(after: key)
            entries.append((key, value))
            key = next(after: value)
        }
        return entries
    }
}
