import Foundation
import Holdfast
import HoldfastTesting
import Synchronization

/// Lets every call of a commit fail, in each plausible way, once and for good; and looks at the store behind it, in the
/// same process, after a restart, and after a crash.
struct FaultExplorer {
    let world: World
    /// Crash states behind each failure.
    let states: Int
    /// Only every so many-th call.
    var stride = 1
    var stopsAtFirstViolation = false
    private(set) var counts = Counts()

    init(_ world: World, states: Int, stride: Int = 1, stopsAtFirstViolation: Bool = false) {
        self.world = world
        self.states = states
        self.stride = stride
        self.stopsAtFirstViolation = stopsAtFirstViolation
    }

    enum Duration: String, CaseIterable, Sendable { case once, always }

    /// One failure: which call of the commit, which of its faults, and for how long.
    struct Attempt {
        let call: Int
        let fault: Int
        let duration: Duration

        var trail: String { "fault:\(call).\(fault).\(duration.rawValue)" }
    }

    mutating func run() {
        do {
            let start = try world.start().tree
            let calls = try trace(start)
            for call in calls where call.index % stride == Int(world.seed) % stride {
                for (number, fault) in call.call.plausibleFaults.enumerated() {
                    for duration in Duration.allCases {
                        // Nobody is interrupted for ever.
                        if duration == .always, fault == .failure(.interrupted) { continue }
                        if stopsAtFirstViolation, counts.violationCount > 0 { return }
                        counts.faults += 1
                        attempt(start, call, Attempt(call: call.index, fault: number, duration: duration))
                    }
                }
            }
        } catch {
            fail("none", "the commit failed without any fault: \(error)", nil, nil)
        }
    }

    /// Makes one failure again.
    mutating func replay(_ attempt: Attempt) throws {
        let start = try world.start().tree
        let call = try trace(start).first { $0.index == attempt.call }.orThrow("there is no call \(attempt.call)")
        guard call.call.plausibleFaults.indices.contains(attempt.fault) else {
            throw Unexpected("\(call) has no fault \(attempt.fault)")
        }
        self.attempt(start, call, attempt)
    }

    private func trace(_ start: SimulatedTree) throws -> [SimulatedCall] {
        let machine = world.boot(start, 0)
        let calls = Mutex<[SimulatedCall]>([])
        let mutant = world.mutant?.interceptor()
        machine.intercept { call in
            calls.withLock { $0.append(call) }
            return mutant?(call)
        }
        try world.shape.commit(try world.open(machine))
        machine.intercept(nil)
        return calls.withLock { $0 }
    }

    private mutating func attempt(_ start: SimulatedTree, _ call: SimulatedCall, _ attempt: Attempt) {
        let fault = call.call.plausibleFaults[attempt.fault]
        let machine = world.boot(start, 0)
        let mutant = world.mutant?.interceptor()
        machine.intercept { now in
            let isHit =
                now.index == call.index
                || (attempt.duration == .always && now.index > call.index && now.call == call.call)
            return isHit ? fault : mutant?(now)
        }
        let (store, returned, error) = outcome(machine)
        machine.intercept(world.mutant?.interceptor())
        let name = "\(call), \(fault) \(attempt.duration.rawValue)"
        let result = error.map { "failed: \($0)" } ?? "returned"
        let before = machine.tree
        // Where no flush succeeds, nobody knows what a crash leaves of a save that was taken back.
        let isNeverFlushed = attempt.duration == .always && [.fsync, .syncfs].contains(call.call)
        func check(_ tree: SimulatedTree, _ how: String, afterCrash: Bool = false) -> (String, SimulatedTree)? {
            flaw(tree, how, error, returned, mayBeEither: afterCrash && isNeverFlushed).map {
                ("\(name)\nthe commit \(result)\n\($0.problem)", $0.after)
            }
        }
        // The store's own directory stays open with it.
        if machine.openDescriptorCount > (store == nil ? 0 : 1) {
            fail(
                attempt.trail, "\(name)\nthe commit \(result)\n\(machine.openDescriptorCount) descriptors stay open",
                before, nil
            )
        }
        if error != nil, !fault.mayFail {
            fail(attempt.trail, "\(name)\nthe commit \(result)\nwhere it should have gone on", before, nil)
        }
        if let (problem, after) = check(before, "opened again") { return fail(attempt.trail, problem, before, after) }
        guard world.shape.isDurable else { return }
        var found: (String, SimulatedTree, SimulatedTree)?
        machine.crashPoint.forEachState(.init(limit: states, seed: world.seed)) { _, tree in
            guard found == nil else { return }
            if let (problem, after) = check(tree, "opened again after a crash", afterCrash: true) {
                found = (problem, tree, after)
            }
        }
        if let (problem, tree, after) = found { return fail(attempt.trail, problem, tree, after) }
        if let error, let store, !Self.isUnknown(error) {
            tryAgain(store, machine, from: returned, attempt, "\(name)\nthe commit \(result)")
        }
    }

    /// The same process tries again, and nothing fails any more: what returns then is durable.
    private mutating func tryAgain(
        _ store: DocumentStore, _ machine: SimulatedMachine, from first: Int, _ attempt: Attempt, _ name: String
    ) {
        let before = machine.tree
        do {
            try world.shape.commit(store, from: first)
        } catch {
            return fail(attempt.trail, "\(name)\nand failed when it was tried again: \(error)", before, machine.tree)
        }
        // What a failed flush has left in doubt is written anew, also where it has not changed.
        let checker = FaultExplorer(world.withoutTimesOfManaged, states: states)
        var found: (String, SimulatedTree, SimulatedTree)?
        machine.crashPoint.forEachState(.init(limit: states, seed: world.seed)) { _, tree in
            guard found == nil else { return }
            let how = "tried again, and opened after a crash"
            if let flaw = checker.flaw(tree, how, nil, world.shape.commits.count, mayBeEither: false) {
                found = ("\(name)\n\(flaw.problem)", tree, flaw.after)
            }
        }
        if let (problem, tree, after) = found { fail(attempt.trail, problem, tree, after) }
    }

    /// The store, how many commits have returned, and what the next one failed with.
    private func outcome(_ machine: SimulatedMachine) -> (DocumentStore?, returned: Int, (any Error)?) {
        var returned = 0
        var store: DocumentStore?
        do {
            let opened = try world.open(machine)
            store = opened
            try world.shape.commit(opened) { returned += 1 }
            return (store, returned, nil)
        } catch {
            return (store, returned, error)
        }
    }

    private func flaw(
        _ tree: SimulatedTree, _ how: String, _ error: (any Error)?, _ returned: Int, mayBeEither: Bool
    ) -> (problem: String, after: SimulatedTree)? {
        let machine = world.boot(tree, 1)
        do {
            let report = try world.open(machine).recoveryReport
            if !report.isComplete { return ("\(how): the recovery is not complete: \(report)", machine.tree) }
            // Of a batch's documents, some may have been saved.
            let isBatch = world.shape.units.count > 1 && world.shape.commits.count == 1
            let isOld = !isBatch && !mayBeEither && error.map { !Self.isUnknown($0) } == true
            let flaw = world.flaw(
                in: machine.tree, isOld ? returned...returned : world.shape.states(returned: returned))
            return flaw.map { ("\(how): \($0)", machine.tree) }
        } catch {
            return ("\(how): the recovery failed: \(error)", machine.tree)
        }
    }

    /// Whether an error says that the commit may have happened.
    private static func isUnknown(_ error: any Error) -> Bool {
        (error as? HoldfastError)?.code == .durabilityUnknown
    }

    private mutating func fail(_ trail: String, _ problem: String, _ before: SimulatedTree?, _ after: SimulatedTree?) {
        counts.add(
            Violation(
                world: world, trail: trail, problem: problem, before: before?.listing ?? "",
                after: after?.listing ?? ""))
    }
}

extension SimulatedFault {
    /// Whether a commit may fail for it.
    fileprivate var mayFail: Bool {
        switch self {
        case .failure(.interrupted), .short: false
        default: true
        }
    }
}

extension SystemCall {
    /// How a call may fail on a machine that works otherwise, as its man page has it.
    fileprivate var plausibleFaults: [SimulatedFault] {
        let errors: [Errno] =
            switch self {
            case .openat: [.inputOutput, .tooManyOpen, .noSpace]
            case .mkdir, .mkdirat, .symlinkat: [.inputOutput, .noSpace, .quota]
            case .pwrite: [.inputOutput, .noSpace]
            case .renameat2: [.inputOutput, .noSpace, .busy]
            case .linkat: [.inputOutput, .noSpace, .tooManyLinks, .notPermitted]
            case .unlinkat, .rmdirat: [.inputOutput, .busy, .accessDenied]
            case .fsync, .syncfs: [.inputOutput, .noSpace]
            case .lock: [.noLocks]
            // EPERM of chown(2) is no failure: what is not ours to give away stays ours.
            case .fchown, .fchownat: [.inputOutput]
            case .fchmod, .futimens, .utimensat: [.inputOutput, .notPermitted]
            case .flistxattr, .fgetxattr, .fsetxattr, .fremovexattr: [.inputOutput, .noSpace]
            case .ficlone, .copy_file_range: [.inputOutput, .noSpace, .crossDevice]
            case .lseek: [.invalid]
            case .close, .pread, .ftruncate, .statx, .getdents64, .readlinkat, .sync_file_range, .unlock, .fstatfs,
                .faccessat:
                [.inputOutput]
            }
        let failures: [SimulatedFault] =
            self == .fsync || self == .syncfs || self == .sync_file_range
            ? errors.map { .failureDroppingPages($0) } : errors.map { .failure($0) }
        // What close(2) was interrupted in is done.
        let transient: [SimulatedFault] = self == .close || self == .unlock ? [] : [.failure(.interrupted)]
        let short: [SimulatedFault] = [.pwrite, .pread, .copy_file_range].contains(self) ? [.short(1)] : []
        return failures + transient + short
    }
}
