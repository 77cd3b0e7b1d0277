import Foundation
import Holdfast
import HoldfastTesting

/// One kind of commit, or several in a row: what there is before, what is done, and what there is to be behind it.
struct Shape: Sendable {
    struct Commit: Sendable {
        let run: @Sendable (DocumentStore) throws -> Void
        /// The store as it is to be where the commit did happen.
        var after: Contents
    }

    enum Group: String, CaseIterable, Sendable {
        case first, file, swap, unmanaged, names, batch, later, remnants, fallback, refused
    }

    let name: String
    let group: Group
    /// What the machine starts from; nil where the store's directory is not there yet.
    var start: Contents?
    /// What stands outside the store, such as a file to be added.
    var outside: Contents = Contents()
    /// The store as it is to be where no commit did happen.
    var before: Contents
    var commits: [Commit]
    /// The store as it is to be where all of them did.
    var after: Contents {
        get { commits.last?.after ?? before }
        set { if let last = commits.indices.last { commits[last].after = newValue } }
    }
    /// What ends them, also where one has failed.
    var finish: @Sendable (DocumentStore) -> Void = { _ in }
    /// Adds to the start what is only known on the machine, such as an inode's number.
    var prepare: @Sendable (Person) throws -> Void = { _ in }
    /// Entries of the store that change together or not at all; one document each.
    var units: [Set<String>] = [["a"]]
    /// A file that a person has saved, and nobody flushed, before the commit begins: path and text.
    var unflushed: (path: String, text: String)?
    /// A document that another writer has made before the commit begins, and nobody flushed: a crash may leave anything of
    /// it until the commit has returned.
    var unflushedDocument: Contents?
    /// An unmanaged file that the commit removes, unless a person changes it behind that decision: its path.
    var consumed: String?
    /// Whether recovery may move things to `.trash/`.
    var allowsTrash = false
    /// Whether recovery reports things that are not as they should be, and that it leaves alone.
    var allowsWarnings = false
    /// The user that the store is of.
    var user: UInt32 = 0
    /// What the file system can't do, besides what the model withholds.
    var missing: Set<Capability> = []
    var options: @Sendable (inout StoreOptions) -> Void = { _ in }

    init(_ name: String, _ group: Group, start: Contents? = nil, before: Contents, commits: [Commit]) {
        self.name = name
        self.group = group
        self.start = start ?? before
        self.before = before
        self.commits = commits
    }

    init(
        _ name: String, _ group: Group, start: Contents? = nil, before: Contents, after: Contents,
        commit: @escaping @Sendable (DocumentStore) throws -> Void
    ) {
        self.init(name, group, start: start, before: before, commits: [Commit(run: commit, after: after)])
    }

    /// Makes the commits.
    ///
    /// - Parameters:
    ///   - store: The store.
    ///   - first: The first of them that is made.
    ///   - returned: Is told of each that has returned.
    /// - Throws: What the first one that fails throws.
    func commit(_ store: DocumentStore, from first: Int = 0, returned: () -> Void = {}) throws {
        defer { finish(store) }
        for commit in commits[first...] {
            try commit.run(store)
            returned()
        }
    }

    func with(_ change: (inout Shape) -> Void) -> Shape {
        var shape = self
        change(&shape)
        return shape
    }

    /// The shape as far as a file system can have it: without links, a FIFO can't be carried.
    func adapted(to profile: Profile) -> Shape {
        guard profile.missing.union(missing).contains(.link) else { return self }
        return with { shape in
            shape.start = shape.start?.withoutFIFOs
            shape.before = shape.before.withoutFIFOs
            for index in shape.commits.indices {
                shape.commits[index].after = shape.commits[index].after.withoutFIFOs
            }
        }
    }

    var isDurable: Bool {
        var options = StoreOptions()
        self.options(&options)
        return options.durability == .powerLoss
    }

    // MARK: - Invariants

    /// The store before all commits, and behind each.
    private var states: [Contents] { [before] + commits.map(\.after) }

    /// Of a crash: what had returned has happened, the next commit may have, no other one.
    func states(returned count: Int) -> ClosedRange<Int> { count...min(count + 1, commits.count) }

    /// Any of them.
    var anyState: ClosedRange<Int> { 0...commits.count }

    /// Looks for what is wrong with a store after recovery.
    ///
    /// - Parameters:
    ///   - contents: What the store holds.
    ///   - allowed: How many commits may have happened.
    /// - Returns: What is wrong; nil where nothing is.
    func flaw(in contents: Contents, _ allowed: ClosedRange<Int>) -> String? {
        let states = Array(self.states[allowed])
        // Mostly all of the store is one of them.
        if states.contains(where: contents.matches) { return nil }
        var known: Set<String> = []
        for unit in units {
            known.formUnion(unit)
            let found = contents.restricted(to: unit)
            if states.contains(where: { found.matches($0.restricted(to: unit)) }) { continue }
            if allowed.lowerBound == 0 {
                // A crash may leave anything of what nobody has flushed.
                if allowed.count > 1, unflushedDocument.map({ !unit.isDisjoint(with: $0.names) }) ?? false { continue }
                let old = before.restricted(to: unit)
                if let path = unflushed?.path, let item = old[path], case .file = found[path]?.kind {
                    var settled = found
                    settled[path] = item
                    if settled.matches(old) { continue }
                }
            }
            let isUndone = self.states[..<allowed.lowerBound].contains { found.matches($0.restricted(to: unit)) }
            let what =
                isUndone
                ? "a commit had returned, and its old generation is back"
                : "not what it was behind commit \(allowed.map(String.init).joined(separator: " or "))"
            return "\(unit.sorted()): \(what)\n"
                + zip(allowed, states).map { number, state in
                    " against commit \(number):\n"
                        + Self.lines(found.differences(from: state.restricted(to: unit)))
                }.joined(separator: "\n")
        }
        let untouched = before.names.subtracting(known)
        let others = contents.restricted(to: untouched)
        if !others.matches(before.restricted(to: untouched)) {
            return "another document has changed\n"
                + Self.lines(others.differences(from: before.restricted(to: untouched)))
        }
        known.formUnion(untouched)
        if allowsTrash { known.insert(".trash") }
        let remnants = contents.names.subtracting(known)
        return remnants.isEmpty ? nil : "left behind: \(remnants.sorted().joined(separator: ", "))"
    }

    private static func lines(_ lines: [String]) -> String { lines.map { "  \($0)" }.joined(separator: "\n") }
}

/// A file system's promises and powers.
struct Profile: Sendable {
    let name: String
    let model: DurabilityModel
    var missing: Set<Capability> = [.clone]
    var ignoresSyncfs = false

    /// Whether it promises no more than it must.
    var isStrict: Bool { model == .strictPOSIX }

    static let all = [
        Profile(name: "posix", model: .strictPOSIX),
        Profile(name: "ext4", model: .ext4Ordered),
        Profile(name: "btrfs", model: .btrfs, missing: []),
        Profile(
            name: "plain", model: .strictPOSIX, missing: [.clone, .exchange, .noReplace, .link, .copyRange],
            ignoresSyncfs: true),
    ]

    func configuration(_ shape: Shape, seed: UInt64, boot: Int, lies: SimulatedMachine.Lies)
        -> SimulatedMachine.Configuration
    {
        var configuration = SimulatedMachine.Configuration()
        configuration.model = model
        configuration.missing = missing.union(shape.missing)
        configuration.ignoresSyncfs = ignoresSyncfs
        configuration.seed = seed
        configuration.user = shape.user
        configuration.lies = lies
        // Later boots are later, so that recovery sees times in their order.
        configuration.bootTime = Timestamp(seconds: 1_700_000_000 + Int64(boot) * 1000, nanoseconds: 0)
        return configuration
    }
}
