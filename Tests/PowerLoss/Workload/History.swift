/// The workload that follows from a seed: its steps, and what the store holds after each.
struct History {
    /// What a step may be; each comes once in every round, in an order that the seed decides.
    private enum Kind: CaseIterable {
        case create, replaceOne, replaceSeveral, addFile, removeFile, smallBatch, largeBatch, rename, saveAndRename,
            remove
        case writeQuery, consumeQuery, deleteQuery, attach, adopt, link, settings
    }

    private static let query = "QUERY_MESSAGE.md"

    /// The steps, from number 1 on.
    private(set) var steps: [Step] = []
    /// What the store holds after step N; `states[0]` is the empty store.
    private(set) var states = [StoreTree()]

    private var generator: SeededGenerator
    private var round: [Kind] = []
    /// How many documents have had names.
    private var names = 0

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Makes the history go on to a step.
    mutating func extend(to number: Int) {
        while steps.count < number {
            let step = Step(number: steps.count + 1, change: nextChange())
            var tree = states[steps.count]
            step.apply(to: &tree)
            steps.append(step)
            states.append(tree)
        }
    }

    /// Steps that need what isn't there become the step that makes it.
    private mutating func nextChange() -> Step.Change {
        let tree = states[steps.count]
        if tree.documents.count < 3 { return create() }
        if round.isEmpty { round = Kind.allCases.shuffled(using: &generator) }
        let kind = round.removeLast()
        let document = pick(tree.documents.keys)
        let files = managedFiles(tree, document)
        switch kind {
        case .create:
            return tree.documents.count < 6 ? create() : .remove(document)
        case .replaceOne:
            return .save(Save(document: document, writes: [pick(files): length()]))
        case .replaceSeveral:
            guard files.count > 1 else { return addFile(to: document, files) }
            let count = Int.random(in: 2...files.count, using: &generator)
            let chosen = files.shuffled(using: &generator).prefix(count).sorted()
            return .save(Save(document: document, writes: lengths(chosen)))
        case .addFile:
            return addFile(to: document, files)
        case .removeFile:
            guard files.count > 1 else { return addFile(to: document, files) }
            let gone = pick(files)
            let changed = pick(files.filter { $0 != gone })
            return .save(Save(document: document, writes: [changed: length()], removals: [gone]))
        case .smallBatch:
            return batch(tree, of: 2)
        case .largeBatch:
            return batch(tree, of: 5)
        case .rename:
            return .rename(document, to: newName())
        case .saveAndRename:
            return .save(Save(document: document, writes: lengths(files), newName: newName()))
        case .remove:
            return tree.documents.count > 3 ? .remove(document) : create()
        case .writeQuery:
            return .personWrites(document: document, path: Self.query, length: length())
        case .consumeQuery:
            guard let waiting = documentWithQuery(tree) else { return writeQuery(document) }
            let files = managedFiles(tree, waiting)
            return .save(Save(document: waiting, writes: [pick(files): length()], unmanagedRemovals: [Self.query]))
        case .deleteQuery:
            guard let waiting = documentWithQuery(tree) else { return writeQuery(document) }
            return .save(Save(document: waiting, unmanagedRemovals: [Self.query]))
        case .attach:
            return .personWrites(document: document, path: "attachments/\(steps.count + 1).bin", length: length())
        case .adopt:
            return .save(
                Save(
                    document: document, writes: [pick(files): length()], additions: ["\(steps.count + 1).bin": length()]
                ))
        case .link:
            return .personLinks(document: document, path: "link-\(steps.count + 1)", target: pick(files))
        case .settings:
            return .settings(length: length())
        }
    }

    private mutating func create() -> Step.Change {
        let files = ["events.content", "metadata.content", "notes.content"]
        let count = Int.random(in: 1...files.count, using: &generator)
        return .save(Save(document: newName(), writes: lengths(files.prefix(count))))
    }

    private mutating func addFile(to document: String, _ files: [String]) -> Step.Change {
        .save(
            Save(document: document, writes: lengths(["more-\(steps.count + 1).content"] + files.prefix(1))))
    }

    private mutating func writeQuery(_ document: String) -> Step.Change {
        .personWrites(document: document, path: Self.query, length: length())
    }

    /// Documents that are there and one that is new.
    private mutating func batch(_ tree: StoreTree, of count: Int) -> Step.Change {
        let there = tree.documents.keys.sorted().shuffled(using: &generator).prefix(count - 1).sorted()
        var saves: [Save] = []
        for document in there {
            let files = managedFiles(tree, document)
            let all = Bool.random(using: &generator)
            saves.append(Save(document: document, writes: lengths(all ? files : [pick(files)])))
        }
        saves.append(Save(document: newName(), writes: lengths(["events.content", "metadata.content"])))
        return .batch(saves)
    }

    private mutating func newName() -> String {
        names += 1
        return "document-\(names)"
    }

    private mutating func documentWithQuery(_ tree: StoreTree) -> String? {
        let waiting = tree.documents.filter { $0.value[Self.query] != nil }.keys
        return waiting.isEmpty ? nil : pick(waiting)
    }

    private func managedFiles(_ tree: StoreTree, _ document: String) -> [String] {
        (tree.documents[document] ?? [:]).keys.filter { $0.hasSuffix(".content") }.sorted()
    }

    /// One of several, which must not be none; independent of a dictionary's order.
    private mutating func pick(_ names: some Collection<String>) -> String {
        let sorted = names.sorted()
        return sorted[Int.random(in: 0..<sorted.count, using: &generator)]
    }

    private mutating func lengths(_ files: some Sequence<String>) -> [String: Int] {
        var lengths: [String: Int] = [:]
        for file in files { lengths[file] = length() }
        return lengths
    }

    /// Mostly less than a block, sometimes many.
    private mutating func length() -> Int {
        let limit = [200, 4_000, 16_000, 100_000][Int.random(in: 0..<4, using: &generator)]
        return Int.random(in: 0...limit, using: &generator)
    }
}
