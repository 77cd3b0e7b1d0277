import Foundation
import Holdfast

/// Judges the store after a crash: it is what it was after the last acknowledged step, or, in the documents that the
/// next step was at, what it is after that one.
struct Checker {
    /// What is wrong.
    struct Fault {
        enum Category: String {
            /// An acknowledged commit isn't there.
            case lost
            /// A file's bytes are not whole.
            case torn
            /// Managed files of several generations.
            case mixed
            /// An unmanaged entry is gone, changed, or back.
            case unmanaged
            /// Something that no commit should leave behind.
            case remnant
            /// The store can't be opened, or doesn't work.
            case unusable
        }
        let category: Category
        let text: String
    }

    private var history: History
    private let durability: Durability

    init(seed: UInt64, durability: Durability) {
        history = History(seed: seed)
        self.durability = durability
    }

    /// Answers questions until its input ends: see checker.h.
    mutating func run() throws {
        while let line = readLine() {
            let fields = line.split(separator: " ")
            guard fields.count == 2, let mark = Int(fields[1]) else { throw WorkloadError("a question `\(line)`") }
            print(answer(mountpoint: String(fields[0]), mark: max(mark, 0)))
            fflush(nil)
        }
    }

    private mutating func answer(mountpoint: String, mark: Int) -> String {
        let directory = Workload.directory(mountpoint)
        history.extend(to: mark + 1)
        let before = Result { try StoreTree(readingDirectory: directory) }
        guard let fault = fault(mountpoint: mountpoint, mark: mark) else { return "ok" }
        let after = Result { try StoreTree(readingDirectory: directory) }
        return """
            bad \(fault.category.rawValue) \(fault.text)
              acknowledged: \(mark == 0 ? "nothing" : "\(history.steps[mark - 1])")
              may be under way: \(history.steps[mark])
              before recovery:
            \(describe(before))
              after recovery:
            \(describe(after))
            .
            """
    }

    private func describe(_ tree: Result<StoreTree?, any Error>) -> String {
        switch tree {
        case .success(let tree): tree.map { "\($0)" } ?? "  (no store)"
        case .failure(let error): "  (can't be read: \(error))"
        }
    }

    private func fault(mountpoint: String, mark: Int) -> Fault? {
        do {
            let store = try Workload.open(mountpoint: mountpoint, durability: durability)
            guard let tree = try StoreTree(readingDirectory: Workload.directory(mountpoint)) else {
                return Fault(category: .unusable, text: "the store has been opened and isn't there")
            }
            if let fault = faultOfContent(tree, mark) ?? faultOfSettings(tree, mark) ?? faultOfRemnants(tree) {
                return fault
            }
            return try faultOfUse(store, tree)
        } catch {
            return Fault(category: .unusable, text: "\(error)")
        }
    }

    // MARK: - Content

    private func faultOfContent(_ tree: StoreTree, _ mark: Int) -> Fault? {
        let acknowledged = history.states[mark]
        let next = history.states[mark + 1]
        let step = history.steps[mark]
        let underWay = Set(step.groups.joined())
        let names = Set(tree.documents.keys.filter { !$0.hasPrefix(".") }).union(acknowledged.documents.keys)
        let settled = names.subtracting(underWay).sorted().map { [$0] }
        for group in settled + step.groups {
            let found = Self.part(tree, group, ignoring: step)
            if found == Self.part(acknowledged, group, ignoring: step) { continue }
            if underWay.isSuperset(of: group), found == Self.part(next, group, ignoring: step) { continue }
            return fault(of: group, tree, mark)
        }
        return nil
    }

    /// Some documents of a tree, without what may be anything during a step.
    private static func part(_ tree: StoreTree, _ names: [String], ignoring step: Step) -> [String: DocumentTree] {
        var part: [String: DocumentTree] = [:]
        for name in names {
            part[name] = tree.documents[name]
            guard let unsettled = step.unsettled, unsettled.document == name else { continue }
            part[name] = part[name]?.filter { !unsettled.paths.contains($0.key) }
        }
        return part
    }

    /// Says what kind of wrong it is.
    private func fault(of group: [String], _ tree: StoreTree, _ mark: Int) -> Fault {
        let name = group.joined(separator: " and ")
        let step = history.steps[mark]
        let found = Self.part(tree, group, ignoring: step)
        let earlier = history.states[..<mark].lastIndex { Self.part($0, group, ignoring: step) == found }
        if let earlier {
            return Fault(
                category: .lost, text: "\(name): as after step \(earlier), though step \(mark) is acknowledged")
        }
        let acknowledged = Self.part(history.states[mark], group, ignoring: step)
        let entries = found.values.flatMap { $0 }
        if let torn = entries.first(where: { if case .tornFile = $0.value { true } else { false } }) {
            return Fault(category: .torn, text: "\(name): \(torn.key): \(torn.value)")
        }
        if found.count < acknowledged.count {
            return Fault(category: .lost, text: "\(name): not there, though step \(mark) is acknowledged")
        }
        let managed = { (part: [String: DocumentTree]) in
            part.mapValues { $0.filter { $0.key.hasSuffix(".content") } }
        }
        let generations = [acknowledged, Self.part(history.states[mark + 1], group, ignoring: step)].map(managed)
        return generations.contains(managed(found))
            ? Fault(category: .unmanaged, text: "\(name): an unmanaged entry isn't as it was left")
            : Fault(category: .mixed, text: "\(name): no generation that there ever was")
    }

    /// The same for the file beside the store.
    private func faultOfSettings(_ tree: StoreTree, _ mark: Int) -> Fault? {
        if [mark, mark + 1].contains(where: { history.states[$0].settings == tree.settings }) { return nil }
        if case .tornFile? = tree.settings { return Fault(category: .torn, text: "the file beside the store") }
        return Fault(category: .lost, text: "the file beside the store isn't as step \(mark) left it")
    }

    // MARK: - Remnants and use

    private func faultOfRemnants(_ tree: StoreTree) -> Fault? {
        let left = tree.documents.keys.filter { $0.hasPrefix(".") }.sorted() + tree.others.filter { $0 != ".lock" }
        return left.isEmpty ? nil : Fault(category: .remnant, text: left.joined(separator: ", "))
    }

    /// The store lists what it holds, has nothing left to recover, and takes another commit.
    private func faultOfUse(_ store: DocumentStore, _ tree: StoreTree) throws -> Fault? {
        let listed = try store.list()
        guard listed == tree.documents.keys.sorted() else {
            return Fault(category: .unusable, text: "list() gives \(listed)")
        }
        let report = try store.recover(dryRun: true)
        guard report.isClean else { return Fault(category: .remnant, text: "a second recovery would find: \(report)") }
        let content = Content(document: "one-more", file: "one.content", step: 0, length: 100)
        try store.update(content.document) { draft in try draft.setBytes(content.bytes, for: content.file) }
        let saved = try StoreTree(readingDirectory: store.path)?.documents[content.document]
        guard saved == [content.file: .file(content)] else {
            return Fault(category: .unusable, text: "the next commit leaves \(saved ?? [:])")
        }
        return nil
    }
}
