import Dispatch
import Synchronization

/// Calls a body for many elements on several threads, and waits.
///
/// The calling thread is one of them. The others are serial queues', which libdispatch gives a thread each, also where
/// there are more of them than cores: what waits for a disk is not to hold up the rest.
///
/// - Returns: The results, in the order of the elements.
func parallelMap<Element: Sendable, Result: Sendable>(
    _ elements: [Element], width: Int, _ body: @Sendable (Element) -> Result
) -> [Result] {
    if width <= 1 || elements.count <= 1 { return elements.map(body) }
    // Runs of neighbours: small enough that no thread waits long for another's last.
    let run = max(1, min(64, elements.count / (width * 4)))
    let next = Atomic(0)
    let parts = Mutex<[(start: Int, results: [Result])]>([])
    let work: @Sendable () -> Void = {
        while true {
            let start = next.add(run, ordering: .relaxed).oldValue
            if start >= elements.count { return }
            let results = elements[start..<min(start + run, elements.count)].map(body)
            parts.withLock { $0.append((start, results)) }
        }
    }
    withoutActuallyEscaping(work) { work in
        let others = DispatchGroup()
        for _ in 1..<width { DispatchQueue(label: "holdfast.parallel").async(group: others, execute: work) }
        work()
        others.wait()
    }
    return parts.withLock { $0.sorted { $0.start < $1.start } }.flatMap(\.results)
}
