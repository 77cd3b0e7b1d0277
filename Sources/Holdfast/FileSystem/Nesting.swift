import CHoldfast

/// How deep folders may nest where one is worked on within the other: each level takes stack and descriptors.
enum Nesting {
    /// Levels of folders that a document may have for a save.
    static let most = 256
    /// Levels that recovery goes through: a person may have made more behind the save.
    static let mostInRecovery = 4 * most

    /// The stack is looked at every so many levels.
    private static let stride = 8
    /// What must be left on the stack for these, in a build without optimization too.
    private static let reserve = 256 << 10
    private static let ownStack = 4 << 20

    /// The level of a folder in a document, by its path there; 1 at the top.
    static func level(of path: String) -> Int { 1 + path.utf8.count { $0 == UInt8(ascii: "/") } }

    /// Works on a folder within those above it: where the stack is short, on a thread of its own.
    ///
    /// What one thread has carried over, another with less of a stack may have to go through again.
    static func enter<Result>(level: Int, _ body: () throws -> Result) throws -> Result {
        if level % stride != 0 || holdfast_has_stack(reserve) == 1 { return try body() }
        return try withoutActuallyEscaping(body) { body in
            let errand = Errand(body)
            do throws(OwnThread.Obstacle) {
                try OwnThread(stackSize: ownStack) { errand.run() }.join()
            } catch {
                throw HoldfastError(
                    .ioFailed, "no thread is to be had for folders that nest deep", errno: error.errno.rawValue,
                    remedy: "try again when there are fewer threads")
            }
            return try errand.result()
        }
    }
}

/// What one thread does for another that waits for it.
///
/// Its parts are used by one thread at a time, which is all that they ask for: the one that made it starts the other, does
/// nothing until it has joined that, and reads the outcome then (``Nesting/enter(level:_:)``).
private final class Errand<Success>: @unchecked Sendable {
    private let body: () throws -> Success
    private var outcome: Swift.Result<Success, any Error>?

    init(_ body: @escaping () throws -> Success) { self.body = body }

    func run() { outcome = Swift.Result { try body() } }

    func result() throws -> Success {
        guard let outcome else { preconditionFailure("the thread has been joined") }
        return try outcome.get()
    }
}
