import CBORCodec
import Foundation
import Holdfast
import HoldfastTesting
import Testing

private var context: CodecContext { CodecContext(filename: "a.cbor") }
private let codec = CBORCodec()

private func hex(_ value: some Encodable) throws -> String {
    try codec.encode(value, in: context).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

private func bytes(_ hex: String) -> Data {
    let digits = hex.compactMap(\.hexDigitValue)
    return Data(stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
}

private func decoded<Value: Decodable>(_ type: Value.Type, _ hex: String) throws -> Value {
    try codec.decode(type, from: bytes(hex), in: context)
}

@Suite struct `The CBOR codec` {
    @Test func `keeps what every codec promises`() throws {
        try CodecConformance(codec, filename: "a.cbor").check()
    }

    // RFC 8949, appendix A.
    @Test func `writes the integers of the RFC's examples`() throws {
        let examples: [(UInt64, String)] = [
            (0, "00"), (23, "17"), (24, "1818"), (100, "1864"), (1_000, "1903e8"), (1_000_000, "1a000f4240"),
            (1_000_000_000_000, "1b000000e8d4a51000"), (.max, "1bffffffffffffffff"),
        ]
        for (number, text) in examples {
            #expect(try hex(number) == text)
            #expect(try decoded(UInt64.self, text) == number)
        }
        #expect(try hex(-1) == "20" && hex(-100) == "3863" && hex(-1_000) == "3903e7")
        #expect(try hex(Int64.min) == "3b7fffffffffffffff" && decoded(Int64.self, "3b7fffffffffffffff") == .min)
        #expect(try hex(Int128(-18_446_744_073_709_551_616)) == "3bffffffffffffffff")
        #expect(try decoded(Int128.self, "3bffffffffffffffff") == -18_446_744_073_709_551_616)
    }

    @Test func `writes the numbers of the RFC's examples in their shortest form`() throws {
        let examples: [(Double, String)] = [
            (0, "f90000"), (-0.0, "f98000"), (1, "f93c00"), (1.5, "f93e00"), (65_504, "f97bff"),
            (1.1, "fb3ff199999999999a"),
            (100_000, "fa47c35000"), (3.4028234663852886e+38, "fa7f7fffff"), (1e300, "fb7e37e43c8800759c"),
            (0.00006103515625, "f90400"), (-4, "f9c400"), (-4.1, "fbc010666666666666"), (.infinity, "f97c00"),
        ]
        for (number, text) in examples {
            #expect(try hex(number) == text)
            #expect(try decoded(Double.self, text).bitPattern == number.bitPattern)
        }
        #expect(try hex(Double.nan) == "f97e00" && decoded(Double.self, "f97e00").isNaN)
        // A subnormal half, which this writer spends four bytes on.
        #expect(try decoded(Double.self, "f90001") == 5.960464477539063e-8)
    }

    @Test func `writes strings, arrays and sorted maps`() throws {
        #expect(try hex("ü") == "62c3bc" && hex("") == "60" && hex(Data([1, 2])) == "420102")
        #expect(try hex([1, 2, 3]) == "83010203" && hex([String]()) == "80")
        #expect(try hex(["bb": 1, "a": 2, "b": 3]) == "a3" + "616102" + "616203" + "62626201")
        #expect(try hex([true, nil, false]) == "83f5f6f4")
    }

    @Test func `writes dates with tag 1 where that loses nothing`() throws {
        #expect(try hex(Date(timeIntervalSince1970: 1_363_896_240.5)) == "c1fb41d452d9ec200000")
        #expect(try decoded(Date.self, "c11a514b67b0") == Date(timeIntervalSince1970: 1_363_896_240))
        let tiny = Date(timeIntervalSinceReferenceDate: 1e-9)
        #expect(try codec.decode(Date.self, from: codec.encode(tiny, in: context), in: context) == tiny)
    }

    @Test func `reads what other writers write`() throws {
        // Indefinite lengths, chunks, other tags, undefined, integer keys.
        #expect(try decoded([Int].self, "9f0102ff") == [1, 2])
        #expect(
            try decoded([String: Int].self, "bf61610161629f02ffff".replacing("9f02ff", with: "02")) == ["a": 1, "b": 2])
        #expect(try decoded(String.self, "7f657374726561646d696e67ff") == "streaming")
        #expect(try decoded(Data.self, "5f42010243030405ff") == Data([1, 2, 3, 4, 5]))
        #expect(try decoded(Int.self, "d9d9f701") == 1)
        #expect(try decoded([Int?].self, "82f7f6") == [nil, nil])
        #expect(try decoded([Int: String].self, "a2016161206162") == [1: "a", -1: "b"])
        #expect(try decoded(Double.self, "03") == 3)
    }

    struct Note: Codable, Equatable {
        var title: String
        var counts: [Int8]
    }

    @Test(arguments: [
        ("a2657469746c65616166636f756e7473820119012c", "at counts[1]: at byte 18: an integer that Int8 can't hold"),
        ("a1657469746c656161", "at byte 0: the key \"counts\" is missing"),
        ("a2657469746c650166636f756e747380", "at title: at byte 7: expected text, found an integer"),
        ("00", "at byte 0: expected a map, found an integer"),
    ])
    func `says where a value of the wrong type stands`(hex: String, description: String) throws {
        let error = try #require(throws: CodecError.self) { try decoded(Note.self, hex) }
        #expect(error.description == description)
    }

    @Test func `refuses to round`() throws {
        #expect(throws: CodecError.self) { try decoded(Float.self, "fb3ff199999999999a") }
        #expect(throws: CodecError.self) { try decoded(Double.self, "1b0020000000000001") }
        #expect(throws: CodecError.self) { try decoded(Int.self, "f93e00") }
        #expect(throws: CodecError.self) { try codec.encode(UInt128.max, in: context) }
    }
}

@Suite struct `Bytes that are not CBOR` {
    @Test(arguments: [
        "", "18", "1900", "61", "6261", "82", "8201", "a1", "a161", "a16161", "c1", "9f", "9f01", "bf6161ff", "7f",
        "7f01ff",
        "7f4161ff", "5f6161ff", "ff", "1c", "1f", "fc", "f8ff", "0000", "61ff", "62c328", "a200010002",
        "a2616101616102",
        "a18001", "a1f601", "9bffffffffffffffff", "9b7fffffffffffffff", "bbffffffffffffffff", "bb4000000000000000",
        "5bffffffffffffffff", "7b7fffffffffffffff", "9a00ffffff00", "ba00ffffff00",
    ])
    func `are refused by validate and decode, with their place`(hex: String) throws {
        let refused = try #require(throws: CodecError.self) { try codec.validate(bytes(hex), in: context) }
        #expect(refused.reason.hasPrefix("at byte "))
        let error = try #require(throws: CodecError.self) { try decoded([String].self, hex) }
        #expect(error.description == refused.description)
    }

    @Test func `nest no deeper than the limit, in either direction`() throws {
        indirect enum Chain: Codable, Equatable {
            case end
            case link(Chain)

            init(depth: Int) {
                self = .end
                for _ in 0..<depth { self = .link(self) }
            }

            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                self = container.isAtEnd ? .end : .link(try container.decode(Chain.self))
            }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.unkeyedContainer()
                if case .link(let next) = self { try container.encode(next) }
            }
        }
        let deepest = Chain(depth: 99)
        #expect(try codec.decode(Chain.self, from: codec.encode(deepest, in: context), in: context) == deepest)
        #expect(throws: CodecError.self) { try codec.encode(Chain(depth: 100), in: context) }
        #expect(throws: CodecError.self) { try codec.encode(Chain(depth: 2_000), in: context) }
        #expect(throws: CodecError.self) { try codec.validate(Data(repeating: 0x81, count: 101) + [0], in: context) }
        // Tags nest without limit, since nothing recurses into them.
        #expect(try codec.decode(Int.self, from: Data(repeating: 0xC1, count: 100_000) + [7], in: context) == 7)
    }
}

@Suite struct `A store of CBOR files` {
    @Test func `saves and reads them beside a person's own files`() throws {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: UUID().uuidString)
        defer {
            do {
                try FileManager.default.removeItem(at: folder)
            } catch {
                Issue.record(error)
            }
        }
        let store = try DocumentStore.open(at: folder.path, codecs: CodecRegistry(codec))
        let readings = ManagedFile<[Double]>("readings.cbor")
        let meta = ManagedFile<[String: Date]>("meta.cbor")
        let now = Date()
        try store.update("sensor") { draft in
            try draft.set([1.5, 0.1], for: readings)
            try draft.set(["start": now], for: meta)
        }
        try Data("mine".utf8).write(to: folder.appending(path: "sensor/notes.txt"))
        let receipt = try store.update("sensor") { draft in
            try draft.set(try draft.value(readings).map { $0 + [.infinity] } ?? [], for: readings)
            try draft.set(["start": now], for: meta)
        }
        #expect(receipt.outcome == .replacedFile)
        let snapshot = try store.snapshot("sensor")
        #expect(try snapshot.value(readings) == [1.5, 0.1, .infinity])
        #expect(try snapshot.value(meta) == ["start": now])
        #expect(snapshot.unmanagedEntries == ["notes.txt"])
        #expect(try store.verify().isSound)
    }
}
