import Foundation
import Holdfast
import HoldfastTesting
import Synchronization

/// The mistakes that the exploration has to find.
enum Mutants {
    enum Family: String, CaseIterable, Sendable {
        case flush = "a flush left out"
        case order = "two steps in the other order"
        case step = "a step left out"
        case check = "a check left out"
    }

    /// A mistake, and where it may show.
    struct Candidate: Sendable {
        let family: Family
        let mutant: Mutant
        /// Worlds in which the step occurs; empty for all.
        var worlds: [World] = []
        /// Where it is looked for, the likeliest and cheapest first.
        var hunts: [Hunt] = [
            .crashes(states: 6), .crashes(states: 40), .faults, .clients, .person(worlds: 4),
        ]
    }

    /// A way to look for a violation.
    enum Hunt: Sendable {
        case crashes(states: Int)
        case faults
        case clients
        case person(worlds: Int)
    }

    // MARK: - Steps, as they are found in traces

    /// A step of the protocol, as it occurs in the commits and recoveries of all shapes.
    private struct Step {
        var call: SystemCall
        var worlds: [World] = []
        /// The kinds of calls that come next.
        var followers: Set<SystemCall> = []
    }

    private static func steps(_ worlds: [World]) throws -> [(name: String, step: Step)] {
        var steps: [String: Step] = [:]
        for world in worlds {
            for trace in try traces(world) {
                var namer = StepNamer()
                var previous: String?
                for call in trace {
                    // Opening a file, for reading or anew, is no step that another could change places with.
                    guard let name = namer.name(call), call.call != .openat else { continue }
                    var step = steps[name] ?? Step(call: call.call)
                    let isNew = step.worlds.last.map {
                        $0.shape.name != world.shape.name || $0.profile.name != world.profile.name
                    }
                    if isNew ?? true { step.worlds.append(world) }
                    steps[name] = step
                    if let previous { steps[previous]?.followers.insert(call.call) }
                    previous = name
                }
            }
        }
        return steps.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The calls of a commit, and of the recoveries from some of its cuts.
    private static func traces(_ world: World) throws -> [[SimulatedCall]] {
        let machine = try world.start()
        machine.startRecording()
        var traces = [
            try traced(machine) { try world.shape.commit(try world.open(machine)) }
        ]
        for point in machine.stopRecording() {
            for tree in [point.allLost, point.nothingLost.tree] {
                let machine = world.boot(tree, 1)
                traces.append(try traced(machine) { _ = try world.open(machine) })
            }
        }
        return traces
    }

    private static func traced(_ machine: SimulatedMachine, _ body: () throws -> Void) throws -> [SimulatedCall] {
        let calls = Mutex<[SimulatedCall]>([])
        machine.intercept { call in
            calls.withLock { $0.append(call) }
            return nil
        }
        try body()
        machine.intercept(nil)
        return calls.withLock { $0 }
    }

    /// Puts a fault in the place of every call that is a certain step.
    private static func replacing(_ step: String, by fault: SimulatedFault)
        -> @Sendable () -> SimulatedMachine.Interceptor
    {
        {
            let namer = Mutex(StepNamer())
            return { call in namer.withLock { $0.name(call) } == step ? fault : nil }
        }
    }

    /// Answers that there is no such entry.
    ///
    /// For what begins with a text, or without a dot in front, ends with it.
    private static func overlooking(_ affix: String) -> @Sendable () -> SimulatedMachine.Interceptor {
        {
            { call in
                guard call.call == .statx else { return nil }
                let name = call.path.split(separator: "/").last.map(String.init) ?? ""
                let isIt = affix.hasPrefix(".") ? name.hasPrefix(affix) : name.hasSuffix(affix)
                return isIt ? .failure(.notFound) : nil
            }
        }
    }

    // MARK: - All of them

    static func all(_ worlds: [World]) throws -> [Candidate] {
        var candidates: [Candidate] = []
        for (name, step) in try steps(worlds) {
            switch step.call {
            case .fsync, .syncfs, .sync_file_range:
                candidates.append(
                    Candidate(
                        family: .flush, mutant: Mutant(name: name, makeInterceptor: replacing(name, by: .skipped)),
                        worlds: step.worlds))
            case .renameat2, .linkat, .unlinkat, .rmdirat, .symlinkat, .fchmod, .fchown, .futimens, .fsetxattr:
                candidates.append(
                    Candidate(
                        family: .step, mutant: Mutant(name: name, makeInterceptor: replacing(name, by: .skipped)),
                        worlds: step.worlds))
            default: break
            }
            // The order of two flushes, of two deletions, or of two entries is no order of the protocol.
            let isAboutEntries = name.contains("/entry") || name.contains("/folder")
            let isOrdered: Bool =
                switch step.call {
                case .fsync, .syncfs: !step.followers.isSubset(of: [.fsync, .syncfs])
                case .renameat2: !isAboutEntries
                // A deletion inside a generation may come as late as it likes; one of the store's names may not.
                case .unlinkat, .rmdirat: name.split(separator: " ").dropFirst().first?.contains("/") == false
                default: false
                }
            if isOrdered {
                let isFlush = step.call == .fsync || step.call == .syncfs
                let place = isFlush ? "the renames and removals that follow" : "the next call"
                candidates.append(
                    Candidate(
                        family: .order,
                        mutant: Mutant(
                            name: "\(name), behind \(place)", makeInterceptor: replacing(name, by: .postponed)),
                        worlds: step.worlds))
            }
        }
        return candidates + checks
    }

    private static let checks: [Candidate] = [
        lie("files are created over others (no O_EXCL)", .ignoresExclusive, .person(worlds: 16)),
        lie("links are followed (no O_NOFOLLOW)", .followsLinks),
        lie("renames replace what stands there (no RENAME_NOREPLACE)", .ignoresNoReplace, .person(worlds: 4)),
        lie("no lock is taken", .grantsLocks, .clients),
        lie("recovery takes no lock (liveness)", .grantsTryLocks, .clients),
        lie("readers take no lock", .grantsSharedLocks, .clients),
        lie("a failed flush is tried again", .hidesFailedFlushes, .faults),
        lie("inodes are not compared", .hidesInodes),
        lie("times are not compared", .hidesTimes),
        overlook("recovery overlooks the old generation (last copy)", ".old-"),
        overlook("recovery overlooks the staging", ".staging-"),
        overlook("recovery overlooks removals", ".removed-"),
        overlook("recovery overlooks records", ".commit-"),
        overlook("a file's old temporary file is overlooked", "meta.txt.tmp", .person(worlds: 16)),
    ]

    private static func lie(_ name: String, _ lies: SimulatedMachine.Lies, _ likeliest: Hunt? = nil) -> Candidate {
        check(Mutant(name: name, lies: lies), likeliest)
    }

    private static func overlook(_ name: String, _ affix: String, _ likeliest: Hunt? = nil) -> Candidate {
        check(Mutant(name: name, makeInterceptor: overlooking(affix)), likeliest)
    }

    private static func check(_ mutant: Mutant, _ likeliest: Hunt?) -> Candidate {
        var candidate = Candidate(family: .check, mutant: mutant)
        if let likeliest { candidate.hunts.insert(likeliest, at: 0) }
        return candidate
    }

    // MARK: - What is no mistake

    /// Mutants that change nothing that counts, and why.
    private static let harmless: [String: String] = [
        "fsync X after rename .staging-X → X": nothingHasCome,
        "fsync X after rename .staging-X → X, behind the renames and removals that follow": nothingHasCome,
    ]

    private static let nothingHasCome =
        "nothing but managed files is there, so nothing has come to X; where something has, the step has another name"

    /// Why a mutant that nothing catches is none.
    static func reason(_ candidate: Candidate) -> String? { harmless[candidate.mutant.name] }

    // MARK: - The hunt

    /// Looks for a violation that a mistake leads to.
    ///
    /// - Returns: How it was found, and in which shape; nil where it was not.
    static func hunt(_ candidate: Candidate, _ worlds: [World], seed: UInt64) -> String? {
        // The cheapest first.
        let all = (candidate.worlds.isEmpty ? worlds : candidate.worlds).reversed().map { world in
            var world = world
            world.mutant = candidate.mutant
            return world
        }
        for hunt in candidate.hunts {
            if let found = self.hunt(hunt, candidate.mutant, all, seed: seed) { return found }
        }
        return nil
    }

    private static func hunt(_ hunt: Hunt, _ mutant: Mutant, _ worlds: [World], seed: UInt64) -> String? {
        switch hunt {
        case .crashes(let states):
            // A step of many shapes shows in a few, or in none; where it does not, in all of them is looked.
            for world in spread(worlds, states > 10 ? .max : 48) {
                var explorer = CrashExplorer(
                    world, .init(states: states, recoveryStates: states / 6, depth: 2, stopsAtFirstViolation: true))
                explorer.run()
                if explorer.counts.violationCount > 0 { return "crash, \(world.name)" }
            }
        case .faults:
            for world in spread(worlds.filter(\.profile.isStrict), 8) {
                var explorer = FaultExplorer(world, states: 4, stopsAtFirstViolation: true)
                explorer.run()
                if explorer.counts.violationCount > 0 { return "fault, \(world.name)" }
            }
        case .clients:
            for clients in Clients.all {
                for profile in Profile.all where profile.isStrict {
                    var explorer = ClientExplorer(
                        clients, profile, seed: seed,
                        bounds: .init(pairs: 100, samples: 20, crashStates: 2, stopsAtFirstViolation: true),
                        mutant: mutant)
                    explorer.run()
                    if explorer.counts.violationCount > 0 { return "clients, “\(clients.name)” on \(profile.name)" }
                }
            }
        case .person(let limit):
            // The fullest document shows most, where the file system helps least; a commit of one file is the shortest.
            let fullest = worlds.filter { PersonExplorer.isFor($0.shape) }.sorted {
                ($0.shape.group == .file ? 1 : 0, $0.profile.missing.count, $0.shape.before.items.count)
                    > ($1.shape.group == .file ? 1 : 0, $1.profile.missing.count, $1.shape.before.items.count)
            }
            for world in spread(fullest, limit) {
                var explorer = PersonExplorer(world, crashStates: 2, crashStride: 16, stopsAtFirstViolation: true)
                explorer.run()
                if explorer.counts.violationCount > 0 {
                    return "person, \(world.name)"
                }
            }
        }
        return nil
    }

    /// So many of them at most, from the first to the last.
    private static func spread(_ worlds: [World], _ limit: Int) -> [World] {
        guard worlds.count > limit else { return worlds }
        return (0..<limit).map { worlds[$0 * worlds.count / limit] }
    }
}
