import Dispatch
import Synchronization

/// Runs jobs on all cores.
///
/// - Returns: Their results in the jobs' order, so that a run prints the same whatever the threads did.
func inParallel<Job: Sendable, Result: Sendable>(_ jobs: [Job], _ body: @Sendable (Job) -> Result) -> [Result] {
    let results = Mutex<[Int: Result]>([:])
    DispatchQueue.concurrentPerform(iterations: jobs.count) { index in
        let result = body(jobs[index])
        results.withLock { $0[index] = result }
    }
    return results.withLock { $0 }.sorted { $0.key < $1.key }.map(\.value)
}

/// Runs jobs on all cores, and adds their counts up by a key.
func explore<Job: Sendable, Key: Hashable & Sendable>(
    _ jobs: [(key: Key, job: Job)], _ body: @Sendable (Job) -> Counts
) -> [Key: Counts] {
    let results = inParallel(jobs) { body($0.job) }
    return zip(jobs, results).reduce(into: [:]) { sums, pair in sums[pair.0.key, default: Counts()] += pair.1 }
}
