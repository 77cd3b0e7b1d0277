import Foundation
import HoldfastYAML
import YAMLBaseline

/// Thresholds that a run must hold; the exit code is 1 where one does not.
enum Threshold {
    static let decode = 0.6
    static let encode = 0.6
    static let growth = 11.0
    static let memory = 1.5
}

var failures: [String] = []

@MainActor func report(_ name: String, _ value: Double, atLeast bound: Double) {
    let holds = value >= bound
    if !holds { failures.append(name) }
    print(String(format: "%@ %.2f (at least %.2f)%@", name, value, bound, holds ? "" : "  FAILED"))
}

@MainActor func report(_ name: String, _ value: Double, atMost bound: Double) {
    let holds = value <= bound
    if !holds { failures.append(name) }
    print(String(format: "%@ %.2f (at most %.2f)%@", name, value, bound, holds ? "" : "  FAILED"))
}

@MainActor func speeds<Value: Codable & Equatable>(_ name: String, _ value: Value) throws {
    let encoder = YAMLEncoder()
    let decoder = YAMLDecoder()
    let data = try encoder.encode(value)
    let megabytes = Double(data.count) / 1e6
    guard try decoder.decode(Value.self, from: data) == value else {
        failures.append("\(name): not equal")
        return
    }
    let json = JSONEncoder()
    let jsonData = try json.encode(value)
    let times = try data.withUnsafeBytes { bytes in
        let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let events = yaml_baseline_record(base, bytes.count)
        defer { yaml_baseline_free(events) }
        return try Measure.interleaved([
            { _ = yaml_baseline_parse(base, bytes.count) },
            { _ = try decoder.decode(Value.self, from: data) },
            { _ = yaml_baseline_emit(events) },
            { _ = try encoder.encode(value) },
            { try decoder.validate(data) },
            { _ = try json.encode(value) },
            { _ = try JSONDecoder().decode(Value.self, from: jsonData) },
        ])
    }
    let speeds = times.map { megabytes / $0.elapsed }
    print(
        String(
            format: "%@: %.1f MB; MB/s: libyaml parse %.0f, validate %.0f, decode %.0f; libyaml emit %.0f, encode %.0f",
            name, megabytes, speeds[0], speeds[4], speeds[1], speeds[2], speeds[3]))
    print(
        String(
            format: "  Foundation JSON, same values: encode %.0f ms, decode %.0f ms; YAML: %.0f ms, %.0f ms",
            times[5].elapsed * 1e3, times[6].elapsed * 1e3, times[3].elapsed * 1e3, times[1].elapsed * 1e3))
    report("  decode : libyaml parse", times[0].elapsed / times[1].elapsed, atLeast: Threshold.decode)
    report("  encode : libyaml emit", times[2].elapsed / times[3].elapsed, atLeast: Threshold.encode)
    print(
        String(
            format: "  in processor time, of all cores: decode : parse %.2f, encode : emit %.2f",
            times[0].processor / times[1].processor, times[2].processor / times[3].processor))
}

@MainActor func growth<Value: Codable>(_ name: String, _ make: (Int) -> Value, _ sizes: [Int]) throws {
    let texts = try sizes.map { try YAMLEncoder().encode(make($0)) }
    var bodies: [() throws -> Void] = []
    for (size, text) in zip(sizes, texts) {
        let value = make(size)
        bodies.append { _ = try YAMLEncoder().encode(value) }
        bodies.append { _ = try YAMLDecoder().decode(Value.self, from: text) }
    }
    let times = try Measure.interleaved(rounds: 12, bodies)
    for index in sizes.indices.dropFirst() {
        // In processor time: the clock would also show where a second core begins to help.
        let (encode, decode) = (times[2 * index].processor, times[2 * index + 1].processor)
        let (encodeBefore, decodeBefore) = (times[2 * index - 2].processor, times[2 * index - 1].processor)
        report("growth, \(name) of \(sizes[index]), encode", encode / encodeBefore, atMost: Threshold.growth)
        report("growth, \(name) of \(sizes[index]), decode", decode / decodeBefore, atMost: Threshold.growth)
    }
}

@MainActor func memory(_ megabytes: Int) throws {
    let data = try YAMLEncoder().encode(Samples.events(bytes: megabytes << 20))
    let decoded = try Measure.memory { try YAMLDecoder().decode([Event].self, from: data) }
    let decodePeak = Double(data.count + decoded.peak) / Double(data.count + decoded.kept)
    print(
        "memory: input \(data.count >> 10) KB, values \(decoded.kept >> 10) KB, growth of decode \(decoded.peak >> 10) KB"
    )
    report("peak of decode : (input + values)", decodePeak, atMost: Threshold.memory)
    let encoded = try Measure.memory { try YAMLEncoder().encode(decoded.result) }
    print("memory: output \(encoded.result.count >> 10) KB, growth of encode \(encoded.peak >> 10) KB")
    let encodePeak = Double(decoded.kept + encoded.peak) / Double(decoded.kept + encoded.result.count)
    report("peak of encode : (output + values)", encodePeak, atMost: Threshold.memory)
}

switch CommandLine.arguments.dropFirst().first {
case "decode":
    // For a profiler: decodes over and over.
    let data = try YAMLEncoder().encode(Samples.events(bytes: 10 << 20))
    for _ in 0..<20 { _ = try YAMLDecoder().decode([Event].self, from: data) }
case "decode-keys":
    let data = try YAMLEncoder().encode(Samples.keys(count: 200_000))
    for _ in 0..<20 { _ = try YAMLDecoder().decode([String: Int].self, from: data) }
case "encode":
    let events = Samples.events(bytes: 10 << 20)
    for _ in 0..<40 { _ = try YAMLEncoder().encode(events) }
default:
    try memory(10)
    try speeds("events", Samples.events(bytes: 10 << 20))
    try speeds("numbers", Samples.numbers(count: 400_000))
    try speeds("keys", Samples.keys(count: 200_000))
    try growth("array", { Array(0..<$0) }, [10_000, 100_000, 1_000_000])
    try growth("mapping", Samples.keys, [1_000, 10_000, 100_000])
    if !failures.isEmpty {
        print("thresholds not held:", failures.joined(separator: "; "))
        exit(1)
    }
}
