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
    /// - Parameter progress: How far it has come; less than what is drawn already changes nothing.
    public func show(_ progress: StoreProgress) {
        guard Self.isVisible else { return }
        drawn.withLock { drawn in
            guard progress.completed > drawn, progress.total > 0 else { return }
            drawn = progress.completed
            let filled = Self.width * progress.completed / progress.total
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
            let name = progress.document.printable.truncated(toColumns: 40)
            StandardError.write("\r\u{1B}[K\(bar) \(progress.completed)/\(progress.total) \(name)")
        }
    }

    /// Takes the bar away, so that something else can be written in its place.
    public func clear() {
        drawn.withLock { drawn in
            if drawn > 0 { StandardError.write("\r\u{1B}[K") }
            drawn = 0
        }
    }
}
