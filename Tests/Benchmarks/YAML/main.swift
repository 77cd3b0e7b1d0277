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
    var parse = 0.0
    var emit = 0.0
    data.withUnsafeBytes { bytes in
        let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        parse = Measure.seconds { _ = yaml_baseline_parse(base, bytes.count) }
        let events = yaml_baseline_record(base, bytes.count)
        emit = Measure.seconds { _ = yaml_baseline_emit(events) }
        yaml_baseline_free(events)
    }
    let decode = try Measure.seconds { _ = try decoder.decode(Value.self, from: data) }
    let validate = try Measure.seconds { try decoder.validate(data) }
    let encode = try Measure.seconds { _ = try encoder.encode(value) }
    let json = JSONEncoder()
    let jsonData = try json.encode(value)
    let jsonEncode = try Measure.seconds(runs: 3) { _ = try json.encode(value) }
    let jsonDecode = try Measure.seconds(runs: 3) { _ = try JSONDecoder().decode(Value.self, from: jsonData) }
    let format = "%@: %.1f MB; MB/s: libyaml parse %.0f, validate %.0f, decode %.0f; libyaml emit %.0f, encode %.0f"
    print(
        String(
            format: format, name, megabytes, megabytes / parse, megabytes / validate, megabytes / decode,
            megabytes / emit,
            megabytes / encode))
    print(
        String(
            format: "  Foundation JSON, same values: encode %.0f ms, decode %.0f ms; YAML: %.0f ms, %.0f ms",
            jsonEncode * 1e3,
            jsonDecode * 1e3, encode * 1e3, decode * 1e3))
    report("  decode : libyaml parse", parse / decode, atLeast: Threshold.decode)
    report("  encode : libyaml emit", emit / encode, atLeast: Threshold.encode)
}

@MainActor func growth<Value: Codable>(_ name: String, _ make: (Int) -> Value, _ sizes: [Int]) throws {
    var previous: (decode: Double, encode: Double)?
    for size in sizes {
        let value = make(size)
        let data = try YAMLEncoder().encode(value)
        let runs = size > 100_000 ? 3 : 9
        let encode = try Measure.seconds(runs: runs) { _ = try YAMLEncoder().encode(value) }
        let decode = try Measure.seconds(runs: runs) { _ = try YAMLDecoder().decode(Value.self, from: data) }
        if let previous {
            report("growth, \(name) of \(size), decode", decode / previous.decode, atMost: Threshold.growth)
            report("growth, \(name) of \(size), encode", encode / previous.encode, atMost: Threshold.growth)
        }
        previous = (decode, encode)
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
