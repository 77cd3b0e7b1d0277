extension HoldfastError {
    /// Makes any error that came up inside the kernel one of these, and adds the place where it lacks one.
    static func wrapping(
        _ error: any Error, document: String?, file: String? = nil, while message: String? = nil
    ) -> HoldfastError {
        switch error {
        case var error as HoldfastError:
            // These are about no document.
            let isStores = error.code == .filenameOverlap || error.code == .storeRemoved
            if error.document == nil, !isStores { error.document = document }
            if error.file == nil { error.file = file }
            return error
        case let error as SystemCallError:
            // The kernel's own names, and the document's, stand in the store: they are no files of the document.
            let entry = error.entry?.description
            let isKernels = error.entry.map(DocumentName.isKernels) ?? false
            let isInStore = isKernels || entry == document
            let what = isKernels ? entry.map { "`\($0)` can't be worked on" } : nil
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
