import Foundation
import Holdfast
import HoldfastTesting
import Synchronization

/// What a person does to unmanaged files, at once, at some moment of a commit.
struct Edit: Sendable {
    let name: String
    /// Does it, by path, as a program does that opens the file by its name.
    let act: @Sendable (Person) throws -> Void
    /// Does it relative to a folder that was entered before the commit, as a shell does; nil where that is no other thing.
    var actInside: (@Sendable (Person, Directory) throws -> Void)?
    /// What the store is to hold behind it, made from what it held without it.
    let effect: @Sendable (Contents) -> Contents
    /// What else it may hold after a crash: a deletion may be undone, for the list of what was carried is gone then.
    var undone: [@Sendable (Contents) -> Contents] = []
    /// What else it may hold where it was done from within a generation that is on its way out.
    var made: (@Sendable (Contents) -> Contents)?
    /// Takes out what a crash may leave of a deletion that it cut off: parts of the folder, under its own name.
    var settled: @Sendable (Contents) -> Contents = { $0 }
    /// Whether a commit may refuse to go on.
    var mayStop = true
    /// What the store is to hold where it is done behind a save of the same file, which is being brought into the new
    /// generation; empty for one that is not tried there.
    var effectsBehindSave: [@Sendable (Contents) -> Contents] = []

    private static let document = "\(Contents.storePath)/a"

    static let all: [Edit] = [
        Edit(
            name: "writes a file in place", act: { try $0.write("edited", to: "\(document)/QUERY.md") },
            actInside: { try $0.write("edited", to: EntryName("QUERY.md"), in: $1) },
            effect: { $0.edited("a/QUERY.md", "edited") }, made: { $0.new("a/QUERY.md", "edited") },
            effectsBehindSave: [{ $0.edited("a/QUERY.md", "edited") }, { $0.new("a/QUERY.md", "edited") }]),
        Edit(
            name: "writes as many other bytes in place", act: { try $0.write("QUERY", to: "\(document)/QUERY.md") },
            effect: { $0.edited("a/QUERY.md", "QUERY") },
            effectsBehindSave: [{ $0.edited("a/QUERY.md", "QUERY") }, { $0.new("a/QUERY.md", "QUERY") }]),
        Edit(
            name: "saves a file as editors do", act: { try $0.save("saved", to: "\(document)/QUERY.md") },
            actInside: { try $0.save("saved", to: EntryName("QUERY.md"), in: $1) },
            effect: { $0.new("a/QUERY.md", "saved") }, effectsBehindSave: [{ $0.new("a/QUERY.md", "saved") }]),
        Edit(
            name: "makes a file", act: { try $0.save("new", to: "\(document)/NEW.md") },
            actInside: { try $0.save("new", to: EntryName("NEW.md"), in: $1) },
            effect: { $0.new("a/NEW.md", "new") }),
        Edit(
            name: "deletes a file", act: { try $0.delete("\(document)/QUERY.md") },
            actInside: { try $1.removeFile(EntryName("QUERY.md")) },
            effect: { $0.without("a/QUERY.md") }, undone: [{ $0 }]),
        Edit(
            name: "renames a file", act: { try $0.rename("\(document)/QUERY.md", to: "DONE.md") },
            actInside: { try $1.rename(EntryName("QUERY.md"), to: EntryName("DONE.md")) },
            effect: { $0.renaming("a/QUERY.md", to: "a/DONE.md") },
            undone: [{ $0 }, { $0.copying("a/QUERY.md", to: "a/DONE.md") }]),
        Edit(
            name: "saves a file in a subfolder", act: { try $0.save("saved", to: "\(document)/pictures/deep/x") },
            effect: { $0.new("a/pictures/deep/x", "saved") }),
        Edit(
            name: "makes a file in a subfolder", act: { try $0.save("new", to: "\(document)/pictures/empty/n") },
            effect: { $0.folder("a/pictures/empty").new("a/pictures/empty/n", "new") }),
        Edit(
            name: "deletes a file in a subfolder", act: { try $0.delete("\(document)/pictures/deep/x") },
            effect: { $0.without("a/pictures/deep/x") }, undone: [{ $0 }]),
        Edit(
            name: "makes a folder with a file",
            act: { person in
                try person.makeFolder("\(document)/album")
                try person.write("new", to: "\(document)/album/n")
            },
            actInside: { person, folder in
                try folder.makeDirectory(EntryName("album"), mode: 0o755)
                try person.write("new", to: EntryName("n"), in: Directory(EntryName("album"), in: folder))
            }, effect: { $0.folder("a/album").new("a/album/n", "new") }),
        Edit(
            name: "renames a subfolder", act: { try $0.rename("\(document)/pictures", to: "photos") },
            effect: { $0.renaming("a/pictures", to: "a/photos") },
            undone: [{ $0 }], settled: { $0["a/photos"] == nil ? $0 : $0.without("a/pictures") }),
        Edit(
            name: "replaces a link",
            act: { person in
                try person.delete("\(document)/latest")
                try person.make(Contents.Item(kind: .link(to: "NEW"), mode: 0o777), at: "\(document)/latest")
            }, effect: { $0.link("a/latest", to: "NEW") }),
        Edit(
            name: "gives a file a temporary file's name too",
            act: { try $0.link("\(document)/QUERY.md", as: temporary) }, effect: { $0 }, mayStop: false),
    ]

    /// The save that goes before.
    fileprivate static func first(_ person: Person) throws { try person.save("between", to: "\(document)/QUERY.md") }

    /// The kernel's own, of a managed file.
    fileprivate static let temporary = "meta.txt.tmp"
}

extension Contents {
    /// With a file whose bytes are others, and whatever else it had.
    func edited(_ path: String, _ text: String) -> Contents {
        var contents = self
        contents[path]?.kind = .file(text)
        contents[path]?.time = nil
        return contents
    }

    /// With a file that somebody has just made.
    func new(_ path: String, _ text: String) -> Contents {
        var contents = self
        contents[path] = Item(kind: .file(text), mode: 0o644)
        return contents
    }
}

/// Lets a person edit unmanaged files at every call of a commit, and looks that no edit is lost: not by the commit, and
/// not by a crash behind the edit.
struct PersonExplorer {
    let world: World
    /// States of each cut behind a durable edit.
    let crashStates: Int
    /// Every so many-th moment is followed by crashes.
    let crashStride: Int
    var stopsAtFirstViolation = false
    private var seen: Set<[UInt64]> = []
    private(set) var counts = Counts()

    init(_ world: World, crashStates: Int, crashStride: Int, stopsAtFirstViolation: Bool = false) {
        self.world = world
        self.crashStates = crashStates
        self.crashStride = crashStride
        self.stopsAtFirstViolation = stopsAtFirstViolation
    }

    /// Whether a shape is about the document that the edits are made in.
    static func isFor(_ shape: Shape) -> Bool {
        ([.swap, .file, .fallback].contains(shape.group) || shape.consumed != nil) && shape.units == [["a"]]
            && shape.isDurable && shape.user == 0 && shape.before["a/pictures"] != nil
    }

    private var isDone: Bool { stopsAtFirstViolation && counts.violationCount > 0 }

    mutating func run() {
        do {
            let start = try world.start().tree
            let machine = world.boot(start, 0)
            let mutant = world.mutant?.interceptor()
            let firstRename = Mutex(Int.max)
            // What the commit is to remove is decided by then.
            let firstMaking = Mutex(Int.max)
            machine.intercept { call in
                if call.call == .mkdirat { firstMaking.withLock { $0 = min($0, call.index) } }
                if call.call == .renameat2 { firstRename.withLock { $0 = min($0, call.index) } }
                return mutant?(call)
            }
            try world.shape.commit(try world.open(machine))
            let begin = world.shape.consumed == nil ? 0 : firstMaking.withLock { min($0, machine.callCount) }
            // Without a rename that refuses to replace, what somebody saves while an earlier save of theirs, under the name of
            // what the commit removed, is brought over can be lost: README, Limits.
            let secondIsKept = world.shape.consumed == nil || !world.profile.missing.contains(.noReplace)
            for (number, edit) in Edit.all.enumerated() {
                seen = []
                for moment in begin..<machine.callCount where !isDone {
                    attempt(Moment(edit: number, call: moment, way: .plain), start)
                    if edit.actInside != nil { attempt(Moment(edit: number, call: moment, way: .inside), start) }
                    // Before the first rename there was no save yet for it to be behind.
                    if !edit.effectsBehindSave.isEmpty, secondIsKept, moment >= firstRename.withLock({ $0 }) {
                        attempt(Moment(edit: number, call: moment, way: .second), start)
                    }
                }
            }
        } catch {
            fail("none", "the commit failed without any edit: \(error)", nil, nil)
        }
    }

    /// When an edit happens, and from where.
    struct Moment {
        enum Way: String {
            case plain
            /// From within the folder.
            case inside
            /// The file was saved right before the swap, too.
            case second
        }

        let edit: Int
        let call: Int
        let way: Way

        var trail: String { "edit:\(edit).\(call).\(way)" }

        var name: String {
            let how =
                switch way {
                case .plain: ""
                case .inside: ", from within the folder,"
                case .second: ", behind a save before the swap,"
                }
            return "a person \(Edit.all[edit].name)\(how) before call \(call)"
        }
    }

    /// Makes one edit again.
    mutating func replay(_ moment: Moment) throws {
        guard Edit.all.indices.contains(moment.edit) else { throw Unexpected("there is no edit \(moment.edit)") }
        attempt(moment, try world.start().tree)
    }

    private mutating func attempt(_ moment: Moment, _ start: SimulatedTree) {
        let edit = Edit.all[moment.edit]
        let inside = moment.way == .inside
        let machine = world.boot(start, 0)
        let person = Person(machine)
        let happened = Mutex<Result<Void, any Error>?>(nil)
        let crashes = moment.way == .plain && (moment.call + Int(world.seed)) % crashStride == 0
        let mutant = world.mutant?.interceptor()
        do {
            // Held open for the whole time, as a shell does.
            let folder = inside ? try person.enter("\(Contents.storePath)/a") : nil
            let calls = Mutex(0)
            let before = Mutex<Result<Void, any Error>?>(moment.way == .second ? nil : .success(()))
            machine.intercept { call in
                // The person's own calls are no moments.
                guard call.client == 0 else { return mutant?(call) }
                let isNow = calls.withLock { calls in
                    defer { calls += 1 }
                    return calls == moment.call
                }
                if call.call == .renameat2, before.withLock({ $0 == nil }) {
                    let result = Result<Void, any Error> { try Edit.first(person) }
                    before.withLock { $0 = result }
                }
                if isNow, before.withLock({ $0 != nil }) {
                    let result = Result<Void, any Error> {
                        try before.withLock { $0 }?.get()
                        if let folder { _ = try edit.actInside?(person, folder) } else { try edit.act(person) }
                    }
                    happened.withLock { $0 = result }
                    if crashes {
                        machine.flushEverything()
                        machine.startRecording()
                    }
                }
                return mutant?(call)
            }
            var failure: (any Error)?
            do { try world.shape.commit(try world.open(machine)) } catch { failure = error }
            machine.intercept(mutant)
            _ = folder
            // Between two renames there is no document, and a person's program says so.
            guard case .success = happened.withLock({ $0 }) else { return }
            counts.edits += 1
            check(machine, edit, moment, failure)
            if crashes, failure == nil { check(machine.stopRecording(), edit, moment) }
        } catch {
            fail(moment.trail, "the person could not begin: \(error)", nil, nil)
        }
    }

    /// What the store is to hold where the commit and an edit have both happened.
    ///
    /// What the commit was to remove stays where the edit has made something else of it.
    private func after(_ shape: Shape, _ effect: (Contents) -> Contents) -> Contents {
        guard let path = shape.consumed else { return effect(shape.after) }
        var whole = shape.after
        whole[path] = shape.before[path]
        whole = effect(whole)
        return whole[path] == shape.before[path] ? whole.without(path) : whole
    }

    /// What an edit may lead to, from wherever it was made.
    private func effects(of edit: Edit) -> [@Sendable (Contents) -> Contents] {
        // What is removed is made anew.
        world.shape.consumed != nil && !edit.effectsBehindSave.isEmpty ? edit.effectsBehindSave : [edit.effect]
    }

    /// What is wrong with a store behind an edit, unless one of the effects explains it.
    private func flaw(
        in contents: Contents, _ effects: [@Sendable (Contents) -> Contents], _ allowed: ClosedRange<Int>
    ) -> String? {
        var first: String?
        for effect in effects {
            let shape = world.shape.with { shape in
                shape.after = after(shape, effect)
                shape.before = effect(shape.before)
                // Where two versions of a name meet, one of them is kept there.
                shape.allowsTrash = true
            }
            guard let flaw = shape.flaw(in: contents, allowed) else { return nil }
            if first == nil { first = flaw }
        }
        return first
    }

    private mutating func check(
        _ machine: SimulatedMachine, _ edit: Edit, _ moment: Moment, _ failure: (any Error)?
    ) {
        let effects: [@Sendable (Contents) -> Contents] =
            switch moment.way {
            case .plain: effects(of: edit)
            case .inside: effects(of: edit) + (edit.made.map { [$0] } ?? [])
            case .second: edit.effectsBehindSave
            }
        var contents = Contents(of: machine.tree)
        if contents.names.contains(where: { $0.hasPrefix(".old-") }) || contents["a/\(Edit.temporary)"] != nil {
            // Somebody works in the old generation still, or made what a crash might have left: the next recovery sees to
            // it.
            do { _ = try world.open(machine) } catch {
                return fail(moment.trail, "\(moment.name)\nthe recovery failed: \(error)", nil, machine.tree)
            }
            contents = Contents(of: machine.tree)
        }
        if let failure, !edit.mayStop {
            fail(moment.trail, "\(moment.name)\nthe commit failed: \(failure)", nil, machine.tree)
        } else if let failure {
            // It may refuse to go on, and then nothing has changed.
            if let flaw = flaw(in: contents, effects, 0...0) {
                fail(
                    moment.trail, "\(moment.name)\nthe commit failed: \(failure)\n\(flaw)", nil,
                    machine.tree)
            }
        } else if let flaw = flaw(in: contents, effects, 1...1) {
            fail(moment.trail, "\(moment.name)\n\(flaw)", nil, machine.tree)
        }
    }

    private mutating func check(_ points: [CrashPoint], _ edit: Edit, _ moment: Moment) {
        let effects = effects(of: edit) + edit.undone
        for (number, point) in points.enumerated() {
            point.forEachState(.init(limit: crashStates, seed: world.seed &+ UInt64(moment.call))) { choice, tree in
                guard !isDone, seen.insert([tree.canonicalHash, UInt64(number)]).inserted else { return }
                counts.states += 1
                let machine = world.boot(tree, 1)
                let what =
                    "\(moment.name), and the power fails at cut \(number):\(choice) behind it"
                do {
                    let report = try world.open(machine).recoveryReport
                    let hadReturned = number == points.count - 1
                    if !report.isComplete {
                        fail(moment.trail, "\(what)\nthe recovery is not complete: \(report)", tree, machine.tree)
                    } else if let flaw = flaw(
                        in: edit.settled(Contents(of: machine.tree)), effects, hadReturned ? 1...1 : 0...1)
                    {
                        fail(moment.trail, "\(what)\n\(flaw)", tree, machine.tree)
                    }
                } catch {
                    fail(moment.trail, "\(what)\nthe recovery failed: \(error)", tree, machine.tree)
                }
            }
        }
    }

    private mutating func fail(
        _ trail: String, _ problem: String, _ before: SimulatedTree?, _ after: SimulatedTree?
    ) {
        counts.add(
            Violation(
                world: world, trail: trail, problem: problem, before: before?.listing ?? "",
                after: after?.listing ?? ""))
    }
}
