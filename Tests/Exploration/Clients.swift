import Foundation
import Holdfast
import HoldfastTesting

/// Programs that use one store at the same time, and what has to hold whatever their order is.
struct Clients: Sendable {
    /// What one program does; it opens the store itself.
    ///
    /// It returns what it saw.
    typealias Program = @Sendable (_ open: () throws -> DocumentStore) throws -> String

    let name: String
    var start: Contents
    var missing: Set<Capability> = []
    var options: @Sendable (inout StoreOptions) -> Void = { _ in }
    let programs: [Program]
    /// What is wrong with what came out; nil where nothing is.
    let flaw: @Sendable (_ contents: Contents, _ outcomes: [Outcome]) -> String?
    /// The entries that may be left.
    let names: Set<String>
    /// Whether a program removes a document.
    var removes = false
    /// Whether each save counts in both files.
    var countsPairs = true

    enum Outcome: Sendable, CustomStringConvertible {
        case returned(String)
        case failed(HoldfastError.Code?, String)

        var description: String {
            switch self {
            case .returned(let text): "returned \(text)"
            case .failed(_, let text): "failed: \(text)"
            }
        }

        var code: HoldfastError.Code? {
            if case .failed(let code, _) = self { code } else { nil }
        }

        var hasReturned: Bool {
            if case .returned = self { true } else { false }
        }
    }

    /// What is wrong with a store behind a crash: documents have both files of one generation, and what was a person's in
    /// them at the start is there still.
    func tornDocument(_ contents: Contents) -> String? {
        var kept = 0
        for name in contents.names where !name.hasPrefix(".") {
            guard contents[name]?.kind == .folder else { return "\(name) is no document" }
            if case .file(let meta) = contents["\(name)/meta.txt"]?.kind,
                case .file(let events) = contents["\(name)/events.txt"]?.kind
            {
                if countsPairs, meta != events {
                    return "\(name) is mixed: \(meta.debugDescription) and \(events.debugDescription)"
                }
            } else {
                return "\(name) has lost a file"
            }
            if contents["\(name)/own"] != nil { kept += 1 }
        }
        let atStart = Set(start.names.map { $0.split(separator: "-").last.map(String.init) ?? $0 }).count
        let expected = removes ? atStart - 1 : atStart
        return kept < expected ? "a person's files are lost: \(kept) of \(expected) are left" : nil
    }
}

// MARK: - Programs

extension Clients {
    /// A document whose two files hold the same number.
    static func counter(_ name: String, _ number: Int) -> Contents {
        Contents().folder(name).managed("\(name)/meta.txt", "\(number)").managed("\(name)/events.txt", "\(number)")
            .file("\(name)/own", "own")
    }

    /// Adds one to the numbers of documents, by a swap each.
    static func count(_ names: String...) -> Program {
        { open in
            let store = try open()
            let results = try store.updateBatch(names) { try addOne(&$0) }
            for result in results { _ = try result.get() }
            return "counted"
        }
    }

    /// Adds one to the numbers of a document, by one swap after the other.
    static let countTwice: Program = { open in
        let store = try open()
        for _ in 0..<2 { try store.update("a") { try addOne(&$0) } }
        return "counted"
    }

    /// Adds one to the numbers of two documents, and cleans up when both have returned.
    static let countLater: Program = { open in
        let store = try open()
        defer { store.finishCleanup() }
        for name in ["a", "b"] { try store.update(name) { try addOne(&$0) } }
        return "counted"
    }

    private static func addOne(_ draft: inout Draft) throws {
        let number = (try draft.value(.meta)).flatMap { Int($0) } ?? 0
        try draft.set("\(number + 1)", for: .meta)
        try draft.set("\(number + 1)", for: .events)
    }

    /// Adds one to a number by one rename.
    static let countFile: Program = { open in
        try open().update("a") { draft in
            let number = (try draft.value(.meta)).flatMap { Int($0) } ?? 0
            try draft.set("\(number + 1)", for: .meta)
        }
        return "counted"
    }

    /// Opens the store, and so recovers it.
    static let recover: Program = { open in
        let report = try open().recoveryReport
        for document in report.documents {
            if let failure = document.failure { throw Unexpected("recovery of \(document.name): \(failure)") }
        }
        return report.isClean ? "clean" : "recovered"
    }

    /// Reads a document twice.
    static let read: Program = { open in
        let store = try open()
        var seen: [String] = []
        for _ in 0..<2 {
            let snapshot = try store.snapshot("a")
            let (meta, events) = (try snapshot.value(.meta), try snapshot.value(.events))
            guard let meta, meta == events else {
                throw Unexpected("a mixed snapshot: \(meta ?? "nothing") and \(events ?? "nothing")")
            }
            guard snapshot.unmanagedEntries == ["own"] else {
                throw Unexpected("unmanaged entries: \(snapshot.unmanagedEntries)")
            }
            seen.append(meta)
        }
        return seen.joined(separator: " ")
    }

    static let list: Program = { open in
        let store = try open()
        return try (0..<2).map { _ in try store.list().joined(separator: ",") }.joined(separator: " ")
    }

    static func rename(_ name: String, to newName: String) -> Program {
        { open in
            _ = try open().rename(name, to: newName)
            return "renamed"
        }
    }

    static let remove: Program = { open in
        _ = try open().remove("a")
        return "removed"
    }
}

// MARK: - Who meets whom

extension Clients {
    private static let one = counter("a", 1)

    private static func all(_ outcomes: [Outcome]) -> String? {
        outcomes.contains { !$0.hasReturned } ? "one of them failed" : nil
    }

    private static func two(_ a: Int, _ b: Int) -> Contents { counter("a", a).adding(counter("b", b)) }

    private static func hold(_ contents: Contents, _ expected: Contents) -> String? {
        let lines = contents.differences(from: expected)
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }

    static let all: [Clients] = [
        Clients(
            name: "writer and writer", start: one, programs: [count("a"), count("a")],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, counter("a", 3))
            }, names: ["a"]),
        Clients(
            name: "writer and writer of one file", start: one, programs: [countFile, countFile],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, one.managed("a/meta.txt", "3"))
            }, names: ["a"], countsPairs: false),
        Clients(
            name: "writer of all files and writer of one", start: one, programs: [count("a"), countFile],
            flaw: { contents, outcomes in
                // The one file may have been counted first.
                all(outcomes)
                    ?? hold(contents, counter("a", 3)).flatMap { _ in
                        hold(contents, one.managed("a/meta.txt", "3").managed("a/events.txt", "2"))
                    }
            }, names: ["a"], countsPairs: false),
        Clients(
            name: "first save and first save", start: counter("z", 1), programs: [count("a"), count("a")],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, counter("z", 1).adding(counter("a", 2).without("a/own")))
            }, names: ["a", "z"]),
        Clients(
            name: "writer and recovering opener", start: one, programs: [count("a"), recover],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, counter("a", 2))
            }, names: ["a"]),
        Clients(
            name: "writer and writer, cleaned up later", start: two(1, 1), options: Shapes.cleaningUpLater,
            programs: [countLater, countLater],
            flaw: { contents, outcomes in all(outcomes) ?? hold(contents, two(3, 3)) }, names: ["a", "b"]),
        Clients(
            name: "writer, cleaned up later, and recovering opener", start: two(1, 1), options: Shapes.cleaningUpLater,
            programs: [countLater, recover],
            flaw: { contents, outcomes in all(outcomes) ?? hold(contents, two(2, 2)) }, names: ["a", "b"]),
        Clients(
            name: "writer, cleaned up later, and snapshot reader", start: two(1, 1), options: Shapes.cleaningUpLater,
            programs: [countLater, read],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, two(2, 2)) ?? order(outcomes[1])
            }, names: ["a", "b"]),
        Clients(
            name: "writer and recovering opener, over remnants",
            start: counter("a", 2).adding(one.renaming("a", to: ".old-a")).adding(one.renaming("a", to: ".staging-a")),
            programs: [count("a"), recover],
            flaw: { contents, outcomes in all(outcomes) ?? hold(contents, counter("a", 3)) }, names: ["a"]),
        Clients(
            name: "two recovering openers",
            start: one.renaming("a", to: ".old-a").adding(counter("b", 2)).adding(one.renaming("a", to: ".old-b")),
            programs: [recover, recover],
            flaw: { contents, outcomes in all(outcomes) ?? hold(contents, one.adding(counter("b", 2))) },
            names: ["a", "b"]),
        Clients(
            name: "writer and snapshot reader", start: one, programs: [count("a"), read],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, counter("a", 2)) ?? order(outcomes[1])
            }, names: ["a"]),
        Clients(
            name: "writer and snapshot reader, without exchange", start: one, missing: [.exchange],
            programs: [count("a"), read],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, counter("a", 2)) ?? order(outcomes[1])
            }, names: ["a"]),
        Clients(
            name: "writer of two generations and snapshot reader, without exchange", start: one, missing: [.exchange],
            programs: [countTwice, read],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, counter("a", 3)) ?? order(outcomes[1])
            }, names: ["a"]),
        Clients(
            name: "recovering opener and snapshot reader", start: one.renaming("a", to: ".old-a"),
            programs: [recover, read],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, one)
            }, names: ["a"]),
        Clients(
            name: "writer and lister, without exchange", start: one.adding(counter("z", 1)), missing: [.exchange],
            programs: [count("a"), list],
            flaw: { contents, outcomes in
                all(outcomes) ?? seen(outcomes[1], ["a,z"])
            }, names: ["a", "z"]),
        Clients(
            name: "rename and lister", start: one.adding(counter("z", 1)), programs: [rename("a", to: "b"), list],
            flaw: { contents, outcomes in
                all(outcomes) ?? seen(outcomes[1], ["a,z", "b,z"])
            }, names: ["b", "z"]),
        Clients(
            name: "rename and rename to the same name", start: one.adding(counter("c", 5)),
            programs: [rename("a", to: "b"), rename("c", to: "b")],
            flaw: { contents, outcomes in
                if outcomes[0].hasReturned, outcomes[1].code == .alreadyExists {
                    return hold(contents, counter("b", 1).adding(counter("c", 5)))
                }
                if outcomes[1].hasReturned, outcomes[0].code == .alreadyExists {
                    return hold(contents, counter("b", 5).adding(one))
                }
                return "not one and only one was to succeed"
            }, names: ["a", "b", "c"]),
        Clients(
            name: "rename there and back again", start: one.adding(counter("b", 5)),
            programs: [rename("a", to: "c"), rename("b", to: "a")],
            flaw: { contents, outcomes in
                if !outcomes[0].hasReturned { return "the first rename failed" }
                return hold(
                    contents, counter("c", 1).adding(outcomes[1].hasReturned ? counter("a", 5) : counter("b", 5)))
            }, names: ["a", "b", "c"]),
        Clients(
            name: "writer and rename", start: one, programs: [count("a"), rename("a", to: "b")],
            flaw: { contents, outcomes in
                // A writer that comes later makes a new document.
                all(outcomes)
                    ?? hold(contents, counter("b", 2)).flatMap { _ in
                        hold(contents, counter("b", 1).adding(one.without("a/own")))
                    }
            }, names: ["a", "b"]),
        Clients(
            name: "writer and remove", start: one, programs: [count("a"), remove],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, Contents()).flatMap { _ in hold(contents, one.without("a/own")) }
            }, names: ["a"], removes: true),
        Clients(
            name: "remove and recovering opener", start: one, programs: [remove, recover],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, Contents())
            }, names: [], removes: true),
        Clients(
            name: "remove and snapshot reader", start: one, programs: [remove, read],
            flaw: { contents, outcomes in
                if !outcomes[0].hasReturned { return "the removal failed" }
                if outcomes[1].code == .notFound { return nil }
                return all(outcomes)
            }, names: [], removes: true),
        Clients(
            name: "batches in opposite orders", start: one.adding(counter("b", 1)),
            programs: [count("a", "b"), count("b", "a")],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, counter("a", 3).adding(counter("b", 3)))
            }, names: ["a", "b"]),
        Clients(
            name: "two writers and a reader", start: one, programs: [count("a"), count("a"), read],
            flaw: { contents, outcomes in
                all(outcomes) ?? hold(contents, counter("a", 3)) ?? order(outcomes[2])
            }, names: ["a"]),
    ]

    /// A later snapshot shows no older generation.
    private static func order(_ outcome: Outcome) -> String? {
        guard case .returned(let text) = outcome else { return nil }
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        return numbers == numbers.sorted() ? nil : "snapshots went back in time: \(text)"
    }

    private static func seen(_ outcome: Outcome, _ lists: Set<String>) -> String? {
        guard case .returned(let text) = outcome else { return nil }
        return text.split(separator: " ").allSatisfy { lists.contains(String($0)) } ? nil : "the listing was \(text)"
    }
}
