import HoldfastTesting

/// One way to do the job of a case.
struct Contender {
    let name: String
    /// What Holdfast's median may be at most, as a multiple of this one's.
    var limit: Double?
    /// Makes what the job starts from; it is not timed.
    var prepare: (() throws -> Void)?
    /// Does the job once; the number says which revision to write, another one each time.
    let body: (Int) throws -> Void
    /// Waits for what the job has left to be done; it is not timed, and disturbs nobody else's turn.
    var settle: (() throws -> Void)?
    /// How many system calls the job takes, where that can be told.
    var calls: ((Int) throws -> Int)?
}

/// A job, and who does it: first Holdfast, then what it is measured against.
struct BenchmarkCase {
    let name: String
    var rounds: Int
    /// Whether the contenders write.
    var isWriting = false
    let contenders: [Contender]
}

/// A contender's line of the table.
struct Row: Codable {
    let benchmark: String
    let place: String
    let contender: String
    let medianMicroseconds: Double
    let p99Microseconds: Double
    /// Holdfast's median as a multiple of this contender's.
    let ratio: Double
    let limit: Double?
    let deviceFlushes: Double?
    let kilobytesWritten: Double?
    let systemCalls: Int?

    var isReached: Bool? { limit.map { ratio <= $0 } }
}

/// Runs the contenders of a case in turns, so that what else the machine does strikes all alike.
///
/// Each round has its own order, the same in every run: what one leaves to the device and the processor's caches strikes
/// each of the others as often.
///
/// What one writes without a flush is not for the others to write out, least of all for those alone that share its
/// journal: a commit of ext4's journal writes whatever anybody has left in it, an overwritten log (SQLite's) makes no such
/// commit and gets off free. So a turn that writes begins with a flush of the file system and a save of its own, neither
/// of which is measured: what is then measured pays for all that a save leaves to the next, if it is the contender's own.
enum Measurement {
    private struct Series {
        var times: [Double] = []
        var device = BlockDevice.Statistics()

        /// The time that a share of the rounds did not exceed.
        func quantile(_ share: Double) -> Double {
            let sorted = times.sorted()
            return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }
    }

    static func run(_ benchmark: BenchmarkCase, in place: Place) throws -> [Row] {
        // What the case starts from is not theirs to write out.
        try place.flush()
        var series = benchmark.contenders.map { _ in Series() }
        // The first turns fill caches and are not counted.
        let warmUp = min(3, benchmark.rounds)
        var generator = SeededGenerator(seed: 1)
        for round in 0..<(warmUp + benchmark.rounds) {
            for index in benchmark.contenders.indices.shuffled(using: &generator) {
                let contender = benchmark.contenders[index]
                try contender.prepare?()
                if benchmark.isWriting {
                    try place.flush()
                    try contender.body(2 * round)
                    try contender.settle?()
                }
                let before = try place.device?.statistics()
                let start = ContinuousClock.now
                try contender.body(2 * round + 1)
                let time = ContinuousClock.now - start
                try contender.settle?()
                if round < warmUp { continue }
                series[index].times.append(time / .microseconds(1))
                if let before, let after = try place.device?.statistics() { series[index].device += after - before }
            }
        }
        let calls = try benchmark.contenders.map { try $0.calls?(2 * (warmUp + benchmark.rounds)) }
        let rounds = Double(benchmark.rounds)
        return benchmark.contenders.indices.map { index in
            Row(
                benchmark: benchmark.name, place: place.name, contender: benchmark.contenders[index].name,
                medianMicroseconds: series[index].quantile(0.5), p99Microseconds: series[index].quantile(0.99),
                ratio: series[0].quantile(0.5) / series[index].quantile(0.5),
                limit: benchmark.contenders[index].limit,
                deviceFlushes: place.device.map { _ in Double(series[index].device.flushes) / rounds },
                kilobytesWritten: place.device.map { _ in Double(series[index].device.bytesWritten) / rounds / 1000 },
                systemCalls: calls[index])
        }
    }
}
