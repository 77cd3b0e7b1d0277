import Dispatch
import Foundation
import Holdfast
import HoldfastTesting
import Synchronization

/// Runs programs that use one store at the same time, in many orders of their calls: every order with one preemption, and
/// with two up to a bound, then samples; and cuts the power in some.
struct ClientExplorer {
    struct Bounds: Sendable {
        /// Schedules with two preemptions; where there are more, so many are sampled.
        var pairs: Int
        /// Schedules with three to six preemptions, sampled.
        var samples: Int
        /// States of the crash that comes in the midst of each schedule.
        var crashStates: Int
        var stopsAtFirstViolation = false
    }

    let clients: Clients
    let world: World
    let bounds: Bounds
    private let queues: [DispatchQueue]
    private var seenOrders: Set<UInt64> = []
    private var seenStates: Set<UInt64> = []
    private(set) var counts = Counts()

    init(_ clients: Clients, _ profile: Profile, seed: UInt64, bounds: Bounds, mutant: Mutant? = nil) {
        self.clients = clients
        self.bounds = bounds
        var shape = Shape(clients.name, .names, before: clients.start, after: clients.start) { _ in }
        shape.missing = clients.missing
        shape.options = clients.options
        var world = World(shape, profile, seed: seed, mutant: mutant)
        // Where a directory's stamps are not trusted, listings are made under a lock.
        world.listsInParts = profile.model.fileSystemKind.stampsAtOnce
        self.world = world
        queues = clients.programs.dropFirst().map { _ in DispatchQueue(label: "client") }
    }

    mutating func run() {
        do {
            let start = try world.start().tree
            var generator = SeededGenerator(seed: world.seed)
            let steps = attempt([], start, cut: nil)
            for first in 0..<steps { attempt([first], start, cut: nil) }
            for pair in pairs(steps, &generator) where !isDone {
                attempt(pair, start, cut: Int.random(in: 0..<steps, using: &generator))
            }
            for _ in 0..<bounds.samples where !isDone {
                let count = Int.random(in: 3...6, using: &generator)
                let schedule = Set((0..<count).map { _ in Int.random(in: 0..<steps, using: &generator) })
                attempt(schedule, start, cut: Int.random(in: 0..<steps, using: &generator))
            }
        } catch {
            fail([], "the machine could not be made: \(error)", nil, nil)
        }
    }

    private var isDone: Bool { bounds.stopsAtFirstViolation && counts.violationCount > 0 }

    private func pairs(_ steps: Int, _ generator: inout SeededGenerator) -> [Set<Int>] {
        if steps * (steps - 1) / 2 <= bounds.pairs {
            return (0..<steps).flatMap { first in (first + 1..<max(steps, first + 1)).map { [first, $0] } }
        }
        return (0..<bounds.pairs).map { _ in
            [Int.random(in: 0..<steps, using: &generator), Int.random(in: 0..<steps, using: &generator)]
        }
    }

    /// Runs one schedule.
    ///
    /// - Returns: How many calls were made.
    @discardableResult
    mutating func attempt(_ schedule: Set<Int>, _ start: SimulatedTree, cut: Int?) -> Int {
        if isDone { return 0 }
        // Later, so that directories are quiet for those who look at them.
        let machine = world.boot(start, 1)
        let outcomes = Mutex<[Int: Clients.Outcome]>([:])
        let crash = Mutex<CrashPoint?>(nil)
        if let cut {
            let mutant = world.mutant?.interceptor()
            let first = machine.callCount
            machine.intercept { call in
                if call.index == first + cut { crash.withLock { $0 = machine.crashPoint } }
                return mutant?(call)
            }
        }
        let interleaving = Interleaving(clients: clients.programs.count, preemptions: schedule)
        machine.interleave(interleaving)
        let world = world
        let bodies = clients.programs.enumerated().map { number, program in
            { @Sendable in
                let outcome: Clients.Outcome
                do {
                    outcome = .returned(try program { try world.open(machine, client: number) })
                } catch {
                    outcome = .failed((error as? HoldfastError)?.code, "\(error)")
                }
                outcomes.withLock { $0[number] = outcome }
            }
        }
        interleaving.run(bodies, on: queues)
        machine.interleave(nil)
        machine.intercept(world.mutant?.interceptor())
        var order = StableHasher()
        order.combine(interleaving.order)
        if seenOrders.insert(order.value).inserted {
            counts.schedules += 1
            let sorted = outcomes.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
            check(machine, schedule, sorted)
        }
        if let cut, let point = crash.withLock({ $0 }) { check(point, schedule, cut) }
        return interleaving.steps
    }

    private mutating func check(_ machine: SimulatedMachine, _ schedule: Set<Int>, _ outcomes: [Clients.Outcome]) {
        let contents = Contents(of: machine.tree)
        func fail(_ problem: String) {
            self.fail(schedule, "\(problem)\n\(outcomes.map { "  \($0)" }.joined(separator: "\n"))", nil, machine.tree)
        }
        if let flaw = clients.flaw(contents, outcomes) { return fail(flaw) }
        let remnants = contents.names.subtracting(clients.names)
        if !remnants.isEmpty { return fail("left behind: \(remnants.sorted())") }
        if machine.openDescriptorCount > 0 { fail("\(machine.openDescriptorCount) descriptors stay open") }
    }

    /// The power fails for all of them; whatever they had done, no document is torn.
    private mutating func check(_ point: CrashPoint, _ schedule: Set<Int>, _ cut: Int) {
        func fail(_ problem: String, _ before: SimulatedTree, _ after: SimulatedTree) {
            self.fail(schedule, "after a crash, \(problem)", before, after, cut: cut)
        }
        point.forEachState(.init(limit: bounds.crashStates, seed: world.seed)) { _, tree in
            guard seenStates.insert(tree.canonicalHash).inserted else { return }
            counts.states += 1
            let machine = world.boot(tree, 2)
            do {
                let report = try world.open(machine).recoveryReport
                let contents = Contents(of: machine.tree)
                if !report.isComplete {
                    fail("the recovery is not complete: \(report)", tree, machine.tree)
                } else if let flaw = clients.tornDocument(contents) {
                    fail(flaw, tree, machine.tree)
                } else if contents.names.contains(where: { $0.hasPrefix(".") }) {
                    fail("something is left behind", tree, machine.tree)
                }
            } catch {
                fail("the recovery failed: \(error)", tree, machine.tree)
            }
        }
    }

    private mutating func fail(
        _ schedule: Set<Int>, _ problem: String, _ before: SimulatedTree?, _ after: SimulatedTree?, cut: Int? = nil
    ) {
        let trail =
            "preempt:" + schedule.sorted().map(String.init).joined(separator: ".") + (cut.map { "/cut:\($0)" } ?? "")
        counts.add(
            Violation(
                world: world, trail: trail, problem: problem, before: before?.listing ?? "", after: after?.listing ?? ""
            ))
    }
}
