extension HoldfastError {
    /// Makes any error that came up inside the kernel one of these, and adds the place where it lacks one.
    static func wrapping(
        _ error: any Error, document: String?, file: String? = nil, while message: String? = nil
    ) -> HoldfastError {
        switch error {
        case var error as HoldfastError:
            if error.document == nil, error.code != .filenameOverlap { error.document = document }
            if error.file == nil { error.file = file }
            return error
        case let error as SystemCallError:
            // The kernel's own names, and the document's, stand in the store: they are no files of the document.
            let entry = error.entry?.description
            let isInStore = entry.map { $0 == document || $0.hasPrefix(".") } ?? false
            let what = isInStore && entry != document ? entry.map { "`\($0)` can't be worked on" } : nil
            return HoldfastError(
                error.call == .fsync || error.call == .syncfs ? .flushFailed : .ioFailed,
                message ?? what ?? "the file system refused", document: document,
                file: file ?? (isInStore ? nil : entry),
                operation: error.call.rawValue, errno: error.errno.rawValue, remedy: error.errno.remedy)
        default:
            return HoldfastError(.ioFailed, message ?? "failed", document: document, file: file, underlying: error)
        }
    }
}
