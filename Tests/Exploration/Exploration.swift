import Foundation
import Holdfast
import HoldfastTesting

/// Runs what was asked for, and prints one line for each group of shapes.
struct Exploration {
    let options: Options
    private var total = Counts()
    private var survivors = 0

    init(_ options: Options) { self.options = options }

    mutating func run() throws {
        if let name = options.replay { return try replay(name) }
        print("seed \(options.seed), \(options.shapes.count) shapes, \(options.profiles.count) models")
        if options.includes("faults") { faults() }
        if options.includes("clients") { clients() }
        if options.includes("person") { person() }
        // Last: a long run makes up with them for what the others have not explored.
        if options.includes("crashes") { crashes() }
        if options.parts.contains("mutants") { try mutants() }
        print(
            "explored   \(options.shapes.count) shapes, \(Clients.all.count) sets of programs, \(options.profiles.count) models: \(total.states) states, \(total.cuts) cuts of commits, \(total.recoveryCuts) cuts of recoveries, \(total.faults) failures, \(total.schedules) orders, \(total.edits) edits; \(total.violationCount) violations"
        )
        for violation in total.violations { print("\n\(violation)") }
        if total.violationCount + survivors > 0 { exit(1) }
    }

    private var worlds: [(key: Shape.Group, job: World)] {
        options.shapes.flatMap { shape in
            options.profiles.map { (shape.group, World(shape, $0, seed: options.seed)) }
        }
        // What takes longest comes first, so that no core waits at the end.
        .sorted { $0.job.shape.before.items.count > $1.job.shape.before.items.count }
    }

    /// Rounds of a long run go on until so many states were met in all, each once for a shape and a model.
    private static let longStates = 10_000_000

    private mutating func crashes() {
        let isLong = options.isLong
        let jobs = worlds
        var explorers = jobs.map { group, world in
            // What several documents leave multiplies.
            let depth = group == .batch ? 2 : 3
            return CrashExplorer(world, .init(states: isLong ? 1500 : 100, recoveryStates: 6, depth: depth))
        }
        var (round, states, isOver): (UInt64, Int, Bool) = (0, 0, false)
        repeat {
            explorers = inParallel(explorers) { [round] explorer in
                var explorer = explorer
                explorer.run(round: round)
                if isLong { Self.progress("round \(round)", explorer.world.name, explorer.counts) }
                return explorer
            }
            let sum = explorers.reduce(into: Counts()) { $0 += $1.counts }
            if isLong { Self.progress("round \(round)", "all", sum) }
            // The few states of some shapes are all known after some rounds.
            let isExhausted = sum.states - states <= sum.states / 1000
            isOver = !isLong || sum.violationCount > 0 || total.states + sum.states >= Self.longStates || isExhausted
            (round, states) = (round + 1, sum.states)
        } while !isOver
        let sums = sums(zip(jobs.map(\.key), explorers.map(\.counts)))
        for group in Shape.Group.allCases {
            guard let counts = sums[group] else { continue }
            total += counts
            print(
                "crashes    \(group.rawValue.padded(10)) \(counts.states) states, \(counts.cuts) cuts of commits (\(counts.sampledCuts) sampled), \(counts.recoveryCuts) cuts of recoveries, \(counts.violationCount) violations"
            )
        }
    }

    /// Shows how far a long run is, at once, also in a file.
    private static func progress(_ round: String, _ what: String, _ counts: Counts) {
        let line = "\(round), \(what): \(counts.states) states, \(counts.violationCount) violations\n"
        FileHandle.standardError.write(Data(line.utf8))
    }

    private mutating func faults() {
        let options = self.options
        let sums = explore(worlds) { world in
            // Which calls fail, and how, has little to do with what a crash loses.
            if !options.isLong, world.profile.name == "btrfs" { return Counts() }
            var explorer = FaultExplorer(world, states: options.isLong ? 12 : 4)
            explorer.run()
            return explorer.counts
        }
        for group in Shape.Group.allCases {
            guard let counts = sums[group] else { continue }
            total += counts
            print(
                "faults     \(group.rawValue.padded(10)) \(counts.faults) faults, \(counts.violationCount) violations")
        }
    }

    private mutating func clients() {
        let options = self.options
        let bounds = ClientExplorer.Bounds(
            pairs: options.isLong ? 60_000 : 200, samples: options.isLong ? 5000 : 50,
            crashStates: options.isLong ? 12 : 3)
        let jobs = Clients.all.filter { clients in options.only.map { clients.name.contains($0) } ?? true }.flatMap {
            clients in
            options.profiles.map { (key: clients.name, job: (clients, $0)) }
        }
        let sums = explore(jobs) { clients, profile in
            var explorer = ClientExplorer(clients, profile, seed: options.seed, bounds: bounds)
            explorer.run()
            return explorer.counts
        }
        for clients in Clients.all {
            guard let counts = sums[clients.name] else { continue }
            total += counts
            print(
                "clients    \(clients.name.padded(46)) \(counts.schedules) orders, \(counts.states) states, \(counts.violationCount) violations"
            )
        }
    }

    private mutating func person() {
        let options = self.options
        let shapes = options.select(Shapes.all + Shapes.forPersons).filter(PersonExplorer.isFor)
        let jobs = shapes.flatMap { shape in
            options.profiles.map { (key: shape.name, job: World(shape, $0, seed: options.seed)) }
        }
        let sums = explore(jobs) { world in
            var explorer = PersonExplorer(
                world, crashStates: options.isLong ? 16 : 2, crashStride: options.isLong ? 1 : 16)
            explorer.run()
            return explorer.counts
        }
        for shape in shapes {
            guard let counts = sums[shape.name] else { continue }
            total += counts
            print(
                "person     \(shape.name.padded(46)) \(counts.edits) edits, \(counts.states) states, \(counts.violationCount) violations"
            )
        }
    }

    /// Prints the table of the mutants, by family.
    private mutating func mutants() throws {
        let worlds = self.worlds.map(\.job)
        let candidates = try Mutants.all(worlds).filter { candidate in
            options.mutant.map { candidate.mutant.name.contains($0) } ?? true
        }
        let seed = options.seed
        let killers = inParallel(candidates) { Mutants.hunt($0, worlds, seed: seed) }
        let table = MutantTable(candidates, killers: killers)
        table.rows.forEach { print("mutant     \($0.family.rawValue): \($0.name): \($0.result)") }
        print("mutants    \(table.summary)")
        if let path = options.table { try table.article.write(toFile: path, atomically: true, encoding: .utf8) }
        survivors = table.survived
    }

    private func replay(_ name: String) throws {
        let profile = try options.profiles.first.orThrow("there is no profile \(options.profile ?? "")")
        if let clients = Clients.all.first(where: { $0.name == name }) {
            return try AttemptReplay(trail: options.trail).run(clients, profile, seed: options.seed)
        }
        let shapes = Shapes.all + Shapes.forPersons
        let shape = try shapes.first { $0.name == name }.orThrow("there is no shape “\(name)”")
        let world = World(shape, profile, seed: options.seed)
        if options.trail.hasPrefix("fault:") || options.trail.hasPrefix("edit:") {
            return try AttemptReplay(trail: options.trail).run(world)
        }
        let trail = options.trail == "none" ? Trail() : try Trail(options.trail).orThrow("the trail can't be read")
        try Replay(world: world, trail: trail).run()
    }
}

extension String {
    func padded(_ width: Int) -> String { padding(toLength: max(width, count), withPad: " ", startingAt: 0) }
}
