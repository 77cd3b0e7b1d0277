#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A thread for work that waits: libdispatch has a number of threads, and what waits in all of them holds up everything else.
enum OwnThread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs a body on a thread of its own, which gets no signals.
    ///
    /// - Returns: Why there is no thread to be had (pthread_create(3)); nil where there was.
    static func start(_ body: @escaping @Sendable () -> Void) -> Errno? {
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let context = Unmanaged.passRetained(Work(body)).toOpaque()
        let result = pthread_create(&thread, nil, ownThreadMain, context)
        guard result == 0 else {
            Unmanaged<Work>.fromOpaque(context).release()
            return Errno(rawValue: result)
        }
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
        return nil
    }

    fileprivate static func run(_ context: UnsafeMutableRawPointer?) {
        guard let context else { return }
        // The host's signals are not for this thread.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
    }
}

#if canImport(Darwin)
    private func ownThreadMain(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        OwnThread.run(context)
        return nil
    }
#else
    private func ownThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        OwnThread.run(context)
        return nil
    }
#endif
