import Foundation
import Holdfast
import HoldfastTesting

/// Somebody with an editor and a shell, who knows nothing of the kernel and takes no locks.
struct Person {
    let machine: SimulatedMachine
    /// No client of the kernel, so that no schedule waits for it.
    private static let number = 99

    init(_ machine: SimulatedMachine) { self.machine = machine }

    private func parent(of path: String) throws -> (directory: Directory, name: EntryName) {
        let slash = try path.lastIndex(of: "/").orThrow("a path begins with a slash")
        let folder = path[..<slash]
        return (
            try Directory(path: folder.isEmpty ? "/" : String(folder), on: machine.client(Self.number)),
            EntryName(String(path[path.index(after: slash)...]))
        )
    }

    /// Opens a folder, as a shell does that changes into it.
    func enter(_ path: String) throws -> Directory { try Directory(path: path, on: machine.client(Self.number)) }

    func makeFolder(_ path: String) throws {
        let (directory, name) = try parent(of: path)
        try directory.makeDirectory(name, mode: 0o755)
    }

    /// Writes a new file, or over an old one, in place.
    func write(_ text: String, to path: String) throws {
        let (directory, name) = try parent(of: path)
        try write(text, to: name, in: directory)
    }

    func write(_ text: String, to name: EntryName, in directory: Directory) throws {
        let file = try directory.openOrCreate(name, mode: 0o644)
        try file.truncate(to: 0)
        try file.writeAll(Data(text.utf8))
        try file.close()
    }

    /// Saves as editors do: a new file, renamed over the old one.
    func save(_ text: String, to path: String) throws {
        let (directory, name) = try parent(of: path)
        try save(text, to: name, in: directory)
    }

    func save(_ text: String, to name: EntryName, in directory: Directory) throws {
        let temporary = "." + name + ".swp"
        let file = try directory.create(temporary, mode: 0o644)
        try file.writeAll(Data(text.utf8))
        try file.close()
        try directory.rename(temporary, to: name)
    }

    func delete(_ path: String) throws {
        let (directory, name) = try parent(of: path)
        try directory.removeFile(name)
    }

    func rename(_ path: String, to newName: String) throws {
        let (directory, name) = try parent(of: path)
        try directory.rename(name, to: EntryName(newName))
    }

    /// Gives a file a second name in its folder.
    func link(_ path: String, as newName: String) throws {
        let (directory, name) = try parent(of: path)
        try directory.link(name, to: EntryName(newName), in: directory)
    }

    func setMode(_ mode: UInt32, of path: String) throws {
        let (directory, name) = try parent(of: path)
        try Directory(name, in: directory).setMode(mode)
    }

    func make(_ item: Contents.Item, at path: String) throws {
        let (directory, name) = try parent(of: path)
        let fileSystem = machine.client(Self.number)
        switch item.kind {
        case .folder: try directory.makeDirectory(name, mode: 0o755)
        case .fifo:
            try machine.modify { (state) throws(SystemCallError) in
                try state.makeSpecial(name, at: directory.descriptor, .fifo)
            }
        case .link(let target): try directory.makeSymbolicLink(to: Array(target.utf8), named: name)
        case .file(let text):
            let file = try directory.create(name, mode: 0o644)
            try file.writeAll(Data(text.utf8))
            for (key, value) in item.attributes {
                try fileSystem.setExtendedAttribute(EntryName(key), of: file.descriptor, to: Array(value.utf8))
            }
            try file.setOwner(user: item.user, group: item.user)
            try file.setMode(item.mode)
            try file.close()
        }
        if let time = item.time {
            let stamp = Timestamp(seconds: time, nanoseconds: 0)
            try directory.setTimes(of: name, access: stamp, modification: stamp)
        }
    }
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension Optional {
    func orThrow(_ why: String) throws -> Wrapped {
        guard let self else { throw Unexpected(why) }
        return self
    }
}
