import Foundation
import Holdfast
import HoldfastTesting
import Synchronization

/// Leads to one state again, and shows each call on the way, and the trees.
struct Replay {
    let world: World
    let trail: Trail

    func run() throws {
        var machine = try world.start()
        var returns: [Int] = []
        var points = try traced(machine, "commit") {
            try world.shape.commit(try world.open(machine)) { returns.append(machine.markRecording()) }
        }
        var allowed = world.shape.states(returned: returns.count)
        for (number, (cut, choice)) in trail.cuts.enumerated() {
            guard points.indices.contains(cut) else { throw Unexpected("there is no cut \(cut)") }
            if number == 0 { allowed = world.shape.states(returned: returns.count { $0 <= cut }) }
            guard let choice else {
                print("\n=== killed before call \(points[cut].callsBefore)")
                machine = world.revive(points[cut])
                points = try traced(machine, "recovery \(number + 1)") { print(try world.open(machine).recoveryReport) }
                continue
            }
            guard let tree = points[cut].tree(choice) else {
                throw Unexpected("there is no state \(cut):\(choice); the protocol has changed, or the seed is another")
            }
            print("\n=== power cut before call \(points[cut].callsBefore); the disk holds\n\(tree.listing)")
            machine = world.boot(tree, number + 1)
            points = try traced(machine, "recovery \(number + 1)") { print(try world.open(machine).recoveryReport) }
        }
        print("\n=== in the end\n\(machine.tree.listing)")
        let flaw = world.flaw(in: machine.tree, allowed)
        print("\n=== \(flaw ?? "no violation")")
    }

    private func traced(_ machine: SimulatedMachine, _ what: String, _ body: () throws -> Void) throws -> [CrashPoint] {
        print("\n=== \(what)")
        let mutant = world.mutant?.interceptor()
        let number = Mutex(0)
        machine.intercept { call in
            if call.call.isMutating || call.call == .lock {
                print("\(number.withLock { $0 += 1; return $0 }) \(call)")
            }
            return mutant?(call)
        }
        machine.startRecording()
        do { try body() } catch { print("failed: \(error)") }
        return machine.stopRecording()
    }
}
