import Foundation
import Holdfast
import HoldfastTesting

/// Tells which step of the protocol a call is, by what it is about and what came before.
struct StepNamer: Sendable {
    /// The last call that moved one of the store's names, by document, and of all.
    private var events: [String: String] = [:]
    private var latest = Self.start
    private static let start = "the lock"

    /// Names a call that can change something; nil for others.
    mutating func name(_ call: SimulatedCall) -> String? {
        guard call.call.isMutating else { return nil }
        let path = call.path
        guard path.hasPrefix(Contents.storePath) else { return nil }
        if path.hasSuffix("/.lock") {
            // Every commit, and every document's recovery, begins with it.
            events = [:]
            latest = Self.start
            return nil
        }
        let target = Self.role(path)
        let document = Self.document(path)
        let event = document.map { events[$0] ?? Self.start } ?? latest
        let step = call.source.map { "\(Self.role($0)) → \(target)" } ?? target
        let name = "\(call.call.rawValue) \(step) after \(event)"
        let isOfStore = !path.dropFirst(Contents.storePath.count + 1).contains("/")
        if let next = Self.event(call.call, step, isOfStore: isOfStore) {
            latest = next
            if let document { events[document] = next }
        }
        return name
    }

    /// The document that a path belongs to.
    private static func document(_ path: String) -> String? {
        let parts = path.dropFirst(Contents.storePath.count + 1).split(separator: "/")
        guard let top = parts.first.map(String.init) else { return nil }
        return prefixes.first { top.hasPrefix($0) }.map { String(top.dropFirst($0.count)) } ?? top
    }

    private static func event(_ call: SystemCall, _ step: String, isOfStore: Bool) -> String? {
        switch call {
        case .renameat2: "rename \(step)"
        case .mkdirat, .unlinkat, .rmdirat: isOfStore ? "\(call.rawValue) \(step)" : nil
        case .pwrite: isOfStore && step == ".commit-X" ? "the record" : nil
        default: nil
        }
    }

    private static let codec = CodecNames()

    /// What a path stands for: `X`, `.staging-X`, a managed file in one of them, and so on.
    static func role(_ path: String) -> String {
        guard path != Contents.storePath else { return "the store" }
        let parts = path.dropFirst(Contents.storePath.count + 1).split(separator: "/").map(String.init)
        guard let top = parts.first else { return "the store" }
        let document = prefixes.first { top.hasPrefix($0) }.map { "\($0)X" } ?? (top == ".trash" ? top : "X")
        guard parts.count > 1, let last = parts.last else { return document }
        if parts.count == 2, last.hasSuffix(".tmp"), codec.manages(String(last.dropLast(4))) {
            return "\(document)/NAME.tmp"
        }
        if parts.count == 2, codec.manages(last) { return "\(document)/NAME" }
        if folders.contains(last) { return "\(document)/folder" }
        return "\(document)/entry"
    }

    private static let prefixes = [".staging-", ".old-", ".removed-", ".commit-"]
    private static let folders: Set<String> = ["pictures", "deep", "empty", "album", "sub"]
}

/// Which names the exploration's codec manages.
struct CodecNames: Sendable {
    func manages(_ name: String) -> Bool {
        name == "meta.txt" || name == "events.txt" || (name.hasPrefix("part-") && name.hasSuffix(".txt"))
    }
}
