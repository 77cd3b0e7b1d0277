import Foundation
import Holdfast
import HoldfastTesting

/// Cuts the power at every call of a commit that can change something, and at every one of the recoveries that follow.
struct CrashExplorer {
    /// How far it goes.
    struct Bounds: Sendable {
        /// States of each cut of the commit; where the model allows more, so many are sampled.
        var states: Int
        /// States of each cut of a recovery.
        var recoveryStates: Int
        /// How many recoveries in a row are cut.
        var depth: Int
        var stopsAtFirstViolation = false
    }

    let world: World
    let bounds: Bounds
    /// Of what is sampled; the world's own seed also makes its contents, and stays.
    private var seed: UInt64
    private var seen: Set<UInt64> = []
    /// What cuts of the commit leave.
    ///
    /// It is recovered from when all of it is known: met first as what a recovery's cut leaves, a state would be explored
    /// less deep.
    private var waiting: [(tree: SimulatedTree, trail: Trail, allowed: ClosedRange<Int>)] = []
    private(set) var counts = Counts()

    init(_ world: World, _ bounds: Bounds) {
        self.world = world
        self.bounds = bounds
        seed = world.seed
    }

    private var isDone: Bool { bounds.stopsAtFirstViolation && counts.violationCount > 0 }

    /// Explores; another round samples other states, and recovers only from those that none has met before.
    mutating func run(round: UInt64 = 0) {
        seed = world.seed &+ round
        do {
            let (points, returns) = try commit()
            func allowed(_ number: Int) -> ClosedRange<Int> {
                world.shape.states(returned: returns.count { $0 <= number })
            }
            var known = CrashPoint.KnownStates()
            for (number, point) in points.enumerated() {
                if isDone { return }
                counts.cuts += 1
                // What is left behind a return has to be more.
                if returns.contains(number) { known = CrashPoint.KnownStates() }
                explore(point, Trail(), cut: number, allowed(number), &known)
                if !world.shape.isDurable, !world.profile.ignoresSyncfs { try recoverUnflushed(point, cut: number) }
                // The sooner a violation is met, the better where it ends the search.
                if bounds.stopsAtFirstViolation { recoverWaiting() }
            }
            recoverWaiting()
            for (number, point) in points.enumerated() where world.shape.isDurable {
                if isDone { return }
                // The process is killed, another one recovers, and only then the power fails.
                counts.cuts += 1
                recover(world.revive(point), nil, Trail().adding(number, nil), allowed(number))
            }
        } catch {
            fail(Trail(), "the commit failed: \(error)", world, nil, nil)
        }
    }

    /// A killed writer had flushed nothing; a recovery that removes its old generation makes the new one durable first.
    private mutating func recoverUnflushed(_ point: CrashPoint, cut: Int) throws {
        let machine = world.revive(point)
        machine.startRecording()
        let report = try world.open(machine).recoveryReport
        let points = machine.stopRecording()
        guard report.documents.contains(where: { $0.actions.contains(.removeOld) }) else { return }
        // From the first deletion on, and at the end.
        func old(_ point: CrashPoint) -> Int {
            Contents(of: point.nothingLost.tree).items.keys.count { $0.hasPrefix(".old-") }
        }
        let most = points.map(old).max() ?? 0
        let whole = points.lastIndex { old($0) == most } ?? 0
        let trail = Trail().adding(cut, nil)
        for number in Set([whole + 1, points.count - 1]).sorted() where number < points.count {
            points[number].forEachState(.init(limit: bounds.states, seed: seed)) { choice, tree in
                if !isDone { check(tree, trail.adding(number, choice), world.shape.anyState) }
            }
        }
    }

    /// Makes the commits, undisturbed.
    ///
    /// - Returns: The crash points, and which of them each commit had returned at.
    private mutating func commit() throws -> (points: [CrashPoint], returns: [Int]) {
        let machine = try world.start()
        machine.startRecording()
        let store = try world.open(machine)
        if !store.recoveryReport.isComplete {
            fail(Trail(), "the recovery is not complete: \(store.recoveryReport)", world, nil, machine.tree)
        }
        var returns: [Int] = []
        try world.shape.commit(store) { returns.append(machine.markRecording()) }
        let points = machine.stopRecording()
        if let flaw = world.flaw(in: machine.tree, world.shape.states(returned: returns.count)) {
            fail(Trail(), "without any crash: \(flaw)", world, nil, machine.tree)
        }
        return (points, returns)
    }

    private mutating func explore(
        _ point: CrashPoint, _ trail: Trail, cut: Int, _ allowed: ClosedRange<Int>,
        _ known: inout CrashPoint.KnownStates
    ) {
        if !world.shape.isDurable {
            // The process is killed, and the machine runs on.
            let (choice, tree) = point.nothingLost
            return check(tree, trail.adding(cut, choice), allowed)
        }
        let isFirst = trail.cuts.isEmpty
        let limit = isFirst ? bounds.states : bounds.recoveryStates
        // What a kill of the process leaves is a state of each model: nothing is lost.
        let bounds = CrashPoint.Bounds(limit: limit, seed: seed &+ UInt64(cut) &* 0x9E37_79B9)
        let isAll = point.forEachState(bounds, besides: &known) { choice, tree in
            if isDone { return }
            check(tree, trail.adding(cut, choice), allowed)
        }
        if !isAll, isFirst { counts.sampledCuts += 1 }
    }

    /// Recovers from one state, and looks at what comes out.
    mutating func check(_ tree: SimulatedTree, _ trail: Trail, _ allowed: ClosedRange<Int>) {
        let hash = tree.canonicalHash ^ (UInt64(allowed.lowerBound) &* 0x5555_5555_5555_5555)
        guard seen.insert(hash).inserted else { return }
        counts.states += 1
        if trail.cuts.count == 1 {
            waiting.append((tree, trail, allowed))
        } else {
            recover(world.boot(tree, trail.cuts.count), tree, trail, allowed)
        }
    }

    private mutating func recoverWaiting() {
        for (tree, trail, allowed) in waiting where !isDone {
            recover(world.boot(tree, trail.cuts.count), tree, trail, allowed)
        }
        waiting = []
    }

    private mutating func recover(
        _ machine: SimulatedMachine, _ tree: SimulatedTree?, _ trail: Trail, _ allowed: ClosedRange<Int>
    ) {
        machine.startRecording()
        do {
            let report = try world.open(machine).recoveryReport
            let points = machine.stopRecording()
            if !report.isComplete || (!report.warnings.isEmpty && !world.shape.allowsWarnings) {
                return fail(trail, "the recovery is not complete: \(report)", world, tree, machine.tree)
            }
            if let flaw = world.flaw(in: machine.tree, allowed) {
                return fail(trail, flaw, world, tree, machine.tree)
            }
            try checkSecondRecovery(machine, tree, trail)
            if trail.cuts.count < bounds.depth, points.count > 1 {
                var known = CrashPoint.KnownStates()
                for (number, point) in points.enumerated() {
                    counts.recoveryCuts += 1
                    explore(point, trail, cut: number, allowed, &known)
                }
            }
        } catch {
            fail(trail, "the recovery failed: \(error)", world, tree, machine.tree)
        }
    }

    /// A second recovery finds nothing, and changes nothing; and the store can be used.
    private mutating func checkSecondRecovery(_ machine: SimulatedMachine, _ tree: SimulatedTree?, _ trail: Trail)
        throws
    {
        let recovered = machine.crashPoint
        let again = try world.open(machine, client: 1)
        let report = again.recoveryReport
        if !report.documents.isEmpty || (!report.warnings.isEmpty && !world.shape.allowsWarnings) {
            fail(trail, "a second recovery found something: \(report)", world, tree, machine.tree)
        } else if !machine.crashPoint.isSame(as: recovered) {
            fail(trail, "a second recovery changed something", world, tree, machine.tree)
        }
    }

    private mutating func fail(
        _ trail: Trail, _ problem: String, _ world: World, _ before: SimulatedTree?, _ after: SimulatedTree?
    ) {
        counts.add(
            Violation(
                world: world, trail: trail.description, problem: problem, before: before?.listing ?? "",
                after: after?.listing ?? ""))
    }
}

/// A state, as the cuts and choices that lead to it; no choice is a kill of the process alone.
struct Trail: Sendable, CustomStringConvertible {
    private(set) var cuts: [(cut: Int, choice: CrashPoint.Choice?)] = []

    init() {}

    init?(_ text: String) {
        for part in text.split(separator: "/") {
            let words = part.split(separator: ":", omittingEmptySubsequences: false)
            guard words.count == 2, let cut = Int(words[0]) else { return nil }
            let choice = CrashPoint.Choice(String(words[1]))
            if choice == nil, words[1] != "kill" { return nil }
            cuts.append((cut, choice))
        }
    }

    func adding(_ cut: Int, _ choice: CrashPoint.Choice?) -> Trail {
        var trail = self
        trail.cuts.append((cut, choice))
        return trail
    }

    var description: String {
        cuts.isEmpty ? "none" : cuts.map { "\($0.cut):\($0.choice?.description ?? "kill")" }.joined(separator: "/")
    }
}
