import Foundation
import Holdfast
import HoldfastTesting
import Testing

/// What a host's own tests do with the simulated disk.
@Suite struct `A store on a simulated disk` {
    private let key = ManagedFile<String>("note.txt")

    private func codecs() throws -> CodecRegistry { try CodecRegistry(DiskTextCodec()) }

    @Test(arguments: DurabilityModel.allCases)
    func `has what was saved, whatever a crash loses`(model: DurabilityModel) throws {
        for loss in [SimulatedDisk.Loss.everything, .nothing, .some, .some] {
            let disk = SimulatedDisk(model: model)
            try disk.openStore(codecs: codecs()).update("a") { try $0.set("1", for: key) }
            disk.crash(loss)
            #expect(try disk.openStore(codecs: codecs()).snapshot("a").value(key) == "1")
        }
    }

    @Test func `loses what was saved without a flush, when the power fails`() throws {
        let disk = SimulatedDisk()
        var options = StoreOptions()
        options.durability = .processCrash
        try disk.openStore(codecs: codecs(), options: options).update("a") { try $0.set("1", for: key) }
        disk.crash(.everything)
        #expect(try disk.openStore(codecs: codecs()).list() == [])
    }

    @Test(arguments: [SimulatedDisk.Features.all, []])
    func `is old or new after a crash at any call`(features: SimulatedDisk.Features) throws {
        let disk = SimulatedDisk(features: features)
        let store = try disk.openStore(codecs: codecs())
        try store.update("a") { try $0.set("old", for: key) }
        try disk.write(Data("own".utf8), to: "/store/a/own")
        disk.crash(.nothing)
        let again = try disk.openStore(codecs: codecs())
        let states = try disk.forEachCrash {
            try again.update("a") { draft in
                try draft.set("new", for: key)
                try draft.set("more", for: ManagedFile("more.txt"))
            }
        } check: { crashed, hadReturned in
            let snapshot = try crashed.openStore(codecs: codecs()).snapshot("a")
            let text = try snapshot.value(key)
            #expect(text == "new" || (text == "old" && !hadReturned))
            #expect(snapshot.managedFiles.count == (text == "new" ? 2 : 1))
        }
        #expect(states > 20)
    }

    @Test func `refuses to save on a full disk, and goes on when there is space`() throws {
        let disk = SimulatedDisk()
        let store = try disk.openStore(codecs: codecs())
        try store.update("a") { try $0.set("1", for: key) }
        disk.isFull = true
        #expect(throws: HoldfastError.self) { try store.update("a") { try $0.set("2", for: key) } }
        #expect(try store.snapshot("a").value(key) == "1")
        disk.isFull = false
        try store.update("a") { try $0.set("2", for: key) }
        #expect(try store.snapshot("a").value(key) == "2")
    }

    @Test func `says so when a flush fails`() throws {
        let disk = SimulatedDisk()
        let store = try disk.openStore(codecs: codecs())
        disk.failsFlushes = true
        #expect(throws: HoldfastError.self) { try store.update("a") { try $0.set("1", for: key) } }
        disk.failsFlushes = false
        #expect(try store.list() == [])
    }

    @Test func `ends at a power cut, and is recovered behind it`() throws {
        let disk = SimulatedDisk()
        let store = try disk.openStore(codecs: codecs())
        try store.update("a") { try $0.set("1", for: key) }
        disk.cutPower(afterCalls: 12)
        #expect(throws: HoldfastError.self) { try store.update("a") { try $0.set("2", for: key) } }
        #expect(throws: HoldfastError.self) { try store.list() }
        disk.crash()
        #expect(["1", "2"].contains(try disk.openStore(codecs: codecs()).snapshot("a").value(key)))
    }

    @Test func `keeps what other programs write, and reads and lists it`() throws {
        let disk = SimulatedDisk()
        let store = try disk.openStore(codecs: codecs())
        try store.update("a") { try $0.set("1", for: key) }
        try disk.write(Data("own".utf8), to: "/store/a/own")
        try store.update("a") { try $0.set("more", for: ManagedFile("more.txt")) }
        #expect(disk.read("/store/a/own") == Data("own".utf8))
        #expect(disk.listing.contains("/store/a/own"))
        try disk.remove("/store/a/own")
        #expect(disk.read("/store/a/own") == nil)
    }

    @Test func `a negative limit of states is none`() throws {
        let disk = SimulatedDisk()
        #expect(try disk.forEachCrash(limit: -1, during: {}, check: { _, _ in }) == 0)
    }
}

/// A string is its bytes.
private struct DiskTextCodec: ManagedFileCodec {
    let format = "note"
    let filenames: [FilenamePattern] = ["*.txt"]

    func encode<Value: Encodable>(_ value: Value, in context: CodecContext) throws -> Data {
        guard let text = value as? String else { throw CodecError("not a string") }
        return Data(text.utf8)
    }

    func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data, in context: CodecContext) throws -> Value {
        guard let value = String(decoding: bytes, as: UTF8.self) as? Value else { throw CodecError("not a string") }
        return value
    }

    func validate(_ bytes: Data, in context: CodecContext) throws {}
}
