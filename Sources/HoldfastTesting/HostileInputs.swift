import FoundationEssentials

/// Bytes that a damaged disk, a careless editor or an attacker could leave in a file.
struct HostileInputs: Sendable {
    let seeds: [Data]
    let mutations: Int
    let seed: UInt64

    /// Calls a function with each input until it returns false.
    func forEach(_ body: (Data) -> Bool) {
        for input in Self.madeUp where !body(input) { return }
        var random = SeededGenerator(seed: seed)
        for bytes in seeds {
            // Cut off, as by a crash: everywhere in a short file, at some places of a long one.
            let step = max(1, bytes.count / max(1, mutations))
            for length in stride(from: 0, to: bytes.count, by: step) where !body(Data(bytes.prefix(length))) { return }
            // A length that was saved before its data.
            guard body(bytes + Data(repeating: 0, count: 17)) else { return }
            for _ in 0..<mutations where !body(mutated(bytes, using: &random)) { return }
        }
    }

    private func mutated(_ original: Data, using random: inout SeededGenerator) -> Data {
        var bytes = [UInt8](original)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard !bytes.isEmpty else { break }
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let piece = place..<min(bytes.count, place + Int.random(in: 1...32, using: &random))
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 3: bytes.remove(at: place)
            case 4:
                // A piece twice: keys that stand twice, brackets that never close.
                bytes.insert(contentsOf: Array(bytes[piece]), at: Int.random(in: 0...bytes.count, using: &random))
            case 5: bytes.removeSubrange(piece)
            default:
                // A piece of another file.
                guard let other = seeds.randomElement(using: &random), !other.isEmpty else { break }
                let start = Int.random(in: 0..<other.count, using: &random)
                bytes.insert(contentsOf: Data(other.dropFirst(start).prefix(16)), at: place)
            }
        }
        return Data(bytes)
    }

    private static let madeUp: [Data] = {
        var inputs: [Data] = [Data(), Data(repeating: 0, count: 4_096)]
        for byte in UInt8.min...UInt8.max {
            inputs.append(Data([byte]))
            inputs.append(Data(repeating: byte, count: 64))
            // Deep nesting, in a format in which this byte opens something.
            inputs.append(Data(repeating: byte, count: 20_000))
            // A length is claimed, and nothing follows.
            inputs.append(Data([byte]) + Data(repeating: 0xFF, count: 9))
            inputs.append(Data([byte, 0x7F]) + Data(repeating: 0xFF, count: 7))
        }
        for opening in ["[{", "{\"a\":", "[[", "- ", "? ", "!a ", "&a [", "a: {"] {
            inputs.append(Data(String(repeating: opening, count: 20_000).utf8))
        }
        return inputs
    }()
}
