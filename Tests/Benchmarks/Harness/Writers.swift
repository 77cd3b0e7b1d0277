import Foundation

/// Threads that all wait at once: a concurrent queue would run no more of them than there are cores.
enum Writers {
    static func perform(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let group = DispatchGroup()
        for index in 0..<count {
            group.enter()
            Thread.detachNewThread {
                body(index)
                group.leave()
            }
        }
        group.wait()
    }
}
