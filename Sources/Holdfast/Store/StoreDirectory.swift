/// The store's own directory, on the way to being held open.
struct StoreDirectory {
    let path: String
    let fileSystem: any FileSystem

    /// Opens the directory; creates it first where the options say so.
    func open(_ options: StoreOptions) throws -> Directory {
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

    private func create(isDurable: Bool) throws(SystemCallError) {
        do {
            try Directory.uninterrupted(nil) { () throws(SystemCallError) in
                try fileSystem.makeDirectory(path: path, mode: 0o777)
            }
        } catch {
            if error.errno == .exists { return }
            throw error
        }
        if isDurable { try Directory(path: path + "/..", on: fileSystem).flush() }
    }
}
