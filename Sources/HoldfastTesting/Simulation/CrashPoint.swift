import Holdfast

/// What may become of one file's un-flushed changes in a crash.
package enum FileFate: UInt8, Sendable, CaseIterable {
    case lost, kept
    /// The size is the new one, the bytes are zeros.
    case zeros
    /// The size is the new one, the bytes are others.
    case garbage
    /// The first half of the writes, the last of them cut.
    case prefix
    /// The bytes are there, mode, owner and times are not.
    case bytesOnly
    /// Mode, owner and times are there, the bytes are not.
    case attributesOnly
}

/// A moment at which the power may fail: what is durable, and what of the rest a crash may keep.
package struct CrashPoint: Sendable {
    package let model: DurabilityModel
    package let durable: SimulatedTree
    package let pending: [PendingChange]
    /// How many calls were made before.
    package let callsBefore: Int
    /// The call that the power failed before; nil behind the last one.
    package let nextCall: SystemCall?
    let version: Int
    let durableVersion: Int

    /// Whether nothing has changed between two points of one machine, on the disk or in memory.
    package func isSame(as other: CrashPoint) -> Bool { version == other.version }

    /// One state that a crash can leave, as one digit for each thing that a crash decides.
    ///
    /// It names the state for a replay.
    package struct Choice: Hashable, Sendable, CustomStringConvertible {
        package var digits: [Int]
        package init(_ digits: [Int]) { self.digits = digits }
        package init?(_ text: String) {
            var digits: [Int] = []
            for part in text.split(separator: ".") {
                guard let digit = Int(part), digit >= 0 else { return nil }
                digits.append(digit)
            }
            self.digits = digits
        }
        package var description: String { digits.map(String.init).joined(separator: ".") }
    }

    /// How to go through the states of a crash point.
    package struct Bounds: Sendable {
        /// As many states are built at most; where there are more, these are sampled.
        package var limit: Int
        package var seed: UInt64
        package init(limit: Int, seed: UInt64) {
            self.limit = limit
            self.seed = seed
        }
    }

    /// The states that were gone through of one machine's crash points, of which neighbours share most.
    package struct KnownStates: Sendable {
        fileprivate var keys: Set<UInt64> = []
        package init() {}
    }

    // MARK: - What there is to decide

    private enum Dimension {
        /// The un-flushed changes of one file.
        case file(changes: [Int], fates: [FileFate])
        /// One change of names, and those that it can't be kept without.
        case names(change: Int, after: [Int])
        /// How many changes of metadata a journal has committed.
        case journal(changes: [Int])

        var count: Int {
            switch self {
            case .file(_, let fates): fates.count
            case .names: 2
            case .journal(let changes): changes.count + 1
            }
        }
    }

    private var dimensions: [Dimension] {
        var dimensions: [Dimension] = []
        var changesOfFile: [NodeID: [Int]] = [:]
        var files: [NodeID] = []
        var names: [Int] = []
        for (index, change) in pending.enumerated() {
            // Bytes that were written back have their blocks in the journal, and a commit flushes the device before its
            // record: what is behind them in the journal is never durable without them.
            let isJournaled = model == .ext4Ordered && change.isWrittenBack && !change.isDropped
            if let node = change.node, !model.losesSuffix || (change.isWrite && !isJournaled) {
                if changesOfFile[node] == nil { files.append(node) }
                changesOfFile[node, default: []].append(index)
            } else {
                names.append(index)
            }
        }
        if model.losesSuffix {
            if !names.isEmpty { dimensions.append(.journal(changes: names)) }
        } else {
            var last: [EntryEdit.Place: Int] = [:]
            for (dimension, index) in names.enumerated() {
                let edits = pending[index].edits
                let after = Set(edits.compactMap { last[$0.place] })
                dimensions.append(.names(change: index, after: after.sorted()))
                for edit in edits { last[edit.place] = dimension }
            }
        }
        for file in files {
            let changes = changesOfFile[file] ?? []
            dimensions.append(.file(changes: changes, fates: fates(of: changes)))
        }
        return dimensions
    }

    private func fates(of changes: [Int]) -> [FileFate] {
        let writes = changes.filter { pending[$0].isWrite }
        if writes.isEmpty { return [.lost, .kept] }
        let isDropped = writes.contains { pending[$0].isDropped }
        if model.losesSuffix {
            if isDropped { return [.lost, .zeros] }
            var size = 0
            for index in writes {
                if case .write(_, _, let bytes) = pending[index].kind { size += bytes.count }
            }
            return size > FileContent.blockSize ? [.lost, .kept, .prefix] : [.lost, .kept]
        }
        if isDropped { return [.lost, .zeros, .garbage, .attributesOnly] }
        return writes.count == changes.count
            ? [.lost, .kept, .zeros, .garbage, .prefix]
            : [.lost, .kept, .zeros, .garbage, .prefix, .bytesOnly, .attributesOnly]
    }

    /// How many states there are at most; `Int.max` where that is more than can be counted.
    package var stateCount: Int {
        dimensions.reduce(1) { product, dimension in
            let (result, overflow) = product.multipliedReportingOverflow(by: dimension.count)
            return overflow ? Int.max : result
        }
    }

    // MARK: - Going through them

    /// Calls a body with each state, or with a sample: all kept, all lost, each thing lost alone, each kept alone, and
    /// then random ones.
    ///
    /// - Returns: Whether that was every state.
    @discardableResult
    package func forEachState(
        _ bounds: Bounds, _ body: (Choice, SimulatedTree) throws -> Void
    ) rethrows -> Bool {
        var known = KnownStates()
        return try forEachState(bounds, besides: &known, body)
    }

    /// Does so for the states that are not known, and adds them to those that are.
    @discardableResult
    package func forEachState(
        _ bounds: Bounds, besides known: inout KnownStates, _ body: (Choice, SimulatedTree) throws -> Void
    ) rethrows -> Bool {
        let dimensions = self.dimensions
        func visit(_ digits: [Int]) throws {
            guard let outcome = outcome(digits, dimensions), known.keys.insert(key(of: outcome)).inserted else {
                return
            }
            try body(Choice(digits), tree(outcome))
        }
        if stateCount <= bounds.limit {
            var digits = [Int](repeating: 0, count: dimensions.count)
            while true {
                try visit(digits)
                var place = 0
                while place < digits.count {
                    digits[place] += 1
                    if digits[place] < dimensions[place].count { break }
                    digits[place] = 0
                    place += 1
                }
                if place == digits.count { return true }
            }
        }
        var generator = SeededGenerator(seed: bounds.seed)
        let lost = [Int](repeating: 0, count: dimensions.count)
        let kept = Self.kept(dimensions)
        var samples = [lost, kept]
        // The last changes first: they are what the cut is about.
        for place in dimensions.indices.reversed() {
            for digit in 0..<dimensions[place].count {
                var (most, least) = (kept, lost)
                most[place] = digit
                least[place] = digit
                samples.append(Self.repaired(most, dimensions, keeping: false))
                samples.append(Self.repaired(least, dimensions, keeping: true))
            }
        }
        // A third is left to chance, however many there are.
        samples = Array(samples.prefix(bounds.limit - bounds.limit / 3))
        for digits in samples { try visit(digits) }
        for _ in 0..<max(0, bounds.limit - samples.count) {
            try visit(Self.sample(dimensions, &generator))
        }
        return false
    }

    /// The state that a choice names; nil where there is no such.
    package func tree(_ choice: Choice) -> SimulatedTree? {
        let dimensions = self.dimensions
        guard choice.digits.count == dimensions.count,
            zip(choice.digits, dimensions).allSatisfy({ $0 < $1.count })
        else { return nil }
        return outcome(choice.digits, dimensions).map(tree)
    }

    /// The state in which all is lost that can be.
    package var allLost: SimulatedTree {
        let dimensions = self.dimensions
        return outcome([Int](repeating: 0, count: dimensions.count), dimensions).map(tree) ?? durable
    }

    /// The state in which nothing is lost: what the end of a process leaves.
    package var nothingLost: (choice: Choice, tree: SimulatedTree) {
        let dimensions = self.dimensions
        let kept = Self.kept(dimensions)
        return (Choice(kept), outcome(kept, dimensions).map(tree) ?? durable)
    }

    private static func kept(_ dimensions: [Dimension]) -> [Int] {
        dimensions.map { dimension in
            if case .journal(let changes) = dimension { changes.count } else { 1 }
        }
    }

    /// One of the states, by chance.
    package func randomState(using generator: inout SeededGenerator) -> SimulatedTree {
        let dimensions = self.dimensions
        return outcome(Self.sample(dimensions, &generator), dimensions).map(tree) ?? durable
    }

    private static func sample(_ dimensions: [Dimension], _ generator: inout SeededGenerator) -> [Int] {
        // A bias for each sample: half of the changes lost is not the only interesting share.
        let bias = Int.random(in: 1...7, using: &generator)
        let digits = dimensions.map { dimension -> Int in
            switch dimension {
            case .names: Int.random(in: 0..<8, using: &generator) < bias ? 1 : 0
            case .journal, .file: Int.random(in: 0..<dimension.count, using: &generator)
            }
        }
        return repaired(digits, dimensions, keeping: bias > 4)
    }

    /// Makes a choice possible: a change that can't be kept without another is lost, or the other is kept too.
    private static func repaired(_ digits: [Int], _ dimensions: [Dimension], keeping: Bool) -> [Int] {
        var digits = digits
        for place in keeping ? Array(dimensions.indices.reversed()) : Array(dimensions.indices) {
            guard case .names(_, let after) = dimensions[place], digits[place] == 1 else { continue }
            if keeping {
                for earlier in after { digits[earlier] = 1 }
            } else if after.contains(where: { digits[$0] == 0 }) {
                digits[place] = 0
            }
        }
        return digits
    }

    /// What becomes of each pending change in a state: nil where it is lost.
    ///
    /// - Returns: Nil where there is no such state.
    private func outcome(_ digits: [Int], _ dimensions: [Dimension]) -> [FileFate?]? {
        var kept = [FileFate?](repeating: nil, count: pending.count)
        for (place, dimension) in dimensions.enumerated() {
            switch dimension {
            case .names(let change, let after):
                guard digits[place] == 1 else { continue }
                if after.contains(where: { digits[$0] == 0 }) { return nil }
                kept[change] = .kept
            case .journal(let changes):
                for change in changes.prefix(digits[place]) { kept[change] = .kept }
            case .file(let changes, let fates): choose(fates[digits[place]], changes, &kept)
            }
        }
        return kept
    }

    private func tree(_ kept: [FileFate?]) -> SimulatedTree {
        var tree = durable
        for (change, fate) in zip(pending, kept) {
            if let fate { tree.apply(fate == .kept ? change : change.altered(fate)) }
        }
        tree.prune()
        return tree
    }

    /// Tells states of one machine's crash points apart: no two changes of a machine have the same time.
    private func key(of kept: [FileFate?]) -> UInt64 {
        var hash = StableHasher()
        hash.combine(UInt64(durableVersion))
        for (change, fate) in zip(pending, kept) {
            guard let fate else { continue }
            hash.combine(UInt64(change.time.seconds))
            hash.combine(UInt64(change.time.nanoseconds) << 8 | UInt64(fate.rawValue))
        }
        return hash.value
    }

    private func choose(_ fate: FileFate, _ changes: [Int], _ kept: inout [FileFate?]) {
        let writes = changes.filter { pending[$0].isWrite }
        for change in changes {
            switch fate {
            case .lost: break
            case .kept: kept[change] = .kept
            case .zeros, .garbage: kept[change] = pending[change].isWrite ? fate : .kept
            case .prefix:
                let middle = writes[writes.count / 2]
                if pending[change].isWrite, change > middle { break }
                kept[change] = change == middle ? fate : .kept
            case .bytesOnly: kept[change] = pending[change].isWrite ? .kept : nil
            case .attributesOnly: kept[change] = pending[change].isWrite ? nil : .kept
            }
        }
    }
}

extension PendingChange {
    /// The change as a crash may leave it.
    func altered(_ fate: FileFate) -> PendingChange {
        guard case .write(let node, let offset, let bytes) = kind else { return self }
        let left: [UInt8] =
            switch fate {
            case .zeros: [UInt8](repeating: 0, count: bytes.count)
            case .garbage: bytes.map { ~$0 }
            case .prefix:
                // Cut at a block where there is more than one.
                Array(
                    bytes.prefix(
                        bytes.count > FileContent.blockSize
                            ? (bytes.count / 2 / FileContent.blockSize + 1) * FileContent.blockSize
                            : bytes.count / 2))
            default: bytes
            }
        return PendingChange(.write(node, at: offset, bytes: left), at: time)
    }
}
