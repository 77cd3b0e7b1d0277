@testable import Holdfast

/// A document's lock, held as another process would.
final class LockHolderForTests: Sendable {
    private let held: StoreLocks.Held

    init(_ path: String, document: String, _ mode: LockMode = .exclusive) throws {
        let root = try Directory(path: path, on: POSIXFileSystem())
        held = try StoreLocks(store: root).acquire([DocumentName(document)], mode, timeout: .seconds(1))
    }

    func release() { held.release() }
}
