import Foundation
import Holdfast
import HoldfastTesting
import Synchronization
import Testing

/// What each model lets a crash leave, and what not.
@Suite struct `A simulated crash` {
    private func states(_ machine: SimulatedMachine) -> Set<String> {
        var found: Set<String> = []
        let isAll = machine.crashPoint.forEachState(.init(limit: 100_000, seed: 1)) { _, tree in
            found.insert(tree.contents)
        }
        #expect(isAll)
        return found
    }

    private func machine(_ model: DurabilityModel) throws -> (machine: SimulatedMachine, root: Directory) {
        var configuration = SimulatedMachine.Configuration()
        configuration.model = model
        let machine = SimulatedMachine(configuration)
        return (machine, try Directory(path: "/", on: machine.client()))
    }

    @Test func `may lose, cut, blank or spoil bytes that were not flushed, under POSIX alone`() throws {
        let (machine, root) = try machine(.strictPOSIX)
        let file = try root.create(EntryName("a"), mode: 0o644)
        try file.writeAll(Data("1234".utf8))
        #expect(states(machine) == ["", "a=", "a=1234", "a=12", "a=\0\0\0\0", "a=\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"])
        try root.flush()
        #expect(!states(machine).contains(""))
        try file.flush()
        #expect(states(machine) == ["a=1234"])
    }

    @Test func `keeps flushed bytes, and forgets the name that was not flushed`() throws {
        let (machine, root) = try machine(.strictPOSIX)
        let file = try root.create(EntryName("a"), mode: 0o644)
        try file.writeAll(Data("1".utf8))
        try file.flush()
        #expect(states(machine) == ["", "a=1"])
    }

    @Test(arguments: DurabilityModel.allCases)
    func `leaves nothing that is missed where known states are not gone through again`(model: DurabilityModel) throws {
        let (machine, root) = try machine(model)
        machine.startRecording()
        let file = try root.create(EntryName("a"), mode: 0o644)
        try file.writeAll(Data("1234".utf8))
        try file.flush()
        try root.rename(EntryName("a"), to: EntryName("b"))
        try file.writeAll(Data("56".utf8))
        try root.flush()
        let points = machine.stopRecording()
        var (whole, fresh): (Set<String>, Set<String>) = ([], [])
        var (all, rest) = (0, 0)
        var known = CrashPoint.KnownStates()
        for point in points {
            let bounds = CrashPoint.Bounds(limit: 100_000, seed: 1)
            point.forEachState(bounds) { _, tree in
                whole.insert(tree.contents)
                all += 1
            }
            point.forEachState(bounds, besides: &known) { _, tree in
                fresh.insert(tree.contents)
                rest += 1
            }
        }
        #expect(fresh == whole)
        #expect(rest < all)
    }

    @Test(arguments: DurabilityModel.allCases)
    func `takes a rename whole or not at all`(model: DurabilityModel) throws {
        let (machine, root) = try machine(model)
        try root.create(EntryName("a"), mode: 0o644).writeAll(Data("1".utf8))
        try root.create(EntryName("b"), mode: 0o644).writeAll(Data("2".utf8))
        machine.flushEverything()
        try root.rename(EntryName("a"), to: EntryName("b"), .exchange)
        #expect(states(machine) == ["a=1 b=2", "a=2 b=1"])
        try root.flush()
        #expect(states(machine) == ["a=2 b=1"])
    }

    @Test func `reorders names under POSIX alone, and never in a journal`() throws {
        for model in DurabilityModel.allCases {
            let (machine, root) = try machine(model)
            try root.makeDirectory(EntryName("d"), mode: 0o755)
            machine.flushEverything()
            try root.create(EntryName("a"), mode: 0o644).close()
            let directory = try Directory(EntryName("d"), in: root)
            try directory.create(EntryName("b"), mode: 0o644).close()
            let inOrder: Set = ["d()", "a= d()", "a= d(b=)"]
            #expect(states(machine) == (model == .strictPOSIX ? inOrder.union(["d(b=)"]) : inOrder), "\(model)")
        }
    }

    @Test func `leaves a renamed file empty that was not flushed, in an ordered journal`() throws {
        let (machine, root) = try machine(.ext4Ordered)
        try root.create(EntryName("a.tmp"), mode: 0o644).writeAll(Data("1".utf8))
        try root.rename(EntryName("a.tmp"), to: EntryName("a"))
        try root.flush()
        #expect(states(machine) == ["a=", "a=1"])
    }

    @Test(arguments: DurabilityModel.allCases)
    func `never shows bytes again that a failed flush has dropped`(model: DurabilityModel) throws {
        let (machine, root) = try machine(model)
        let file = try root.create(EntryName("a"), mode: 0o644)
        machine.flushEverything()
        try file.writeAll(Data("1".utf8))
        machine.intercept { $0.call == .fsync ? .failureDroppingPages(.inputOutput) : nil }
        #expect(throws: SystemCallError.self) { try file.flush() }
        machine.intercept(nil)
        // As on Linux, the second flush says that all is well.
        try file.flush()
        #expect(!states(machine).contains("a=1"))
        #expect(machine.tree.contents == "a=1")
    }

    @Test func `leaves states that another machine boots from`() throws {
        let (machine, root) = try machine(.strictPOSIX)
        try root.makeDirectory(EntryName("d"), mode: 0o755)
        try root.flush()
        let directory = try Directory(EntryName("d"), in: root)
        try directory.create(EntryName("b"), mode: 0o644).writeAll(Data("1".utf8))
        let rebooted = SimulatedMachine(machine.configuration, booting: machine.crashPoint.allLost)
        let after = try Directory(path: "/d", on: rebooted.client())
        #expect(try after.entries().isEmpty)
        try after.create(EntryName("b"), mode: 0o644).close()
        #expect(rebooted.tree.contents == "d(b=)")
    }

    @Test func `can come at any call, and nothing happens behind it`() throws {
        let (machine, root) = try machine(.strictPOSIX)
        machine.intercept { $0.call == .mkdirat && $0.path == "/b" ? .powerCut : nil }
        try root.makeDirectory(EntryName("a"), mode: 0o755)
        #expect(throws: SystemCallError.self) { try root.makeDirectory(EntryName("b"), mode: 0o755) }
        #expect(throws: SystemCallError.self) { try root.makeDirectory(EntryName("c"), mode: 0o755) }
        #expect(machine.tree.contents == "a()")
    }
}

/// Faults other than a loss of power.
@Suite struct `A simulated machine` {
    @Test func `transfers fewer bytes than asked, and the kernel goes on`() throws {
        let machine = SimulatedMachine()
        let root = try Directory(path: "/", on: machine.client())
        machine.intercept { [.pwrite, .pread].contains($0.call) ? .short(3) : nil }
        let file = try root.create(EntryName("a"), mode: 0o644)
        try file.writeAll(Data("1234567".utf8))
        #expect(try file.readAll(size: 7) == Data("1234567".utf8))
        #expect(machine.callCount >= 6)
    }

    @Test func `repeats the same run for the same seed, call by call`() throws {
        func trace(_ seed: UInt64) throws -> [String] {
            var configuration = SimulatedMachine.Configuration()
            configuration.seed = seed
            let machine = SimulatedMachine(configuration)
            let lines = Mutex<[String]>([])
            machine.intercept { call in
                lines.withLock { $0.append(call.description) }
                return nil
            }
            let root = try Directory(path: "/", on: machine.client())
            for name in ["a", "b", "c", "d", "e"] { try root.makeDirectory(EntryName(name), mode: 0o755) }
            for entry in try root.entries() { try root.removeDirectory(entry.name) }
            return lines.withLock { $0 }
        }
        #expect(try trace(1) == trace(1))
        #expect(try trace(1) != trace(2))
    }
}

/// Clients that take turns as a schedule says.
@Suite struct `Interleaved clients` {
    /// Each reads a number and writes the next one; under the lock none is lost.
    private func count(_ preemptions: Set<Int>, locking: Bool) throws -> (text: String, steps: Int) {
        let machine = SimulatedMachine()
        let root = try Directory(path: "/", on: machine.client())
        let file = try root.create(EntryName("n"), mode: 0o644)
        try file.writeAll(Data("0".utf8))
        let failures = Mutex<[String]>([])
        let body = { @Sendable (client: Int) in
            do {
                let root = try Directory(path: "/", on: machine.client(client))
                let file = try root.openOrCreate(EntryName("n"), mode: 0o644)
                let fileSystem = machine.client(client)
                if locking {
                    guard try fileSystem.lock(file.descriptor, LockRange(start: 0), .exclusive, timeout: .seconds(1))
                    else { throw SystemCallError(.lock, .again) }
                }
                let number = Int(String(decoding: try file.readAll(size: 1), as: UTF8.self)) ?? 0
                try file.writeAll(Data("\(number + 1)".utf8))
                try file.close()
            } catch { failures.withLock { $0.append("\(error)") } }
        }
        let interleaving = Interleaving(clients: 2, preemptions: preemptions)
        machine.interleave(interleaving)
        interleaving.run([{ body(0) }, { body(1) }], on: [DispatchQueue(label: "client")])
        machine.interleave(nil)
        #expect(failures.withLock { $0 } == [])
        return (String(decoding: try file.readAll(size: 1), as: UTF8.self), interleaving.steps)
    }

    @Test func `lose an update without a lock, in one order and not in another`() throws {
        let steps = try count([], locking: false).steps
        let results = try (0..<steps).map { try count([$0], locking: false).text }
        #expect(Set(results) == ["1", "2"])
        #expect(try (0..<steps).map { try count([$0], locking: false).text } == results)
    }

    @Test func `lose none under a lock, in any order with two preemptions`() throws {
        let steps = try count([], locking: true).steps
        for first in 0..<steps {
            for second in first..<steps { #expect(try count([first, second], locking: true).text == "2") }
        }
    }
}

extension SimulatedTree {
    /// Names and contents on one line.
    var contents: String {
        func list(_ id: NodeID) -> String {
            (self[id]?.entries ?? [:]).map { name, id in
                if let file = self[id]?.file { return "\(name)=\(String(decoding: file.bytes, as: UTF8.self))" }
                return "\(name)(\(list(id)))"
            }
            .joined(separator: " ")
        }
        return list(Self.root)
    }
}
