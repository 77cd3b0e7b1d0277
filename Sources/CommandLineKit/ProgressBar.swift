public import Holdfast
import Synchronization

/// How far something has come: a bar on a terminal, nothing elsewhere.
///
/// It may be told from any thread.
public final class ProgressBar: Sendable {
    /// Whether there is a terminal to draw on.
    public static var isVisible: Bool { StandardError.isTerminal }

    private let drawn = Mutex(0)
    private static let width = 24

    /// Creates a bar that is not drawn yet.
    public init() {}

    /// Draws the bar.
    ///
    /// - Parameters:
    ///   - completed: How much is done; less than what is drawn already changes nothing.
    ///   - total: How much there is to do.
    ///   - item: What was just done.
    public func show(_ completed: Int, of total: Int, _ item: String) {
        guard Self.isVisible else { return }
        drawn.withLock { drawn in
            guard completed > drawn, total > 0 else { return }
            drawn = completed
            let filled = Self.width * completed / total
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
            let name = item.printable.truncated(toColumns: 40)
            StandardError.write("\r\u{1B}[K\(bar) \(completed)/\(total) \(name)")
        }
    }

    /// Shows a bar while a body goes through a store.
    ///
    /// - Parameter body: Gets what is to be told of each document.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws.
    public static func during<Result>(
        _ body: (_ progress: @escaping @Sendable (StoreProgress) -> Void) throws -> Result
    ) rethrows -> Result {
        let bar = ProgressBar()
        defer { bar.clear() }
        return try body { bar.show($0.completed, of: $0.total, $0.document) }
    }

    /// Takes the bar away, so that something else can be written in its place.
    public func clear() {
        drawn.withLock { drawn in
            if drawn > 0 { StandardError.write("\r\u{1B}[K") }
            drawn = 0
        }
    }
}
