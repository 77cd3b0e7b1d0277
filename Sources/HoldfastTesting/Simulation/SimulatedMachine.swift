import Holdfast
import Synchronization

/// A machine with one simulated file system, for one or more clients, whose power can fail.
///
/// Every call of every client goes through ``perform(_:client:about:_:)``: it is counted, may be made to fail, or to wait
/// until the schedule lets it go on. The same calls give the same results and the same states in every run.
package final class SimulatedMachine: Sendable {
    package typealias Interceptor = @Sendable (SimulatedCall) -> SimulatedFault?

    /// What the machine is like.
    package struct Configuration: Sendable {
        package var model = DurabilityModel.strictPOSIX
        /// What the file system can't do.
        package var missing: Set<Capability> = [.clone]
        /// Whether `syncfs` does nothing and says that it succeeded, as in FUSE's ordinary servers.
        package var ignoresSyncfs = false
        /// Whether directories don't tell the kinds of their entries.
        package var hidesKinds = false
        /// Whether links to other users' files are refused.
        package var protectsHardLinks = true
        package var user: UInt32 = 0
        /// The groups that the user is in; nil for all.
        package var groups: Set<UInt32>?
        package var umask: UInt32 = 0o022
        package var seed: UInt64 = 1
        /// Whether a listing takes two calls, between which entries may come and go.
        package var listsInParts = false
        package var bootTime = Timestamp(seconds: 1_700_000_000, nanoseconds: 0)
        package var lies: Lies = []

        package init() {}
    }

    /// Untruths that a program meets which does without a check: for tests of tests.
    package struct Lies: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        /// A file is created over an existing one.
        package static let ignoresExclusive = Lies(rawValue: 1)
        /// Links are followed.
        package static let followsLinks = Lies(rawValue: 2)
        /// A rename replaces what it must not.
        package static let ignoresNoReplace = Lies(rawValue: 4)
        /// Every lock is had.
        package static let grantsLocks = Lies(rawValue: 8)
        /// What fails to be flushed is said to be durable.
        package static let hidesFailedFlushes = Lies(rawValue: 16)
        /// Every lock is had by those who would not wait for it.
        package static let grantsTryLocks = Lies(rawValue: 32)
        /// Every shared lock is had.
        package static let grantsSharedLocks = Lies(rawValue: 64)
        /// All files have one inode number.
        package static let hidesInodes = Lies(rawValue: 128)
        /// All files have one modification time.
        package static let hidesTimes = Lies(rawValue: 256)
    }

    private struct Guarded: Sendable {
        var state: MachineState
        var callCount = 0
        var isCut = false
        var interceptor: Interceptor?
        var interleaving: Interleaving?
        var isRecording = false
        var points: [CrashPoint] = []
        var postponed: Postponed?

        var isPlain: Bool { interceptor == nil && interleaving == nil && !isCut && postponed == nil }
    }

    /// A call that a program makes later than it should.
    private struct Postponed: Sendable {
        /// Whether it is a flush, which only counts as late behind a change of names.
        let isFlush: Bool
        var isLate: Bool
        let change: @Sendable (inout MachineState) throws(SystemCallError) -> Void
    }

    package let configuration: Configuration
    private let guarded: Mutex<Guarded>

    /// Boots a machine on what a crash has left, or on an empty file system.
    package init(_ configuration: Configuration = Configuration(), booting tree: SimulatedTree? = nil) {
        self.configuration = configuration
        let tree = tree ?? SimulatedTree(time: configuration.bootTime, user: configuration.user)
        guarded = Mutex(Guarded(state: MachineState(booting: tree, configuration)))
    }

    /// A machine that runs on, though all of its processes have been killed at a moment.
    package init(_ configuration: Configuration, continuing point: CrashPoint) {
        self.configuration = configuration
        guarded = Mutex(Guarded(state: MachineState(continuing: point, configuration)))
    }

    /// The file system as one client sees it.
    package func client(_ number: Int = 0) -> SimulatedFileSystem { SimulatedFileSystem(machine: self, client: number) }

    // MARK: - Looking at it

    /// What the clients see.
    package var tree: SimulatedTree { guarded.withLock { $0.state.tree } }

    /// What a crash would leave now.
    package var crashPoint: CrashPoint { guarded.withLock { Self.point($0, before: nil) } }

    /// How many calls were made.
    package var callCount: Int { guarded.withLock { $0.callCount } }

    /// How many descriptors are open.
    package var openDescriptorCount: Int { guarded.withLock { $0.state.descriptors.count } }

    /// The time; every look at it moves it on.
    func now() -> Timestamp { guarded.withLock { $0.state.tick() } }

    func lockHolder(_ descriptor: Descriptor, _ range: LockRange) -> Int? {
        guarded.withLock { $0.state.lockHolder(descriptor, range) }
    }

    // MARK: - Driving it

    /// Runs before every call, and may put a fault in its place.
    ///
    /// It may make calls itself, as another client.
    package func intercept(_ interceptor: Interceptor?) { guarded.withLock { $0.interceptor = interceptor } }

    /// Keeps what a crash would leave before each call that can change something, from now on.
    package func startRecording() {
        guarded.withLock {
            $0.isRecording = true
            $0.points = []
        }
    }

    /// Makes sure that what a crash would leave now is among the crash points.
    ///
    /// - Returns: Which of them that is.
    package func markRecording() -> Int {
        guarded.withLock {
            if $0.points.last?.version != $0.state.version { $0.points.append(Self.point($0, before: nil)) }
            return $0.points.count - 1
        }
    }

    /// Ends the recording.
    ///
    /// - Returns: The crash points, and the one after the last call.
    package func stopRecording() -> [CrashPoint] {
        guarded.withLock {
            let points = $0.points + [Self.point($0, before: nil)]
            $0.isRecording = false
            $0.points = []
            return points
        }
    }

    /// Makes all that was done durable.
    package func flushEverything() { guarded.withLock { $0.state.flushEverything() } }

    /// Fails the power: every later call does nothing and fails.
    package func cutPower() { guarded.withLock { $0.isCut = true } }

    /// Ends a client's process: its descriptors are closed, and its locks released.
    package func kill(_ client: Int) {
        let interleaving = guarded.withLock {
            $0.state.closeAll(client: client)
            return $0.interleaving
        }
        interleaving?.lockReleased()
    }

    /// Lets clients wait for each other as a schedule says.
    package func interleave(_ interleaving: Interleaving?) { guarded.withLock { $0.interleaving = interleaving } }

    /// Makes a change that is none of the kernel's calls, such as a FIFO that a person makes.
    package func modify<Result: Sendable>(
        _ body: @Sendable (inout MachineState) throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        try guarded.withLock { (guarded) throws(SystemCallError) -> Result in try body(&guarded.state) }
    }

    // MARK: - Calls

    /// What a call is about.
    enum Subject: Sendable {
        case descriptor(Descriptor)
        case entry(Descriptor, EntryName)
        case move(Descriptor, EntryName, Descriptor, EntryName)
        case path(String)
    }

    /// Makes one call.
    ///
    /// The body gets how many bytes it may transfer at most.
    @inline(__always)
    func perform<Result: Sendable>(
        _ call: SystemCall, client: Int, about subject: Subject,
        _ body: (inout MachineState, Int) throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        let plain = try guarded.withLock { (guarded) throws(SystemCallError) -> Result? in
            guard guarded.isPlain else { return nil }
            Self.count(&guarded, call)
            return try body(&guarded.state, Int.max)
        }
        if let plain { return plain }
        let fault = fault(call, client, subject)
        return try guarded.withLock { (guarded) throws(SystemCallError) -> Result in
            Self.count(&guarded, call)
            try Self.check(&guarded, call, fault, subject)
            let result = try body(&guarded.state, fault.limit)
            try Self.makePostponed(&guarded, call)
            return result
        }
    }

    /// Makes one call that has no result but its success, so that it can be left out or put off.
    func perform(
        _ call: SystemCall, client: Int, about subject: Subject,
        change: @escaping @Sendable (inout MachineState) throws(SystemCallError) -> Void
    ) throws(SystemCallError) {
        let isPlain = try guarded.withLock { (guarded) throws(SystemCallError) -> Bool in
            guard guarded.isPlain else { return false }
            Self.count(&guarded, call)
            try change(&guarded.state)
            return true
        }
        if isPlain { return }
        let fault = fault(call, client, subject)
        try guarded.withLock { (guarded) throws(SystemCallError) in
            Self.count(&guarded, call)
            if fault == .skipped { return }
            if fault == .postponed, guarded.postponed == nil {
                let descriptors = guarded.state.descriptors
                let isFlush = call == .fsync || call == .syncfs
                guarded.postponed = Postponed(isFlush: isFlush, isLate: !isFlush) { (state) throws(SystemCallError) in
                    // The program that makes it later has not closed yet what it is about.
                    let later = state.descriptors
                    state.descriptors = descriptors
                    defer { state.descriptors = later }
                    try change(&state)
                }
                return
            }
            if case .failureDroppingPages = fault, configuration.lies.contains(.hidesFailedFlushes) {
                Self.dropPages(&guarded.state, call, subject)
                return
            }
            try Self.check(&guarded, call, fault, subject)
            try change(&guarded.state)
            try Self.makePostponed(&guarded, call)
        }
    }

    private static func makePostponed(_ guarded: inout Guarded, _ call: SystemCall) throws(SystemCallError) {
        guard call.isMutating, call != .openat, let postponed = guarded.postponed else { return }
        if postponed.isFlush, [.renameat2, .unlinkat, .rmdirat].contains(call) {
            guarded.postponed?.isLate = true
            return
        }
        guard postponed.isLate else { return }
        guarded.postponed = nil
        // The power may also fail between the two.
        if guarded.isRecording { guarded.points.append(point(guarded, before: call)) }
        try postponed.change(&guarded.state)
    }

    /// Waits for the client's turn, and asks what is to become of its call.
    private func fault(_ call: SystemCall, _ client: Int, _ subject: Subject) -> SimulatedFault? {
        guarded.withLock { $0.interleaving }?.turn(of: client)
        let (interceptor, description) = guarded.withLock { guarded -> (Interceptor?, SimulatedCall?) in
            guard let interceptor = guarded.interceptor else { return (nil, nil) }
            return (
                interceptor,
                SimulatedCall(
                    index: guarded.callCount, client: client, call: call, subject: subject, state: guarded.state)
            )
        }
        guard let interceptor, let description else { return nil }
        return interceptor(description)
    }

    private static func count(_ guarded: inout Guarded, _ call: SystemCall) {
        if guarded.isRecording, call.isMutating, guarded.points.last?.version != guarded.state.version {
            guarded.points.append(point(guarded, before: call))
        }
        guarded.callCount += 1
    }

    private static func point(_ guarded: Guarded, before call: SystemCall?) -> CrashPoint {
        CrashPoint(
            model: guarded.state.configuration.model, durable: guarded.state.durable, pending: guarded.state.pending,
            callsBefore: guarded.callCount, nextCall: call, version: guarded.state.version,
            durableVersion: guarded.state.durableVersion)
    }

    private static func check(
        _ guarded: inout Guarded, _ call: SystemCall, _ fault: SimulatedFault?, _ subject: Subject
    ) throws(SystemCallError) {
        if fault == .powerCut { guarded.isCut = true }
        // Whatever it is that a program sees when the machine goes down under it: it is not to matter.
        if guarded.isCut { throw SystemCallError(call, .inputOutput) }
        switch fault {
        case .failure(let errno): throw SystemCallError(call, errno)
        case .failureDroppingPages(let errno):
            dropPages(&guarded.state, call, subject)
            throw SystemCallError(call, errno)
        case .short, .powerCut, .skipped, .postponed, nil: break
        }
    }

    private static func dropPages(_ state: inout MachineState, _ call: SystemCall, _ subject: Subject) {
        if call == .syncfs {
            state.dropAllPages()
        } else if case .descriptor(let descriptor) = subject {
            state.dropPages(descriptor)
        }
    }

    // MARK: - Locks

    /// Takes a lock, or waits until another client's call has released what is in the way.
    ///
    /// Where nobody is left who could, the time is up at once.
    func lock(
        _ descriptor: Descriptor, _ range: LockRange, _ mode: LockMode, timeout: Duration, client: Int
    ) throws(SystemCallError) -> Bool {
        while true {
            let isHad = try perform(.lock, client: client, about: .descriptor(descriptor)) {
                (state, _) throws(SystemCallError) -> Bool in try state.lock(descriptor, range, mode)
            }
            let lies = configuration.lies
            if isHad || (lies.contains(.grantsTryLocks) && timeout <= .zero)
                || (lies.contains(.grantsSharedLocks) && mode == .shared)
            {
                return true
            }
            guard timeout > .zero, let interleaving = guarded.withLock({ $0.interleaving }),
                interleaving.waitForLock(client)
            else {
                let waited = timeout.components.seconds * 1_000_000_000
                guarded.withLock { $0.state.advanceClock(nanoseconds: waited) }
                return false
            }
        }
    }

    func releasing(_ client: Int, _ body: () throws(SystemCallError) -> Void) throws(SystemCallError) {
        try body()
        guarded.withLock { $0.interleaving }?.lockReleased()
    }
}

extension SimulatedFault? {
    fileprivate var limit: Int {
        if case .short(let count) = self { count } else { Int.max }
    }
}
