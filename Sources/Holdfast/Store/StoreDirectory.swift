/// The store's own directory, on the way to being held open.
struct StoreDirectory {
    private let path: String
    private let fileSystem: any FileSystem

    /// - Parameters:
    ///   - path: Where it is. A slash at its end would have a symbolic link followed (path_resolution(7)).
    ///   - fileSystem: What it is on.
    init(path: String, fileSystem: any FileSystem) {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = String(path)
        self.fileSystem = fileSystem
    }

    /// Opens the directory; creates it first where the options say so.
    func open(_ options: StoreOptions) throws -> Directory {
        try HoldfastError.checkPath(path)
        if let directory = try openIfPresent() { return directory }
        guard options.createsStore else {
            throw HoldfastError(
                .notFound, "there is no such directory", file: path, remedy: "create it, or check the path")
        }
        try create(isDurable: options.durability == .powerLoss)
        guard let directory = try openIfPresent() else {
            throw HoldfastError(.notFound, "the directory was removed as soon as it was created", file: path)
        }
        return directory
    }

    private func openIfPresent() throws -> Directory? {
        do {
            return try Directory(path: path, on: fileSystem)
        } catch {
            switch error.errno {
            case .notFound: return nil
            case .loop, .notADirectory:
                throw HoldfastError(
                    .unexpectedEntry, "the store is not a directory, or is a symbolic link", file: path,
                    remedy: "name the directory itself")
            default: throw error
            }
        }
    }

    private func create(isDurable: Bool) throws {
        do throws(SystemCallError) {
            try Directory.uninterrupted(nil) { () throws(SystemCallError) in
                try fileSystem.makeDirectory(path: path, mode: 0o777)
            }
        } catch {
            if error.errno == .exists { return }
            if error.errno == .notFound {
                throw HoldfastError(
                    .notFound, "the store can't be created: there is no directory to put it in", file: path,
                    remedy: "create its parent first, or check the path")
            }
            throw error
        }
        if isDurable { try flushName() }
    }

    private func flushName() throws(SystemCallError) {
        let parent: Directory
        do {
            parent = try Directory(path: path + "/..", on: fileSystem)
        } catch {
            // Who may write into a directory need not be able to read it, nor so to open it.
            guard error.errno == .accessDenied else { throw error }
            return try Directory(path: path, on: fileSystem).flushFileSystem()
        }
        try parent.flush()
    }
}
