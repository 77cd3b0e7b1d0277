import Foundation
import Holdfast
import HoldfastTesting

/// The commits that are explored.
enum Shapes {
    /// A document with two managed files and an unmanaged one.
    static let small = Contents()
        .folder("a", mode: 0o750).managed("a/meta.txt", "meta 1", mode: 0o600, time: Contents.earlier)
        .managed("a/events.txt", "events 1", time: Contents.earlier)
        .file("a/QUERY.md", "query", attributes: ["user.tag": "q"])

    /// One with subfolders, links, a FIFO and a file of several blocks.
    static let rich =
        small
        .folder("a/pictures", mode: 0o700).file("a/pictures/p.bin", String(repeating: "p", count: 9000), mode: 0o600)
        .folder("a/pictures/empty", time: Contents.earlier)
        .folder("a/pictures/deep").file("a/pictures/deep/x", "x", attributes: ["user.x": "1"])
        .link("a/latest", to: "QUERY.md").link("a/nowhere", to: "/nowhere").link("a/pictures/up", to: "..")
        .fifo("a/pipe").file("a/notes.tmp", "a person's own")

    /// A document that no commit is about.
    static let other = Contents().folder("z").managed("z/meta.txt", "z").file("z/own", "own")

    static let base = small.adding(other)

    static let all: [Shape] = first + file + swap + unmanaged + names + batch + later + remnants + fallback + refused

    // MARK: - First saves

    private static let new = Contents().folder("a").managed("a/meta.txt", "meta 1").managed("a/events.txt", "events 1")

    private static let saveNew: @Sendable (DocumentStore) throws -> Void = { store in
        try store.update("a") { draft in
            try draft.set("meta 1", for: .meta)
            try draft.set("events 1", for: .events)
        }
    }

    static let first: [Shape] = [
        Shape("first save", .first, before: other, after: other.adding(new), commit: saveNew),
        Shape("first save in a store that is not there", .first, before: Contents(), after: new, commit: saveNew)
            .with { $0.start = nil },
        Shape(
            "first save over a first save that was cut off", .first,
            start: other.folder(".staging-a").managed(".staging-a/meta.txt", "stale"),
            before: other, after: other.adding(new), commit: saveNew),
        Shape(
            "first save of a document with the longest name", .first, before: other,
            after: other.adding(new.renaming("a", to: long))
        ) {
            try $0.update(long) { draft in
                try draft.set("meta 1", for: .meta)
                try draft.set("events 1", for: .events)
            }
        }.with { $0.units = [[long]] },
    ]

    private static let long = String(repeating: "n", count: 246)

    // MARK: - One file

    private static let saveMeta: @Sendable (DocumentStore) throws -> Void = { store in
        try store.update("a") { try $0.set("meta 2", for: .meta) }
    }

    private static let groupReadable = base.managed("a/events.txt", "events 1", mode: 0o640)

    static let file: [Shape] = [
        Shape(
            "one file", .file, before: base, after: base.managed("a/meta.txt", "meta 2", mode: 0o600), commit: saveMeta),
        Shape(
            "one file of several blocks", .file, before: base,
            after: base.managed("a/meta.txt", String(repeating: "m", count: 10000), mode: 0o600)
        ) { try $0.update("a") { try $0.set(String(repeating: "m", count: 10000), for: .meta) } },
        Shape(
            "one file where a temporary one was left", .file,
            start: base.managed("a/meta.txt.tmp", "stale").file("a/QUERY.md.tmp", "a person's"),
            before: base.file("a/QUERY.md.tmp", "a person's"),
            after: base.managed("a/meta.txt", "meta 2", mode: 0o600).file("a/QUERY.md.tmp", "a person's"),
            commit: saveMeta),
        Shape(
            "one file of a document with everything", .file, before: rich,
            after: rich.managed("a/meta.txt", "meta 2", mode: 0o600), commit: saveMeta),
        Shape(
            "one file, of another mode", .file, before: groupReadable,
            after: groupReadable.managed("a/events.txt", "events 2", mode: 0o640)
        ) {
            try $0.update("a") { try $0.set("events 2", for: .events) }
        },
        Shape("nothing", .file, before: base, after: base) {
            try $0.update("a") { try $0.set("meta 1", for: .meta) }
        },
        Shape(
            "nothing, of what nobody has flushed", .file, before: base,
            after: base.managed("a/meta.txt", "meta 2", mode: 0o600), commit: saveMeta
        ).with { $0.unflushed = ("a/meta.txt", TextCodec.whole("meta 2")) },
        Shape(
            "one file beside one that nobody has flushed", .file, before: base,
            after: base.managed("a/meta.txt", "meta 2", mode: 0o600).managed("a/events.txt", "events 2"),
            commit: saveMeta
        ).with { $0.unflushed = ("a/events.txt", TextCodec.whole("events 2")) },
        Shape(
            "one file of a document that nobody has flushed", .file, start: other,
            before: other.adding(small).without("a/QUERY.md"),
            after: other.adding(small).without("a/QUERY.md").managed("a/meta.txt", "meta 2", mode: 0o600),
            commit: saveMeta
        ).with {
            // Whoever writes an unmanaged file flushes it, too.
            $0.unflushedDocument = small.without("a/QUERY.md")
        },
    ]

    // MARK: - Several files

    private static let saveBoth: @Sendable (DocumentStore) throws -> Void = { store in
        try store.update("a") { draft in
            try draft.set("meta 2", for: .meta)
            try draft.set("events 2", for: .events)
        }
    }

    private static func both(_ contents: Contents) -> Contents {
        contents.managed("a/meta.txt", "meta 2", mode: 0o600).managed("a/events.txt", "events 2")
    }

    private static let readOnly = rich.folder("a", mode: 0o550).folder("a/pictures", mode: 0o500).adding(other)
        .owned(by: 1000)

    static let swap: [Shape] = [
        Shape("several files", .swap, before: base, after: both(base), commit: saveBoth),
        Shape("several files of a document with everything", .swap, before: rich, after: both(rich), commit: saveBoth),
        Shape(
            "a file more beside one that nobody has flushed", .swap, before: base,
            after: base.managed("a/part-1.txt", "part").managed("a/events.txt", "events 2")
        ) {
            try $0.update("a") { try $0.set("part", for: .part(1)) }
        }.with { $0.unflushed = ("a/events.txt", TextCodec.whole("events 2")) },
        Shape("a file more", .swap, before: base, after: base.managed("a/part-1.txt", "part")) {
            try $0.update("a") { try $0.set("part", for: .part(1)) }
        },
        Shape("a file less", .swap, before: base, after: base.without("a/events.txt")) {
            try $0.update("a") { try $0.remove(.events) }
        },
        Shape(
            "no managed file any more", .swap, before: base, after: base.without("a/events.txt").without("a/meta.txt")
        ) {
            try $0.update("a") { draft in
                try draft.remove(.events)
                try draft.remove(.meta)
            }
        },
        Shape(
            "one more, one less, one other", .swap, before: base,
            after: base.without("a/events.txt").managed("a/meta.txt", "meta 2", mode: 0o600).managed(
                "a/part-7.txt", "seven")
        ) {
            try $0.update("a") { draft in
                try draft.remove(.events)
                try draft.set("meta 2", for: .meta)
                try draft.set("seven", for: .part(7))
            }
        },
        Shape(
            "several files of a folder that is read-only", .swap, before: readOnly,
            after: both(readOnly).owned(by: 1000),
            commit: saveBoth
        ).with { $0.user = 1000 },
        Shape(
            "several files, against a crash of the process alone", .swap, before: base, after: both(base),
            commit: saveBoth
        )
        .with { $0.options = { $0.durability = .processCrash } },
    ]

    // MARK: - Unmanaged entries

    static let unmanaged: [Shape] = [
        consumed("a draft consumed"),
        consumed("a draft consumed that was saved just before").with {
            $0.unflushed = ("a/QUERY.md", "a longer query")
        },
        Shape(
            "a draft consumed beside a file that nobody has flushed", .unmanaged, before: base,
            after: base.without("a/QUERY.md").managed("a/events.txt", "query done")
                .managed("a/meta.txt", "meta 2", mode: 0o600)
        ) {
            try $0.update("a", consume)
        }.with { $0.unflushed = ("a/meta.txt", TextCodec.whole("meta 2")) },
        Shape("a draft removed, and nothing else", .unmanaged, before: base, after: base.without("a/QUERY.md")) {
            try $0.update("a") { try $0.removeUnmanaged("QUERY.md") }
        },
        Shape(
            "a folder removed", .unmanaged, before: rich,
            after: rich.without("a/pictures").managed("a/meta.txt", "meta 2", mode: 0o600)
        ) {
            try $0.update("a") { draft in
                try draft.removeUnmanaged("pictures")
                try draft.set("meta 2", for: .meta)
            }
        },
        Shape("a file added from outside", .unmanaged, before: base, after: base.file("a/photo", "photo")) {
            _ = try $0.update("a") { try $0.addUnmanaged("photo", copying: "/outside/photo") }
        }.with { $0.outside = Contents().file("photo", "photo") },
        Shape(
            "a draft replaced from outside", .unmanaged, before: base,
            after: base.file("a/QUERY.md", "photo").managed("a/meta.txt", "meta 2", mode: 0o600)
        ) {
            try $0.update("a") { draft in
                try draft.removeUnmanaged("QUERY.md")
                try draft.addUnmanaged("QUERY.md", copying: "/outside/photo")
                try draft.set("meta 2", for: .meta)
            }
        }.with { $0.outside = Contents().file("photo", "photo") },
        Shape(
            "a folder added from outside", .unmanaged, before: base,
            after: base.folder("a/album", mode: 0o700).file("a/album/one", "one").link("a/album/two", to: "one")
        ) {
            _ = try $0.update("a") { try $0.addUnmanaged("album", copying: "/outside/album") }
        }.with {
            $0.outside = Contents().folder("album", mode: 0o700).file("album/one", "one").link("album/two", to: "one")
        },
    ]

    /// Commits that are explored with a person's edits alone.
    static let forPersons: [Shape] = [
        consumed("a draft consumed, of a document with everything", before: rich).with { $0.consumed = "a/QUERY.md" }
    ]

    // MARK: - Names

    static let names: [Shape] = [
        Shape("rename", .names, before: base, after: base.renaming("a", to: "b")) { _ = try $0.rename("a", to: "b") }
            .with { $0.units = [["a", "b"]] },
        Shape("rename of a document with everything", .names, before: rich, after: rich.renaming("a", to: "b")) {
            _ = try $0.rename("a", to: "b")
        }.with { $0.units = [["a", "b"]] },
        Shape(
            "rename to where a removed document was", .names, start: base.copying("a", to: ".removed-b"), before: base,
            after: base.renaming("a", to: "b")
        ) {
            _ = try $0.rename("a", to: "b")
        }.with { $0.units = [["a", "b"]] },
        Shape("remove", .names, before: base, after: base.without("a")) { _ = try $0.remove("a") },
        Shape("remove of a document with everything", .names, before: rich, after: rich.without("a")) {
            _ = try $0.remove("a")
        },
        renamed("saved under another name", base),
        renamed("saved under another name, with everything", rich),
        renamed("saved under another name, against a crash of the process alone", base).with {
            $0.options = { $0.durability = .processCrash }
        },
        renamed(
            "managed files alone saved under another name, against a crash of the process alone",
            new.managed("a/meta.txt", "meta 1", mode: 0o600)
        ).with { $0.options = { $0.durability = .processCrash } },
        renamedConsumed("saved under another name, a draft consumed"),
        renamedConsumed("saved under another name, a draft consumed that was saved just before").with {
            $0.unflushed = ("a/QUERY.md", "a longer query")
        },
        Shape(
            "saved under another name, beside a file that nobody has flushed", .names, before: base,
            after: base.managed("a/meta.txt", "meta 2", mode: 0o600).managed("a/events.txt", "events 2")
                .renaming("a", to: "b")
        ) {
            _ = try $0.update("a", renamingTo: "b") { try $0.set("meta 2", for: .meta) }
        }.with {
            $0.units = [["a", "b"]]
            $0.unflushed = ("a/events.txt", TextCodec.whole("events 2"))
        },
        Shape(
            "remove, and save anew", .names, before: base,
            commits: [
                .init(run: { _ = try $0.remove("a") }, after: other),
                .init(run: saveNew, after: base.without("a").adding(new)),
            ]),
    ]

    // MARK: - Batches

    private static let three = base.adding(base.restricted(to: ["a"]).renaming("a", to: "b"))
        .managed("b/meta.txt", "meta 1", mode: 0o640)

    private static let afterThree = both(base).adding(
        base.restricted(to: ["a"]).renaming("a", to: "b").managed("b/meta.txt", "meta 2", mode: 0o640)
    ).adding(new.renaming("a", to: "c"))

    private static let five = Contents().adding(
        (1...5).reduce(other) { $0.adding(new.renaming("a", to: "d\($1)").file("d\($1)/own", "own \($1)")) })

    static let batch: [Shape] = [
        Shape("three documents: several files, one file, a new one", .batch, before: three, after: afterThree) {
            store in
            let results = try store.updateBatch(["a", "b", "c"]) { draft in
                switch draft.document {
                case "b": try draft.set("meta 2", for: .meta)
                case "c":
                    try draft.set("meta 1", for: .meta)
                    try draft.set("events 1", for: .events)
                default:
                    try draft.set("meta 2", for: .meta)
                    try draft.set("events 2", for: .events)
                }
            }
            for result in results { _ = try result.get() }
        }.with { $0.units = [["a"], ["b"], ["c"]] },
        Shape(
            "five documents", .batch, before: five,
            after: (1...5).reduce(five) { $0.managed("d\($1)/meta.txt", "m").managed("d\($1)/events.txt", "e") }
        ) { store in
            let results = try store.updateBatch((1...5).map { "d\($0)" }) { draft in
                try draft.set("m", for: .meta)
                try draft.set("e", for: .events)
            }
            for result in results { _ = try result.get() }
        }.with { $0.units = (1...5).map { ["d\($0)"] } },
        Shape("several files, while others save", .batch, before: base, after: both(base), commit: saveBoth).with {
            $0.options = { $0.documentsUnderway = 4 }
        },
        Shape(
            "one file, while others save", .batch, before: base,
            after: base.managed("a/meta.txt", "meta 2", mode: 0o600), commit: saveMeta
        ).with { $0.options = { $0.documentsUnderway = 4 } },
    ]

    // MARK: - Clean-up behind the return

    private static let saveOther: @Sendable (DocumentStore) throws -> Void = { store in
        try store.update("z") { try $0.set("z 2", for: .meta) }
    }

    private static func afterOther(_ contents: Contents) -> Contents { contents.managed("z/meta.txt", "z 2") }

    /// In the background, at a moment that the exploration chooses.
    @Sendable static func cleaningUpLater(_ options: inout StoreOptions) {
        options.cleanup = .inBackground
        options.cleansUpByItself = false
    }

    /// A commit, and one of another document.
    private static func thenOther(
        _ commit: @escaping @Sendable (DocumentStore) throws -> Void, _ after: Contents
    ) -> [Shape.Commit] {
        [.init(run: commit, after: after), .init(run: saveOther, after: afterOther(after))]
    }

    static let later: [Shape] = [
        Shape(
            "several files, cleaned up behind the save of another", .later, before: base,
            commits: thenOther(saveBoth, both(base))),
        Shape(
            "several files, cleaned up by the next save of the same", .later, before: base,
            commits: [.init(run: saveBoth, after: both(base)), .init(run: third, after: third(both(base)))]),
        Shape(
            "a file and an unmanaged one, cleaned up behind the save of another", .later, before: base,
            commits: thenOther(
                { store in
                    try store.update("a") { draft in
                        try draft.set("meta 2", for: .meta)
                        try draft.removeUnmanaged("QUERY.md")
                    }
                }, base.managed("a/meta.txt", "meta 2", mode: 0o600).without("a/QUERY.md"))),
        Shape(
            "remove, cleaned up behind the save of another", .later, before: base,
            commits: thenOther({ _ = try $0.remove("a") }, base.without("a"))),
        Shape(
            "several files, cleaned up before a rename", .later, before: base,
            commits: [
                .init(run: saveBoth, after: both(base)),
                .init(run: { _ = try $0.rename("a", to: "b") }, after: both(base).renaming("a", to: "b")),
            ]
        ).with { $0.units = [["a", "b"]] },
    ].map { shape in
        shape.with { shape in
            shape.options = cleaningUpLater
            shape.finish = { $0.finishCleanup() }
            if shape.after["z/meta.txt"] != shape.before["z/meta.txt"] { shape.units.append(["z"]) }
        }
    }

    // MARK: - Remnants that are there already

    /// Two generations: what a crash leaves between the swap and the end of the clean-up.
    private static let swapped = both(base).adding(base.restricted(to: ["a"]).renaming("a", to: ".old-a"))

    /// With a folder that is in both generations, and what a person made there.
    private static func filled(_ contents: Contents) -> Contents {
        contents.folder("a/sub").file("a/sub/r", "r").file("a/sub/s", "s").file("a/sub/t", "t")
    }

    private static let third: @Sendable (DocumentStore) throws -> Void = { store in
        try store.update("a") { draft in
            try draft.set("meta 3", for: .meta)
            try draft.set("events 3", for: .events)
        }
    }

    private static func third(_ contents: Contents) -> Contents {
        contents.managed("a/meta.txt", "meta 3", mode: 0o600).managed("a/events.txt", "events 3")
    }

    static let remnants: [Shape] = [
        Shape(
            "over an old generation", .remnants, start: swapped, before: both(base), after: third(both(base)),
            commit: third),
        Shape(
            "over an old generation with what a person made in it", .remnants,
            start: swapped.file(".old-a/LATER.md", "later").folder(".old-a/sub").file(".old-a/sub/s", "s"),
            before: both(base).file("a/LATER.md", "later").folder("a/sub").file("a/sub/s", "s"),
            after: third(both(base).file("a/LATER.md", "later").folder("a/sub").file("a/sub/s", "s")), commit: third),
        Shape(
            "over an old generation with what a person made in its subfolder", .remnants,
            start: swapped.folder("a/sub").file("a/sub/r", "r").file("a/sub/t", "t").folder(".old-a/sub")
                .file(".old-a/sub/r", "r").file(".old-a/sub/s", "s").file(".old-a/sub/t", "t"),
            before: filled(both(base)), after: third(filled(both(base))), commit: third),
        Shape(
            "where only the old generation is left", .remnants, start: base.renaming("a", to: ".old-a"),
            before: base, after: third(base), commit: third),
        Shape(
            "where the swap was cut off between two renames", .remnants,
            start: base.renaming("a", to: ".old-a").adding(
                both(base).restricted(to: ["a"]).renaming("a", to: ".staging-a")),
            before: base, after: third(base), commit: third),
        Shape(
            "over a staging that was cut off", .remnants,
            start: base.folder(".staging-a", mode: 0o700).managed(".staging-a/meta.txt", "half").file(
                ".staging-a/QUERY.md", "query"),
            before: base, after: third(base), commit: third),
        Shape(
            "over an old generation and a staging", .remnants,
            start: swapped.folder(".staging-a").managed(".staging-a/meta.txt", "half"),
            before: both(base), after: third(both(base)), commit: third),
        Shape(
            "where a host put a draft into the gap", .remnants,
            start: other.adding(base.restricted(to: ["a"]).renaming("a", to: ".old-a")).folder("a", mode: 0o750).file(
                "a/GAP.md", "gap"),
            before: base.file("a/GAP.md", "gap"), after: third(base.file("a/GAP.md", "gap")), commit: third),
        Shape(
            "over a removal that was cut off", .remnants,
            start: other.folder(".removed-a").managed(".removed-a/meta.txt", "gone").folder(".removed-a/sub").file(
                ".removed-a/sub/f", "f"),
            before: other, after: other.adding(new), commit: saveNew),
        Shape(
            "over a rename that never began, to a name that is a person's now", .remnants,
            start: base.folder(".staging-b", mode: 0o700).managed(".staging-b/meta.txt", "half")
                .folder("b").file("b/own", "own"),
            before: base.folder("b").file("b/own", "own"),
            after: third(base.folder("b").file("b/own", "own")), commit: third
        ).with { shape in
            shape.units = [["a"], ["b"]]
            shape.prepare = { person in
                let inode = try person.enter(Contents.storePath + "/a").status().identity.inode
                let record = "holdfast commit 1\nrenamed-from \(inode) a\nend\n"
                try person.write(record, to: Contents.storePath + "/.commit-b")
            }
        },
        Shape(
            "opening alone, with remnants of several documents", .remnants,
            start: base.copying("a", to: ".old-b").copying("a", to: ".staging-c").copying("a", to: ".removed-d")
                .managed("z/meta.txt.tmp", "half"),
            before: base.copying("a", to: "b"), after: base.copying("a", to: "b")
        ) { _ in },
    ]

    // MARK: - Fallbacks

    static let fallback: [Shape] = [
        Shape(
            "another user's file, which can't be linked", .fallback,
            before: base.file("a/theirs", "theirs", user: 1000),
            after: both(base.file("a/theirs", "theirs", user: 1000)), commit: saveBoth),
        Shape("without exchange", .fallback, before: rich, after: both(rich), commit: saveBoth)
            .with { $0.missing = [.exchange] },
        Shape("without links", .fallback, before: rich, after: both(rich), commit: saveBoth)
            .with { $0.missing = [.link, .copyRange] },
        Shape("rename without exchange and links", .fallback, before: base, after: base.renaming("a", to: "b")) {
            _ = try $0.rename("a", to: "b")
        }.with {
            $0.units = [["a", "b"]]
            $0.missing = [.exchange, .noReplace, .link]
        },
        consumed("a draft consumed without exchange and links", .fallback).with {
            $0.missing = [.exchange, .noReplace, .link]
        },
    ]

    // MARK: - What is refused

    /// Makes sure that a commit is refused.
    private static func refuse(
        _ code: HoldfastError.Code, _ commit: @escaping @Sendable (DocumentStore) throws -> Void
    ) -> @Sendable (DocumentStore) throws -> Void {
        { store in
            do {
                try commit(store)
            } catch let error as HoldfastError where error.code == code {
                return
            }
            throw Unexpected("it was not refused")
        }
    }

    /// A save of several files by which a document gets another name.
    private static func renamed(_ name: String, _ before: Contents) -> Shape {
        Shape(name, .names, before: before, after: both(before).renaming("a", to: "b")) {
            _ = try $0.update("a", renamingTo: "b") { draft in
                try draft.set("meta 2", for: .meta)
                try draft.set("events 2", for: .events)
            }
        }.with { $0.units = [["a", "b"]] }
    }

    private static let consume: @Sendable (inout Draft) throws -> Void = { draft in
        try draft.removeUnmanaged("QUERY.md")
        try draft.set("query done", for: .events)
    }

    private static func consumed(
        _ name: String, _ group: Shape.Group = .unmanaged, before: Contents = base
    ) -> Shape {
        Shape(
            name, group, before: before,
            after: before.without("a/QUERY.md").managed("a/events.txt", "query done")
        ) {
            try $0.update("a", consume)
        }
    }

    private static func renamedConsumed(_ name: String) -> Shape {
        Shape(
            name, .names, before: base,
            after: base.without("a/QUERY.md").managed("a/events.txt", "query done").renaming("a", to: "b")
        ) {
            _ = try $0.update("a", renamingTo: "b", consume)
        }.with { $0.units = [["a", "b"]] }
    }

    private static func refused(
        _ name: String, _ code: HoldfastError.Code, _ contents: Contents,
        _ commit: @escaping @Sendable (DocumentStore) throws -> Void
    ) -> Shape {
        Shape(name, .refused, before: contents, after: contents, commit: refuse(code, commit)).with { shape in
            shape.outside = Contents().file("victim", "victim").folder("folder").file("folder/f", "f")
            shape.allowsWarnings = true
        }
    }

    static let refused: [Shape] = [
        refused("a rename to a document that there is", .alreadyExists, three) { _ = try $0.rename("a", to: "b") },
        refused(
            "a link where a managed file should be", .unexpectedEntry,
            base.without("a/meta.txt").link("a/meta.txt", to: "/outside/victim"),
            saveMeta),
        refused(
            "a link where the temporary file comes", .unexpectedEntry,
            base.link("a/meta.txt.tmp", to: "/outside/victim"),
            saveMeta),
        refused(
            "a link where the staging comes", .unexpectedEntry, base.link(".staging-a", to: "/outside/folder"), saveBoth
        ),
        refused(
            "a link where the old generation comes", .unexpectedEntry, base.link(".old-a", to: "/outside/folder"),
            saveBoth),
        refused(
            "a link where the document should be", .unexpectedEntry, other.link("a", to: "/outside/folder"), saveBoth),
        refused("a value that has no text", .encodingFailed, base) { store in
            try store.update("a") { draft in
                try draft.set("meta 2", for: .meta)
                try draft.set(5, for: ManagedFile<Int>("events.txt"))
            }
        },
    ]
}
