import Foundation
import Holdfast
import HoldfastTesting

/// One kind of commit: what there is before, what is done, and what there is to be behind it.
struct Shape: Sendable {
    enum Group: String, CaseIterable, Sendable {
        case first, file, swap, unmanaged, names, batch, later, remnants, fallback, refused
    }

    let name: String
    let group: Group
    /// What the machine starts from; nil where the store's directory is not there yet.
    var start: Contents?
    /// What stands outside the store, such as a file to be added.
    var outside: Contents = Contents()
    /// The store as it is to be where the commit did not happen.
    var before: Contents
    /// The store as it is to be where it did.
    var after: Contents
    /// Other whole states, where a shape makes several commits.
    var between: [Contents] = []
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
    let commit: @Sendable (DocumentStore) throws -> Void

    init(
        _ name: String, _ group: Group, start: Contents? = nil, before: Contents, after: Contents,
        commit: @escaping @Sendable (DocumentStore) throws -> Void
    ) {
        self.name = name
        self.group = group
        self.start = start ?? before
        self.before = before
        self.after = after
        self.commit = commit
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
            shape.after = shape.after.withoutFIFOs
        }
    }

    var isDurable: Bool {
        var options = StoreOptions()
        self.options(&options)
        return options.durability == .powerLoss
    }

    // MARK: - Invariants

    /// Looks for what is wrong with a store after recovery.
    ///
    /// - Parameters:
    ///   - contents: What the store holds.
    ///   - mustBeNew: Whether the commit had returned, and promised to survive.
    ///   - mustBeOld: Whether the commit had failed, and said that nothing was saved.
    /// - Returns: What is wrong; nil where nothing is.
    func flaw(in contents: Contents, mustBeNew: Bool, mustBeOld: Bool = false) -> String? {
        // Mostly all of the store is one or the other.
        if !mustBeOld, contents.matches(after) { return nil }
        if !mustBeNew, contents.matches(before) { return nil }
        var known: Set<String> = []
        for unit in units {
            known.formUnion(unit)
            var found = contents.restricted(to: unit)
            let (old, new) = (before.restricted(to: unit), after.restricted(to: unit))
            if let path = unflushed?.path, let item = old[path], case .file = found[path]?.kind {
                // A crash may leave anything of it; that it is there is what counts.
                found[path] = item
            }
            let isOld = found.matches(old)
            let isNew = found.matches(new)
            if mustBeNew, !isNew {
                let what = isOld ? "the commit had returned, and its old generation is back" : "not the new generation"
                return "\(unit.sorted()): \(what)\n" + Self.lines(found.differences(from: new))
            }
            if mustBeOld, !isOld {
                return "\(unit.sorted()): the commit had failed, and this is not the old generation\n"
                    + Self.lines(found.differences(from: old))
            }
            let isBetween = between.contains { found.matches($0.restricted(to: unit)) }
            if !isOld, !isNew, !isBetween, unflushedDocument.map({ unit.isDisjoint(with: $0.names) }) ?? true {
                return "\(unit.sorted()): neither the old nor the new generation\n against the old:\n"
                    + Self.lines(found.differences(from: old)) + "\n against the new:\n"
                    + Self.lines(found.differences(from: new))
            }
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
