import Synchronization

/// Calls a body for many elements on several threads, the caller's among them, and waits until the others are gone.
///
/// - Returns: The results, in the order of the elements.
func parallelMap<Element: Sendable, Result: Sendable>(
    _ elements: [Element], width: Int, _ body: @escaping @Sendable (Element) -> Result
) -> [Result] {
    let width = min(width, elements.count)
    if width <= 1 { return elements.map(body) }
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
    var others: [OwnThread] = []
    do throws(OwnThread.Obstacle) {
        for _ in 1..<width { others.append(try OwnThread(work)) }
    } catch {
        // Fewer threads do it all, the caller's at least.
    }
    work()
    for thread in others { thread.join() }
    return parts.withLock { $0.sorted { $0.start < $1.start } }.flatMap(\.results)
}
