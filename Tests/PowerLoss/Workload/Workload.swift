import Foundation
import Glibc
import Holdfast

/// Takes the steps of a history in a store, and marks each once it is acknowledged.
struct Workload {
    private let store: DocumentStore
    private let person: Person
    /// Where files lie that documents adopt.
    private let inbox: String
    private let marks: FileHandle
    private let durability: Durability

    /// Opens the store below a mount point.
    init(mountpoint: String, marks: String, durability: Durability) throws {
        store = try Self.open(mountpoint: mountpoint, durability: durability)
        self.durability = durability
        person = Person(store: Self.directory(mountpoint))
        inbox = mountpoint + "/inbox"
        let descriptor = Glibc.open(marks, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw WorkloadError("open: \(marks): \(String(cString: strerror(errno)))") }
        self.marks = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    static func directory(_ mountpoint: String) -> String { mountpoint + "/store" }

    static func open(mountpoint: String, durability: Durability) throws -> DocumentStore {
        var options = StoreOptions()
        options.durability = durability
        let codecs = try CodecRegistry(ContentCodec())
        return try DocumentStore.open(at: directory(mountpoint), codecs: codecs, options: options)
    }

    func take(_ step: Step) throws {
        switch step.change {
        case .save(let save):
            let sources = try fillInbox(save, step)
            try accept(
                store.update(save.document, renamingTo: save.newName) { draft in
                    try apply(save, step, sources, to: &draft)
                })
        case .batch(let saves):
            let byDocument = Dictionary(uniqueKeysWithValues: saves.map { ($0.document, $0) })
            let results = try store.updateBatch(saves.map(\.document)) { draft in
                guard let save = byDocument[draft.document] else {
                    throw WorkloadError("the batch asks for \(draft.document)")
                }
                try apply(save, step, [:], to: &draft)
            }
            for result in results { try accept(result.get()) }
        case .rename(let from, let to): try accept(store.rename(from, to: to))
        case .remove(let document): try accept(store.remove(document))
        case .settings(let length):
            let path = StoreTree.settingsPath(besideStore: store.path)
            try AtomicFile(path, durability: durability).write(step.content("outside", "settings", length).bytes)
        case .personWrites(let document, let path, let length):
            let content = step.content(document, path, length)
            try person.write(content, to: path, in: document, inPlace: step.number.isMultiple(of: 2))
        case .personLinks(let document, let path, let target): try person.link(path, to: target, in: document)
        }
        try mark(step.number)
    }

    /// One write(2), which returns when the device has logged it.
    func mark(_ number: Int) throws { try marks.write(contentsOf: Data("mark \(number)\n".utf8)) }

    /// A commit that is less than asked for proves nothing.
    private func accept(_ receipt: Receipt) throws {
        guard receipt.durability == receipt.durabilityAsked, receipt.warnings.isEmpty else {
            throw WorkloadError("\(receipt)")
        }
    }

    private func apply(_ save: Save, _ step: Step, _ sources: [String: String], to draft: inout Draft) throws {
        for (file, length) in save.writes {
            try draft.setBytes(step.content(save.document, file, length).bytes, for: file)
        }
        for file in save.removals { try draft.remove(file) }
        for name in save.unmanagedRemovals {
            guard try draft.removeUnmanaged(name) else { throw WorkloadError("\(save.document) has no \(name)") }
        }
        for (name, source) in sources { try draft.addUnmanaged(name, copying: source) }
    }

    /// Writes the files that the save adopts, without a flush: making the copies durable is the store's duty.
    private func fillInbox(_ save: Save, _ step: Step) throws -> [String: String] {
        var sources: [String: String] = [:]
        for (name, length) in save.additions {
            try FileManager.default.createDirectory(atPath: inbox, withIntermediateDirectories: true)
            let path = inbox + "/" + name
            try step.content(save.document, name, length).bytes.write(to: URL(fileURLWithPath: path))
            sources[name] = path
        }
        return sources
    }
}
