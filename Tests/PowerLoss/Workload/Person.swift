import Foundation
import Glibc

/// Someone who keeps files of their own in a document, and whose editor flushes what it saves.
struct Person {
    /// The store's directory.
    let store: String

    /// Saves a file; a new one at once, one that is there in place or by a rename over it.
    func write(_ content: Content, to path: String, in document: String, inPlace: Bool) throws {
        let directory = store + "/" + document
        let file = directory + "/" + path
        if let slash = path.firstIndex(of: "/") {
            let folder = directory + "/" + path[..<slash]
            if mkdir(folder, 0o777) == 0 {
                try flush(directory)
            } else if errno != EEXIST {
                throw failure("mkdir", folder)
            }
        }
        if inPlace {
            try write(content.bytes, to: file)
        } else {
            try write(content.bytes, to: Step.swapFile(file))
            guard rename(Step.swapFile(file), file) == 0 else { throw failure("rename", file) }
        }
        try flush(URL(fileURLWithPath: file).deletingLastPathComponent().path)
    }

    /// Makes a link.
    func link(_ path: String, to target: String, in document: String) throws {
        let directory = store + "/" + document
        guard symlink(target, directory + "/" + path) == 0 else { throw failure("symlink", path) }
        try flush(directory)
    }

    private func write(_ bytes: Data, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw failure("open", path) }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        try handle.write(contentsOf: bytes)
        try handle.synchronize()
    }

    private func flush(_ directory: String) throws {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", directory) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("fsync", directory) }
    }

    private func failure(_ call: String, _ path: String) -> WorkloadError {
        WorkloadError("\(call): \(path): \(String(cString: strerror(errno)))")
    }
}
