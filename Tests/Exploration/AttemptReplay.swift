import Holdfast
import HoldfastTesting

/// Makes one failure, one order of several programs, or one person's edit again, and shows each call on the way.
struct AttemptReplay {
    let trail: String

    private static let crashStates = 1000

    /// Of a shape: `fault:CALL.FAULT.DURATION` or `edit:EDIT.CALL.WAY`.
    func run(_ world: World) throws {
        var world = world
        world.mutant = Self.tracing
        let words = try self.words("fault:") ?? self.words("edit:").orThrow(unreadable)
        guard words.count >= 2, let first = Int(words[0]), let second = Int(words[1]) else {
            throw Unexpected(unreadable)
        }
        if trail.hasPrefix("fault:") {
            guard words.count == 3, let duration = FaultExplorer.Duration(rawValue: words[2]) else {
                throw Unexpected(unreadable)
            }
            var explorer = FaultExplorer(world, states: Self.crashStates)
            try explorer.replay(.init(call: first, fault: second, duration: duration))
            tell(explorer.counts)
        } else {
            guard words.count == 3, let way = PersonExplorer.Moment.Way(rawValue: words[2]) else {
                throw Unexpected(unreadable)
            }
            var explorer = PersonExplorer(world, crashStates: Self.crashStates, crashStride: 1)
            try explorer.replay(.init(edit: first, call: second, way: way))
            tell(explorer.counts)
        }
    }

    /// Of several programs: `preempt:CALL.CALL…[/cut:CALL]`.
    func run(_ clients: Clients, _ profile: Profile, seed: UInt64) throws {
        let parts = trail.split(separator: "/", maxSplits: 1).map(String.init)
        let schedule = try AttemptReplay(trail: parts.first ?? "").words("preempt:").orThrow(unreadable)
        let calls = schedule.compactMap { Int($0) }
        guard calls.count == schedule.count else { throw Unexpected(unreadable) }
        var cut: Int?
        if parts.count == 2 {
            cut = try AttemptReplay(trail: parts[1]).words("cut:")?.first.flatMap { Int($0) }.orThrow(unreadable)
        }
        let bounds = ClientExplorer.Bounds(pairs: 0, samples: 0, crashStates: Self.crashStates)
        var explorer = ClientExplorer(clients, profile, seed: seed, bounds: bounds, mutant: Self.tracing)
        explorer.attempt(Set(calls), try explorer.world.start().tree, cut: cut)
        tell(explorer.counts)
    }

    private func words(_ prefix: String) -> [String]? {
        guard trail.hasPrefix(prefix) else { return nil }
        return trail.dropFirst(prefix.count).split(separator: ".").map(String.init)
    }

    private var unreadable: String { "the trail `\(trail)` can't be read" }

    /// It changes nothing, and prints.
    private static let tracing = Mutant(name: "none") {
        { call in
            if call.call.isMutating || call.call == .lock { print(call) }
            return nil
        }
    }

    private func tell(_ counts: Counts) {
        for violation in counts.violations { print("\n\(violation)") }
        print("\n=== \(counts.violationCount == 0 ? "no violation" : "\(counts.violationCount) violations")")
    }
}
