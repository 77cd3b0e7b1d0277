@testable import Holdfast

/// A document's lock, held as another process would.
final class LockHolderForTests: Sendable {
    private let held: StoreLocks.Held

    init(
        _ path: String, document: String, _ mode: LockMode = .exclusive, timeout: Duration = .seconds(1)
    ) throws {
        let root = try Directory(path: path, on: POSIXFileSystem())
        held = try StoreLocks(store: root).acquire([DocumentName(document)], mode, timeout: timeout)
    }

    /// Takes the lock if it is free at this moment.
    static func tryOnce(_ path: String, document: String) throws -> LockHolderForTests {
        try LockHolderForTests(path, document: document, timeout: .zero)
    }

    func release() { held.release() }
}
