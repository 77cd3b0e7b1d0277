import CommandLineKit
import FoundationEssentials
import Glibc

/// A private folder that is gone when its work is done.
final class TemporaryFolder {
    private let root: String
    private var isKept = false

    private init(in parent: String) throws(CommandFailure) {
        var template = Array("\(parent)/.conversations-XXXXXX".utf8CString)
        guard let path = mkdtemp(&template) else {
            throw CommandFailure("\(parent): no folder can be made in it: \(String(cString: strerror(errno)))")
        }
        root = String(cString: path)
    }

    /// Does work with a folder.
    ///
    /// - Parameters:
    ///   - parent: Where it is made; nil for the system's place for temporary files.
    ///   - body: The work.
    /// - Returns: What the work gives.
    /// - Throws: What the work throws, or ``CommandFailure`` where no folder can be made.
    static func with<Result>(
        in parent: String? = nil, _ body: (TemporaryFolder) throws -> Result
    ) throws -> Result {
        let folder = try TemporaryFolder(in: parent ?? StoreSettings.environment("TMPDIR") ?? "/tmp")
        defer { if !folder.isKept { folder.remove() } }
        return try body(folder)
    }

    /// The folder itself.
    var path: String { root }

    /// The path of an entry.
    func path(_ name: String) -> String { "\(root)/\(name)" }

    /// Gives an entry the mode of the file that it is to replace.
    func copyMode(to name: String, from original: PathText) throws {
        var status = stat()
        guard stat(original.appending(name), &status) == 0, chmod(path(name), status.st_mode & 0o777) == 0 else {
            throw CommandFailure("\(original.appending(name)): \(String(cString: strerror(errno)))")
        }
    }

    /// Leaves the folder where it is: what is in it is worth something.
    func keep() { isKept = true }

    /// What the work came to stands, whatever becomes of the folder.
    private func remove() {
        do {
            try FileManager.default.removeItem(atPath: root)
        } catch {
            StandardError.report("conversations: warning: \(root) can't be removed: \(error.systemReason)")
        }
    }
}
