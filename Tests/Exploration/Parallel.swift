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
    sums(zip(jobs.map(\.key), inParallel(jobs) { body($0.job) }))
}

/// Adds counts up by their keys.
func sums<Key: Hashable>(_ counts: some Sequence<(Key, Counts)>) -> [Key: Counts] {
    counts.reduce(into: [:]) { sums, found in sums[found.0, default: Counts()] += found.1 }
}
