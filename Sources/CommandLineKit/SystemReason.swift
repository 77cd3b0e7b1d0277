import FoundationEssentials

extension Error {
    /// The reason for a person: that of the system where the error comes from a system call.
    public var systemReason: String {
        if let error = self as? POSIXError { return systemMessage(error.code.rawValue) }
        if let error = self as? CocoaError, let underlying = error.underlying { return underlying.systemReason }
        return "\(self)"
    }
}
