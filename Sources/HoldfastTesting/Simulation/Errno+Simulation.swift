import Holdfast
#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Errno {
    /// What a file without offsets answers.
    package static let illegalSeek = Errno(rawValue: ESPIPE)
}
