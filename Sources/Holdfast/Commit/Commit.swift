/// One document's way from a draft to a receipt, in the steps that commits of several documents take side by side.
///
/// A commit is used by one thread at a time, once, in this order: ``stage()``, ``flush()``, ``swap(_:)``, a flush of
/// ``namesDirectory``, ``cleanup``, ``finish(sharedFlushes:)``. Each step that throws has left the document as it was, and
/// ``abandon()`` has to follow.
protocol Commit: AnyObject {
    var document: DocumentName { get }

    /// Step 3: writes what is new beside what is there.
    func stage() throws

    /// Step 4: makes durable what was staged, and managed files that stay as they are where that isn't known of them, where
    /// the protocol does so file by file.
    func flush() throws

    /// Step 5: makes it visible.
    func swap(_ locks: StoreLocks.Held) throws

    /// The directory whose names step 5 changed; step 6 flushes it.
    var namesDirectory: Directory { get }

    /// Whether step 6 is to flush the document's own name too, which step 5 has not changed.
    var isNameDoubtful: Bool { get }

    /// Takes step 5 back, after step 6 has failed; nothing is deleted. A flush of ``namesDirectory`` has to follow.
    ///
    /// - Returns: Whether the document is as it was before; else what was saved is in place, and may not be durable.
    func undo(_ locks: StoreLocks.Held) -> Bool

    /// Remembers that the shared flush of step 4 has failed: of what isn't known to be durable, no later one would tell.
    func doubtUnsettled()

    /// Remembers that step 6 has failed.
    func doubt()

    /// The commit is in place, and durable.
    ///
    /// - Parameter sharedFlushes: Flushes of steps 4 and 6 that this commit's receipt is to count.
    /// - Returns: What was done up to here.
    func finish(sharedFlushes: Int) -> Receipt

    /// Step 7: what removes the old generation; nil where there is none.
    var cleanup: SwapCleanup? { get }

    /// Removes what was staged, before step 5 has happened.
    ///
    /// - Returns: Whether nothing was saved; else recovery finishes what step 5 could neither do nor take back.
    func abandon() -> Bool
}
