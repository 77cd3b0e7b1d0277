import Foundation
import Holdfast
import HoldfastTesting

/// A shape on a file system: what an exploration runs again and again.
struct World: Sendable {
    private(set) var shape: Shape
    let profile: Profile
    let seed: UInt64
    var mutant: Mutant?
    /// Whether others may come between the parts of a listing.
    var listsInParts = false

    init(_ shape: Shape, _ profile: Profile, seed: UInt64, mutant: Mutant? = nil) {
        self.shape = shape.adapted(to: profile)
        self.profile = profile
        self.seed = seed
        self.mutant = mutant
    }

    var name: String { "“\(shape.name)” on \(profile.name)" }

    /// The world where it does not matter when managed files were written.
    var withoutTimesOfManaged: World {
        var world = self
        world.shape.before = shape.before.withoutTimesOfManaged
        for index in shape.commits.indices {
            world.shape.commits[index].after = shape.commits[index].after.withoutTimesOfManaged
        }
        return world
    }

    /// A machine as it is before the commits.
    func start() throws -> SimulatedMachine {
        let machine = SimulatedMachine(configuration(boot: 0))
        if let start = shape.start {
            try start.install(on: machine)
            // A store that was used before has its lock file.
            try Person(machine).write("", to: "\(Contents.storePath)/.lock")
            try shape.prepare(Person(machine))
        }
        try shape.outside.install(on: machine, at: "/outside")
        machine.flushEverything()
        if let (path, text) = shape.unflushed { try Person(machine).write(text, to: "\(Contents.storePath)/\(path)") }
        try shape.unflushedDocument?.add(to: machine)
        mutate(machine)
        return machine
    }

    /// A machine after a crash.
    func boot(_ tree: SimulatedTree, _ count: Int) -> SimulatedMachine {
        let machine = SimulatedMachine(configuration(boot: count), booting: tree)
        mutate(machine)
        return machine
    }

    /// The machine of a crash point, all of whose processes were killed, and which runs on.
    func revive(_ point: CrashPoint) -> SimulatedMachine {
        let machine = SimulatedMachine(configuration(boot: 1), continuing: point)
        mutate(machine)
        return machine
    }

    /// What is wrong with a machine after recovery; nil where nothing is.
    func flaw(in tree: SimulatedTree, _ allowed: ClosedRange<Int>) -> String? {
        if !shape.outside.items.isEmpty {
            let outside = Contents(of: tree, at: "/outside")
            if !outside.matches(shape.outside) {
                return "outside the store:\n" + outside.differences(from: shape.outside).joined(separator: "\n")
            }
        }
        return shape.flaw(in: Contents(of: tree), allowed)
    }

    private func configuration(boot: Int) -> SimulatedMachine.Configuration {
        var configuration = profile.configuration(shape, seed: seed, boot: boot, lies: mutant?.lies ?? [])
        configuration.listsInParts = listsInParts
        return configuration
    }

    private func mutate(_ machine: SimulatedMachine) {
        if let interceptor = mutant?.interceptor() { machine.intercept(interceptor) }
    }

    private static let codecs = Result { try CodecRegistry(TextCodec()) }

    /// Opens the store, which recovers it.
    func open(_ machine: SimulatedMachine, client: Int = 0) throws -> DocumentStore {
        var options = StoreOptions()
        options.parallelism = 1
        shape.options(&options)
        return try DocumentStore.open(
            at: Contents.storePath, on: machine.client(client), codecs: Self.codecs.get(), options: options)
    }
}

/// Something that must not be.
struct Violation: Sendable, CustomStringConvertible {
    let world: World
    /// How it came about, as the replay takes it.
    let trail: String
    let problem: String
    let before: String
    let after: String

    var description: String {
        """
        VIOLATION in \(world.name), seed \(world.seed)
          replay: --replay "\(world.shape.name)" --profile \(world.profile.name) --seed \(world.seed) --trail \(trail)
        \(problem)
        --- before
        \(before)
        --- after
        \(after)
        """
    }
}

/// What was explored.
struct Counts: Sendable {
    var states = 0
    var cuts = 0
    var sampledCuts = 0
    var recoveryCuts = 0
    var faults = 0
    var schedules = 0
    var edits = 0
    var violationCount = 0
    /// The first of them.
    var violations: [Violation] = []

    mutating func add(_ violation: Violation) {
        violationCount += 1
        if violations.count < 2 { violations.append(violation) }
    }

    static func += (a: inout Counts, b: Counts) {
        a.states += b.states
        a.cuts += b.cuts
        a.sampledCuts += b.sampledCuts
        a.recoveryCuts += b.recoveryCuts
        a.faults += b.faults
        a.schedules += b.schedules
        a.edits += b.edits
        a.violationCount += b.violationCount
        a.violations.append(contentsOf: b.violations.prefix(max(0, 3 - a.violations.count)))
    }
}
