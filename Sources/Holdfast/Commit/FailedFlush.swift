/// What follows a flush of names that has failed: the names are taken back.
struct FailedFlush {
    let document: DocumentName
    let error: SystemCallError

    /// Takes the names back, and makes that durable.
    ///
    /// A failed flush is not tried again: the kernel may have dropped the pages. What is flushed here are other changes,
    /// those that take the first back.
    ///
    /// - Parameters:
    ///   - directory: Where they are.
    ///   - context: The store's.
    ///   - undo: Takes them back, and returns whether it could.
    /// - Returns: What to tell of it.
    func takeBack(in directory: Directory, _ context: StoreContext, undo: () -> Bool) -> HoldfastError {
        guard undo() else {
            return failure(
                .durabilityUnknown,
                "the change is in place, but the flush behind it failed: it may not survive a power loss")
        }
        let message = "the change could not be made durable and was taken back"
        do {
            try context.flushNames(in: directory, since: context.flushMoment)
            return failure(.flushFailed, message)
        } catch {
            return failure(.flushFailed, "\(message), but not durably (\(error)): a power loss may bring it again")
        }
    }

    private func failure(_ code: HoldfastError.Code, _ message: String) -> HoldfastError {
        HoldfastError(
            code, message, document: document.description, operation: error.call.rawValue, errno: error.errno.rawValue,
            remedy: "check the disk, then try again")
    }
}
