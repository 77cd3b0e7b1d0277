import Foundation
import Holdfast
import HoldfastTesting

/// Counts flushes, system calls and bytes written of single operations, which are the same in every run, and holds them
/// against fixed bounds.
///
/// On simulated file systems, so that every flush protocol is covered wherever it runs, and on the real ones given.
struct CountCheck {
    let places: [Place]

    /// An operation's cost.
    struct Cost: Codable, Equatable {
        var flushes = 0
        var calls = 0
        var bytes: Int64 = 0

        func exceeds(_ bound: Cost) -> Bool { flushes > bound.flushes || calls > bound.calls || bytes > bound.bytes }
    }

    private struct Line: Codable {
        let place: String
        let flushProtocol: FlushProtocol
        let operation: CountBounds.Operation
        let cost: Cost
        let bound: Cost
        var isExceeded: Bool { cost.exceeds(bound) }
    }

    /// - Returns: Whether all is within bounds.
    func run(isJSON: Bool) throws -> Bool {
        var lines: [Line] = []
        for model in DurabilityModel.allCases {
            var configuration = SimulatedMachine.Configuration()
            configuration.model = model
            lines += try count("simulated \(model.rawValue)") {
                let client = SimulatedMachine(configuration).client()
                return (client, "/store")
            }
        }
        for place in places {
            lines += try count(place.name) { (POSIXFileSystem(), try place.directory("counts") + "/\(UUID())") }
        }
        if isJSON {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            print(String(decoding: try encoder.encode(lines), as: UTF8.self))
        } else {
            for line in lines { print(describe(line)) }
        }
        return !lines.contains(where: \.isExceeded)
    }

    private func describe(_ line: Line) -> String {
        func part(_ name: String, _ cost: Int64, _ bound: Int64) -> String {
            "\(cost) \(name)\(cost > bound ? " (at most \(bound))" : "")"
        }
        let parts = [
            part("flushes", Int64(line.cost.flushes), Int64(line.bound.flushes)),
            part("calls", Int64(line.cost.calls), Int64(line.bound.calls)),
            part("bytes written", line.cost.bytes, line.bound.bytes),
        ]
        return "\(line.isExceeded ? "REGRESSION" : "ok") \(line.place), \(line.flushProtocol.rawValue), "
            + "\(line.operation.rawValue): \(parts.joined(separator: ", "))"
    }

    private func count(_ place: String, _ make: () throws -> (any FileSystem, String)) throws -> [Line] {
        var lines: [Line] = []
        for durability in [Durability.powerLoss, .processCrash] {
            let (base, path) = try make()
            let operations = try CountedOperations(on: base, path: path, durability: durability)
            for operation in CountBounds.Operation.allCases {
                let (cost, flushing) = try operations.cost(of: operation)
                lines.append(
                    Line(
                        place: place, flushProtocol: flushing, operation: operation, cost: cost,
                        bound: CountBounds.bound(operation, flushing)))
            }
        }
        return lines
    }
}
