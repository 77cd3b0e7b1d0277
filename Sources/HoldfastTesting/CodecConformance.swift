import Dispatch
public import FoundationEssentials
public import Holdfast
import Synchronization

/// Checks that a codec keeps what every `ManagedFileCodec` promises, in one line of its author's tests.
///
/// ```swift
/// @Test func `the codec conforms`() throws {
///     try CodecConformance(MyCodec("*.mine"), filename: "a.mine").check()
/// }
/// ```
///
/// It encodes samples of many shapes (give your own to ``check(_:)`` too), and checks the five promises in the order in
/// which the protocol's documentation lists them: round trips; stable bytes; a `validate` that agrees with `decode`; a
/// value or an error in bounded time and memory for any bytes at all, cut off, mutated or made up; and calls from
/// several threads at once. All choices come from the seed, so a failure comes back when the check is run again.
public struct CodecConformance<Codec: ManagedFileCodec>: Sendable {
    private let codec: Codec
    private let filename: String

    /// Where all choices come from.
    public var seed: UInt64

    /// How many mutated inputs are tried for each sample; 0 where it is set to less.
    public var mutations = 500 {
        didSet { mutations = max(0, mutations) }
    }

    /// How long the codec may take with one hostile input before it counts as hanging, which is told within twice that time.
    ///
    /// It is much more than an input takes, so that it holds on a busy machine, too. All inputs together may take any time.
    public var patience: Duration = .seconds(60)

    /// By how many bytes the process may grow over one check, whose inputs are some kilobytes each.
    public var memory = 1 << 30

    /// Creates a check.
    ///
    /// - Parameters:
    ///   - codec: The codec.
    ///   - filename: A filename that the codec manages.
    ///   - seed: Where all choices come from.
    public init(_ codec: Codec, filename: String, seed: UInt64 = 1) {
        self.codec = codec
        self.filename = filename
        self.seed = seed
    }

    /// Checks the codec on samples of many shapes.
    ///
    /// - Throws: A ``CodecConformanceError`` that lists every promise broken.
    public func check() throws {
        var random = SeededGenerator(seed: seed)
        let samples = ConformanceSample.samples(using: &random)
        try check(samples, equals: samples.map(\.reordered), holdsAnyType: true)
    }

    /// Checks the codec on samples of a type of the author's own, which may be the only type that it holds.
    ///
    /// - Parameter samples: Values of the kinds that the codec is for, at least one.
    /// - Throws: A ``CodecConformanceError`` that lists every promise broken.
    public func check<Sample: Codable & Equatable & Sendable>(_ samples: [Sample]) throws {
        let holdsAnyType = samples.allSatisfy { sample in
            do {
                _ = try codec.decode(Anything.self, from: codec.encode(sample, in: context), in: context)
                return true
            } catch {
                return false
            }
        }
        try check(samples, equals: samples, holdsAnyType: holdsAnyType)
    }

    private func check<Sample: Codable & Equatable & Sendable>(
        _ samples: [Sample], equals: [Sample], holdsAnyType: Bool
    ) throws {
        var failures: [String] = []
        if samples.isEmpty { failures.append("samples: there are none to check the codec with") }
        if !codec.filenames.contains(where: { $0.matches(filename) }) {
            failures.append("filenames: none of \(codec.filenames) matches \(filename)")
        }
        if codec.format.isEmpty { failures.append("format: the name is empty") }
        var encoded: [(sample: Sample, bytes: Data)] = []
        for (index, sample) in samples.enumerated() {
            if let bytes = checkRoundTrip(
                of: sample, and: equals[index], named: "sample \(index)", failures: &failures)
            {
                encoded.append((sample, bytes))
            }
        }
        checkHostileBytes(
            from: encoded.map(\.bytes), as: Sample.self, holdsAnyType: holdsAnyType, failures: &failures)
        checkConcurrency(of: encoded, failures: &failures)
        if !failures.isEmpty { throw CodecConformanceError(format: codec.format, seed: seed, failures: failures) }
    }

    private var context: CodecContext { CodecContext(filename: filename) }

    // MARK: - 1 and 2: round trips, stable bytes

    private func checkRoundTrip<Sample: Codable & Equatable & Sendable>(
        of sample: Sample, and equal: Sample, named name: String, failures: inout [String]
    ) -> Data? {
        let bytes: Data
        do {
            bytes = try codec.encode(sample, in: context)
        } catch {
            failures.append("1, round trip: \(name) can't be encoded: \(error)")
            return nil
        }
        do {
            try codec.validate(bytes, in: context)
        } catch {
            failures.append("1, round trip: validate refuses what encode wrote for \(name): \(error)")
        }
        do {
            let back = try codec.decode(Sample.self, from: bytes, in: context)
            if back != sample {
                failures.append("1, round trip: \(name) comes back changed: \(Self.difference(sample, back))")
            }
            // A slice's indices don't start at zero.
            let slice = (Data([0]) + bytes).dropFirst()
            if try codec.decode(Sample.self, from: slice, in: context) != back {
                failures.append("1, round trip: \(name) decodes to another value from a slice of Data")
            }
        } catch {
            failures.append("1, round trip: decode refuses what encode wrote for \(name): \(error)")
        }
        do {
            if try codec.encode(sample, in: context) != bytes {
                failures.append("2, stable bytes: \(name) is written otherwise the next time")
            }
            if try codec.encode(equal, in: context) != bytes {
                failures.append(
                    "2, stable bytes: \(name) is written otherwise where its dictionaries have another order")
            }
            // As at a save that changes nothing.
            let current = CodecContext(filename: filename, currentBytes: { bytes })
            if try codec.encode(sample, in: current) != bytes {
                failures.append("2, stable bytes: \(name) is written otherwise over its own bytes")
            }
        } catch {
            failures.append("2, stable bytes: \(name) can't be encoded again: \(error)")
        }
        return bytes
    }

    /// Names what differs, property by property where the type has some.
    private static func difference(_ value: Any, _ other: Any) -> String {
        for (a, b) in zip(Mirror(reflecting: value).children, Mirror(reflecting: other).children)
        where Mirror(reflecting: value).displayStyle != .dictionary && !areEqual(a.value, b.value) {
            return (a.label.map { "\($0): " } ?? "") + difference(a.value, b.value)
        }
        return "\(String(reflecting: value).prefix(300)) became \(String(reflecting: other).prefix(300))"
    }

    private static func areEqual(_ value: Any, _ other: Any) -> Bool {
        func areEqual<Value: Equatable>(_ value: Value) -> Bool { value == other as? Value }
        return (value as? any Equatable).map { areEqual($0) } ?? true
    }

    // MARK: - 3 and 4: any bytes at all

    /// How far the thread with the hostile inputs is.
    private struct Progress {
        var input = Data()
        var inputsDone = 0
        var isGivenUp = false
        var failures: [String] = []
    }

    private func checkHostileBytes<Sample: Codable & Equatable & Sendable>(
        from seeds: [Data], as type: Sample.Type, holdsAnyType: Bool, failures: inout [String]
    ) {
        let progress = Shared(Progress())
        let inputs = HostileInputs(seeds: seeds, mutations: mutations, seed: seed)
        let finished = DispatchSemaphore(value: 0)
        let before = ProcessMemory.peak()
        // On a thread of its own, which is left behind where the codec never comes back.
        DispatchQueue.global().async {
            inputs.forEach { input in
                progress.value.withLock { $0.input = input }
                let found = probe(input, as: type, holdsAnyType: holdsAnyType)
                return progress.value.withLock {
                    $0.inputsDone += 1
                    $0.failures += found
                    return $0.failures.count < 10 && !$0.isGivenUp
                }
            }
            finished.signal()
        }
        var inputsDone = -1
        while finished.wait(timeout: .now() + patience / .seconds(1)) == .timedOut {
            let state = progress.value.withLock { state in
                state.isGivenUp = state.inputsDone == inputsDone
                return state
            }
            if state.isGivenUp {
                failures.append("4, any bytes: no end after \(patience) with \(Self.show(state.input))")
                break
            }
            inputsDone = state.inputsDone
        }
        failures += progress.value.withLock { $0.failures }
        let growth = ProcessMemory.peak() - before
        if growth > memory { failures.append("4, any bytes: the process grew by \(growth) bytes") }
    }

    private func probe<Sample: Codable>(_ input: Data, as type: Sample.Type, holdsAnyType: Bool) -> [String] {
        var failures: [String] = []
        var refusal: (any Error)?
        do {
            try codec.validate(input, in: context)
        } catch {
            refusal = error
        }
        do {
            // A type that asks for nothing is refused for the syntax or not at all.
            if holdsAnyType {
                _ = try codec.decode(Anything.self, from: input, in: context)
            } else {
                _ = try codec.decode(type, from: input, in: context)
            }
            if let refusal {
                failures.append("3, validate: it refuses what decode reads, with \"\(refusal)\": \(Self.show(input))")
            }
        } catch {
            // A codec of one type may refuse values, which are no syntax.
            if refusal == nil, holdsAnyType {
                failures.append("3, validate: it passes what decode refuses with \"\(error)\": \(Self.show(input))")
            }
        }
        do {
            // What could be read can be written, or is an error.
            _ = try codec.encode(codec.decode(type, from: input, in: context), in: context)
        } catch {
            // Most hostile inputs are errors, as they should be.
        }
        do {
            _ = try codec.decode(Everything.self, from: input, in: context)
        } catch {
            // As above.
        }
        return failures
    }

    private static func show(_ bytes: Data) -> String {
        let shown = bytes.prefix(200)
        let isText = shown.allSatisfy { (0x20..<0x7F).contains($0) || $0 == 0x0A }
        let text =
            isText
            ? String(decoding: shown, as: UTF8.self).debugDescription
            : shown.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(separator: " ")
        return bytes.count > shown.count ? "\(text)… (\(bytes.count) bytes)" : text
    }

    // MARK: - 5: several threads

    private func checkConcurrency<Sample: Codable & Equatable & Sendable>(
        of encoded: [(sample: Sample, bytes: Data)], failures: inout [String]
    ) {
        let found = Shared<[String]>([])
        // What does not come back equal is no matter of threads.
        let alone = encoded.map { sample -> Sample? in
            do { return try codec.decode(Sample.self, from: sample.bytes, in: context) } catch { return nil }
        }
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for index in encoded.indices {
                // Each thread starts elsewhere, so that different calls meet.
                let place = (index + thread * 3) % encoded.count
                let (sample, bytes) = encoded[place]
                guard let value = alone[place], value == value else { continue }
                do {
                    try codec.validate(bytes, in: context)
                    guard try codec.encode(sample, in: context) == bytes,
                        try codec.decode(Sample.self, from: bytes, in: context) == value
                    else {
                        found.value.withLock { $0.append("5, threads: another result among other calls") }
                        return
                    }
                } catch {
                    found.value.withLock { $0.append("5, threads: an error among other calls: \(error)") }
                    return
                }
            }
        }
        // Said once: the threads mostly say the same.
        if let first = found.value.withLock({ $0.first }) { failures.append(first) }
    }
}

/// The promises that a codec has broken.
public struct CodecConformanceError: LocalizedError, Sendable, CustomStringConvertible {
    /// The codec's format.
    public let format: String

    /// The seed of the check, for running it again.
    public let seed: UInt64

    /// What is wrong, an entry each, with the number of the promise in `ManagedFileCodec`.
    public let failures: [String]

    /// What `localizedDescription` shows: the ``description``.
    public var errorDescription: String? { description }

    /// All failures, a line each.
    public var description: String {
        let promises = Set(failures.map { $0.prefix { $0 != "," && $0 != ":" } }).count
        return "the \(format) codec breaks \(promises) promise\(promises == 1 ? "" : "s") (seed \(seed)):\n"
            + failures.map { "- \($0)" }.joined(separator: "\n")
    }
}

/// A value under a lock, shared between threads.
private final class Shared<Value: Sendable>: Sendable {
    let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }
}
