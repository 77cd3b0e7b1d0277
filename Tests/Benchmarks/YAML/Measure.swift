import Foundation
import YAMLBaseline

/// How long something takes, and how much memory.
enum Measure {
    /// The best of several runs, in seconds: noise only ever adds.
    static func seconds(runs: Int = 5, _ body: () throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<runs {
            let start = processorTime()
            try body()
            best = min(best, processorTime() - start)
        }
        return best
    }

    /// The processor time that this process has had, in seconds: on a busy machine a clock would also count the others'.
    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// The best of several rounds for each of some things to do, in seconds.
    ///
    /// Each round does all of them, so that what else the machine does at the time weighs on all.
    static func interleaved(rounds: Int = 8, _ bodies: [() throws -> Void]) throws -> [Double] {
        var best = bodies.map { _ in Double.infinity }
        for _ in 0..<rounds {
            for (index, body) in bodies.enumerated() { best[index] = min(best[index], try seconds(runs: 1, body)) }
        }
        return best
    }

    /// A line of `/proc/self/status` in bytes: `VmRSS` what is resident, `VmHWM` the most that was.
    static func status(_ name: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
        return (Int(line.filter(\.isNumber)) ?? 0) * 1024
    }

    /// By how much the resident memory grows at most while something runs, and what of it stays.
    static func memory<Result>(_ body: () throws -> Result) throws -> (peak: Int, kept: Int, result: Result) {
        yaml_baseline_trim()
        // proc(5): writing 5 sets the peak back to what is resident.
        try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        let before = try status("VmRSS")
        let result = try body()
        let peak = try status("VmHWM")
        yaml_baseline_trim()
        return (peak - before, try status("VmRSS") - before, result)
    }
}
