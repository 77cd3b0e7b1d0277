#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the process uses.
enum ProcessMemory {
    /// The largest resident size that the process has had, in bytes; getrusage(2).
    static func peak() -> Int {
        var usage = rusage()
        #if canImport(Glibc)
            // Glibc declares it as an enum's case, and the parameter as a number.
            let result = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            let result = getrusage(RUSAGE_SELF, &usage)
        #endif
        guard result == 0 else { return 0 }
        #if canImport(Darwin)
            return usage.ru_maxrss
        #else
            return usage.ru_maxrss * 1_024
        #endif
    }
}
