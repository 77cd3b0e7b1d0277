import Dispatch
import Synchronization

/// Runs jobs on all cores, and adds their counts up by a key.
func explore<Job: Sendable, Key: Hashable & Sendable>(
    _ jobs: [(key: Key, job: Job)], _ body: @Sendable (Job) -> Counts
) -> [Key: Counts] {
    let results = Mutex<[Int: Counts]>([:])
    DispatchQueue.concurrentPerform(iterations: jobs.count) { index in
        let counts = body(jobs[index].job)
        results.withLock { $0[index] = counts }
    }
    // In the jobs' order, so that a run prints the same whatever the threads did.
    var sums: [Key: Counts] = [:]
    for (index, counts) in results.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
        sums[jobs[index].key, default: Counts()] += counts
    }
    return sums
}
