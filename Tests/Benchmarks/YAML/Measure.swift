import Foundation
import YAMLBaseline

/// How long something takes, and how much memory.
enum Measure {
    /// What something takes, in seconds.
    struct Time {
        /// By the clock.
        var elapsed: Double
        /// Of all cores: on a busy machine the clock also counts the others'.
        var processor: Double

        private static func now(_ clock: clockid_t) -> Double {
            var time = timespec()
            clock_gettime(clock, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        }

        static func now() -> Time {
            Time(elapsed: now(CLOCK_MONOTONIC), processor: now(CLOCK_PROCESS_CPUTIME_ID))
        }
    }

    /// The best of several rounds for each of some things to do: noise only ever adds.
    ///
    /// Each round does all of them, so that what else the machine does at the time weighs on all.
    static func interleaved(rounds: Int = 8, _ bodies: [() throws -> Void]) throws -> [Time] {
        var best = bodies.map { _ in Time(elapsed: .infinity, processor: .infinity) }
        for _ in 0..<rounds {
            for (index, body) in bodies.enumerated() {
                let start = Time.now()
                try body()
                let end = Time.now()
                best[index].elapsed = min(best[index].elapsed, end.elapsed - start.elapsed)
                best[index].processor = min(best[index].processor, end.processor - start.processor)
            }
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
