import Foundation
import Holdfast
import HoldfastTesting
import Testing

/// The simulation is worth as much as it is like the real thing: both get the same random calls, and must answer the
/// same, errors included.
@Suite struct `The simulated file system answers like the operating system's` {
    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func `to random calls`(seed: UInt64) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
        }
        var configuration = SimulatedMachine.Configuration()
        configuration.user = POSIXFileSystem().effectiveUser()
        configuration.umask = Self.umask
        let machine = SimulatedMachine(configuration)
        var real = CallPlayer(POSIXFileSystem(), root: folder.path)
        var simulated = CallPlayer(machine.client(), root: "/")
        try real.start()
        try simulated.start()
        let hasAttributes = real.hasAttributes
        var generator = SeededGenerator(seed: seed)
        var trace: [String] = []
        for _ in 0..<400 {
            let call = RandomCall(&generator, openFiles: real.openCount)
            if !hasAttributes, call.isAboutAttributes { continue }
            let answers = (real.answer(to: call), simulated.answer(to: call))
            trace.append("\(call): \(answers.0)")
            try #require(answers.0 == answers.1, "seed \(seed)\n\(trace.suffix(12).joined(separator: "\n"))")
        }
        let trees = (try real.listing(), try simulated.listing())
        #expect(trees.0 == trees.1)
        real.finish()
        simulated.finish()
        #expect(machine.openDescriptorCount == 0)
    }

    private static let umask: UInt32 = {
        let old = Foundation.umask(0)
        _ = Foundation.umask(old)
        return UInt32(old)
    }()
}

/// One call with small random arguments, so that calls meet each other.
struct RandomCall: CustomStringConvertible {
    let kind: Int
    /// Which of the open directories and files.
    let (first, second): (Int, Int)
    let (name, newName): (EntryName, EntryName)
    let number: Int64
    let mode: UInt32

    static let kindCount = 39
    var isAboutAttributes: Bool { (34...38).contains(kind) }

    init(_ generator: inout SeededGenerator, openFiles: Int) {
        kind = Int.random(in: 0..<Self.kindCount, using: &generator)
        first = Int.random(in: 0..<openFiles, using: &generator)
        second = Int.random(in: 0..<openFiles, using: &generator)
        func name() -> EntryName {
            switch Int.random(in: 0..<40, using: &generator) {
            case 1: EntryName(String(repeating: "n", count: 255))
            case 2: EntryName(String(repeating: "n", count: 256))
            case 3: EntryName(bytes: [0xFF, 0xFE])
            case let number: EntryName(["a", "b", "c", "d", "e"][number % 5])
            }
        }
        self.name = name()
        newName = name()
        number = Int64([0, 1, 5, 100, 4095, 4096, 5000, 9000, 20000, -1].randomElement(using: &generator) ?? 0)
        mode = [0o700, 0o755, 0o777, 0o4755, 0o1777, 0o750].randomElement(using: &generator) ?? 0o700
    }

    /// An attribute's name; some can't be one.
    var attribute: EntryName {
        switch newName.bytes.first {
        case UInt8(ascii: "n"): "user." + newName
        case 0xFF: newName
        default: mode == 0o700 ? EntryName("user.") : "user." + newName
        }
    }

    var description: String { "\(kind) of \(first) \(second) `\(name)` `\(newName)` \(number)" }
}

/// Makes random calls of one file system, and puts the answers into words that can be compared.
struct CallPlayer {
    let fileSystem: any FileSystem
    let root: String
    private var descriptors: [Descriptor] = []

    init(_ fileSystem: any FileSystem, root: String) {
        self.fileSystem = fileSystem
        self.root = root
    }

    var openCount: Int { descriptors.count }

    /// Whether files can have extended attributes here.
    var hasAttributes: Bool {
        do throws(SystemCallError) {
            _ = try fileSystem.extendedAttribute(EntryName("user.a"), of: descriptors[0])
            return true
        } catch {
            return error.errno == .noData
        }
    }

    mutating func start() throws { descriptors = [try fileSystem.openDirectory(path: root)] }

    mutating func finish() {
        for descriptor in descriptors {
            do { try fileSystem.close(descriptor) } catch { Issue.record(error) }
        }
        descriptors = []
    }

    mutating func answer(to call: RandomCall) -> String {
        do throws(SystemCallError) { return try perform(call) } catch {
            // xfs says of a directory in a rename's way that it exists, where others say that it is not empty (rename(2)).
            let errno = call.kind == 20 && error.errno == .exists ? .notEmpty : error.errno
            return "\(error.call.rawValue): \(errno)"
        }
    }

    private mutating func perform(_ call: RandomCall) throws(SystemCallError) -> String {
        let (first, second) = (descriptors[call.first], descriptors[call.second])
        switch call.kind {
        case 0: return try open(call.name, in: first, .read, call.mode)
        case 1, 2: return try open(call.name, in: first, .directory, call.mode)
        case 3, 4: return try open(call.name, in: first, .createNew, call.mode)
        case 5: return try open(call.name, in: first, .readWriteOrCreate, call.mode)
        case 6:
            // The root stays open.
            guard call.first > 0 else { return "none" }
            try fileSystem.close(first)
            descriptors.remove(at: call.first)
        case 7, 8: return try read(first, at: call.number)
        case 9, 10: return try write(first, "\(call.newName)", at: call.number)
        case 11: try fileSystem.truncate(first, to: call.number)
        case 12: return describe(try fileSystem.status(first))
        case 13: return describe(try fileSystem.status(of: call.name, in: first))
        case 14: return try entries(first)
        case 15, 16, 17: try fileSystem.makeDirectory(call.name, in: first, mode: call.mode)
        case 18: try fileSystem.removeFile(call.name, in: first)
        case 19: try fileSystem.removeDirectory(call.name, in: first)
        case 20: try fileSystem.rename(call.name, in: first, to: call.newName, in: second, .replace)
        case 21: try fileSystem.rename(call.name, in: first, to: call.newName, in: second, .noReplace)
        case 22: try fileSystem.rename(call.name, in: first, to: call.newName, in: second, .exchange)
        case 23, 24: try fileSystem.link(call.name, in: first, to: call.newName, in: second)
        case 25: try fileSystem.makeSymbolicLink(to: Array(call.newName.bytes), named: call.name, in: first)
        case 26:
            return String(decoding: try fileSystem.readSymbolicLink(call.name, in: first), as: UTF8.self)
        default: return try performOnDescriptor(call, first, second)
        }
        return "done"
    }

    private func performOnDescriptor(
        _ call: RandomCall, _ first: Descriptor, _ second: Descriptor
    ) throws(SystemCallError) -> String {
        let time = Timestamp(seconds: max(call.number, 0), nanoseconds: 7)
        switch call.kind {
        case 27: try fileSystem.setMode(first, to: call.mode)
        case 28:
            let status = try fileSystem.status(first)
            try fileSystem.setOwner(first, user: status.user, group: status.group)
        case 29: try fileSystem.setTimes(first, access: time, modification: time)
        case 30: try fileSystem.setTimes(of: call.name, in: first, access: time, modification: time)
        case 31:
            let mode: LockMode = call.mode == 0o700 ? .shared : .exclusive
            return
                "\(try fileSystem.lock(first, LockRange(start: max(call.number, 0) % 4, count: 2), mode, timeout: .zero))"
        case 32:
            guard call.number >= 0 else { return "none" }
            let count = try fileSystem.copyRange(first, to: second, at: call.number, count: 6000)
            return "\(count)"
        case 33:
            try fileSystem.unlock(first, LockRange(start: max(call.number, 0) % 4, count: 1))
            try fileSystem.flush(first)
        case 34, 35:
            // ext4 has a block for all of a file's.
            let value = [UInt8](repeating: 7, count: Int(call.mode % 100))
            try fileSystem.setExtendedAttribute(call.attribute, of: first, to: value)
        case 36: try fileSystem.removeExtendedAttribute(call.attribute, of: first)
        case 37: return "\(try fileSystem.extendedAttribute(call.attribute, of: first))"
        default:
            let names = try fileSystem.extendedAttributeNames(first).filter { $0.hasPrefix("user.") }
            return names.sorted().map(\.description).joined(separator: " ")
        }
        return "done"
    }

    private mutating func open(
        _ name: EntryName, in directory: Descriptor, _ access: FileAccess, _ mode: UInt32
    ) throws(SystemCallError) -> String {
        descriptors.append(try fileSystem.open(name, in: directory, access, mode: mode))
        return "opened"
    }

    private func read(_ descriptor: Descriptor, at offset: Int64) throws(SystemCallError) -> String {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 6000, alignment: 16)
        defer { buffer.deallocate() }
        let count = try fileSystem.read(descriptor, into: buffer, at: offset)
        return "\(count) \(Array(buffer.prefix(count)))"
    }

    private func write(
        _ descriptor: Descriptor, _ text: String, at offset: Int64
    ) throws(SystemCallError) -> String {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 16)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: text.utf8)
        return "\(try fileSystem.write(descriptor, UnsafeRawBufferPointer(buffer), at: offset))"
    }

    private func entries(_ descriptor: Descriptor) throws(SystemCallError) -> String {
        try list(descriptor).map { "\($0.name.bytes) \($0.kind.map(\.rawValue) ?? "?")" }.sorted()
            .joined(separator: ", ")
    }

    private func list(_ directory: Descriptor) throws(SystemCallError) -> [(name: EntryName, kind: EntryKind?)] {
        var entries: [(name: EntryName, kind: EntryKind?)] = []
        try fileSystem.visitEntries(of: directory, .shared) { entries.append((EntryName(bytes: $0), $1)) }
        return entries
    }

    /// What does not depend on the file system's own ways: how large directories are, how many links they have.
    private func describe(_ status: FileStatus) -> String {
        let isDirectory = status.kind == .directory
        let numbers = isDirectory ? "" : " \(status.size) bytes, \(status.linkCount) links"
        // Times that were set; those of the clock are of each its own.
        let time = status.modification.seconds < 100_000 ? " \(status.modification)" : ""
        return "\(status.kind) \(String(status.mode, radix: 8)) \(status.user) \(status.group)\(numbers)\(time)"
    }

    /// The whole tree, and which names are links of one file.
    func listing() throws -> String {
        var lines: [String] = []
        var numbers: [FileIdentity: Int] = [:]
        func visit(_ directory: Descriptor, _ path: String) throws {
            for entry in try list(directory).sorted(by: { $0.name < $1.name }) {
                let status = try fileSystem.status(of: entry.name, in: directory)
                let number = numbers[status.identity, default: numbers.count]
                numbers[status.identity] = number
                lines.append("\(path)\(entry.name) #\(number) \(describe(status))")
                if status.kind == .directory {
                    let child = try fileSystem.open(entry.name, in: directory, .directory, mode: 0)
                    try visit(child, "\(path)\(entry.name)/")
                    try fileSystem.close(child)
                }
            }
        }
        try visit(try #require(descriptors.first), "")
        return lines.joined(separator: "\n")
    }
}
