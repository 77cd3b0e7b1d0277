#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A thread for work that waits: libdispatch has a number of threads, and what waits in all of them holds up everything else.
///
/// It has to be joined or detached, once.
struct OwnThread {
    /// Why there is no thread to be had.
    struct Obstacle: Error {
        let errno: Errno
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private let thread: pthread_t

    /// Runs a body on a thread of its own, which gets no signals.
    ///
    /// - Parameters:
    ///   - stackSize: In bytes; nil for the system's default, which for some processes is little.
    ///   - body: What the thread does.
    /// - Throws: The error number of pthread_create(3).
    init(stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void) throws(Obstacle) {
        #if canImport(Darwin)
            var created: pthread_t?
        #else
            var created: pthread_t = 0
        #endif
        let context = Unmanaged.passRetained(Work(body))
        // The host's signals are not for this thread, which inherits the mask; what a fault of its own raises is.
        var signals = sigset_t()
        var before = sigset_t()
        sigfillset(&signals)
        for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT] { sigdelset(&signals, fault) }
        pthread_sigmask(SIG_BLOCK, &signals, &before)
        var attributes = pthread_attr_t()
        var result = pthread_attr_init(&attributes)
        if result == 0, let stackSize { result = pthread_attr_setstacksize(&attributes, stackSize) }
        if result == 0 { result = pthread_create(&created, &attributes, ownThreadMain, context.toOpaque()) }
        pthread_attr_destroy(&attributes)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        if result != 0 {
            context.release()
            throw Obstacle(errno: Errno(rawValue: result))
        }
        #if canImport(Darwin)
            guard let created else { throw Obstacle(errno: .again) }
        #endif
        thread = created
    }

    /// Waits until the thread is gone, and with it whatever its body held: a store's descriptors may be the last ones.
    func join() { pthread_join(thread, nil) }

    /// Leaves the thread to itself.
    func detach() { pthread_detach(thread) }

    fileprivate static func run(_ context: UnsafeMutableRawPointer?) {
        guard let context else { return }
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
