public import FoundationEssentials
public import Holdfast
import Synchronization

/// A disk in memory for a host's tests: open a store on it, crash it, and open the store again.
///
/// It knows what a flush has made durable and what only the operating system's memory holds, so that a crash loses what a
/// real one could lose. The same calls with the same seed give the same results in every run.
///
/// ```swift
/// let disk = SimulatedDisk()
/// try disk.openStore(codecs: codecs).update("letter") { try $0.set(draft, for: .body) }
/// disk.crash()
/// #expect(try disk.openStore(codecs: codecs).snapshot("letter").value(.body) == draft)
/// ```
public final class SimulatedDisk: Sendable {
    /// What a file system may be able to do; the kernel has another way for each.
    public struct Features: OptionSet, Sendable {
        /// The features as bits.
        public let rawValue: Int

        /// Creates a set of features.
        ///
        /// - Parameter rawValue: The features as bits.
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// Two names can be exchanged in one step.
        ///
        /// `renameat2(2)` with `RENAME_EXCHANGE`.
        public static let exchange = Features(rawValue: 1)
        /// A rename can refuse to replace.
        ///
        /// `renameat2(2)` with `RENAME_NOREPLACE`.
        public static let noReplace = Features(rawValue: 2)
        /// A file can have several names.
        ///
        /// `link(2)`.
        public static let links = Features(rawValue: 4)
        /// Files can share their blocks.
        ///
        /// `ioctl_ficlone(2)`.
        public static let reflinks = Features(rawValue: 8)
        /// What local file systems can do on Linux.
        public static let all: Features = [.exchange, .noReplace, .links, .reflinks]
    }

    /// What a crash loses of that which was not flushed.
    public enum Loss: Sendable {
        /// Nothing: the processes end, the machine runs on.
        case nothing
        /// All of it.
        case everything
        /// Some of it, chosen by the disk's seed, within what the model allows.
        case some
    }

    private struct State {
        var machine: SimulatedMachine
        var generator: SeededGenerator
        var boots = 0
        var isFull = false
        var failsFlushes = false
        /// The call before which the power fails.
        var lastCall: Int?
    }

    private let state: Mutex<State>

    /// Creates an empty disk.
    ///
    /// - Parameters:
    ///   - model: What the file system promises about a crash.
    ///   - features: What it can do.
    ///   - seed: Of all that is left to chance: the order of listings, and what a crash loses.
    public init(model: DurabilityModel = .strictPOSIX, features: Features = .all, seed: UInt64 = 1) {
        var configuration = SimulatedMachine.Configuration()
        configuration.model = model
        configuration.seed = seed
        configuration.missing = []
        if !features.contains(.exchange) { configuration.missing.insert(.exchange) }
        if !features.contains(.noReplace) { configuration.missing.insert(.noReplace) }
        if !features.contains(.links) { configuration.missing.insert(.link) }
        if !features.contains(.reflinks) { configuration.missing.insert(.clone) }
        state = Mutex(State(machine: SimulatedMachine(configuration), generator: SeededGenerator(seed: seed)))
    }

    private init(_ machine: SimulatedMachine, seed: UInt64) {
        state = Mutex(State(machine: machine, generator: SeededGenerator(seed: seed), boots: 1))
    }

    private var machine: SimulatedMachine { state.withLock { $0.machine } }

    // MARK: - Using it

    /// Opens a store on the disk, which recovers it.
    ///
    /// - Parameters:
    ///   - path: The store's directory; it is created where there is none.
    ///   - codecs: The codecs of the documents' managed files.
    ///   - options: How the store works.
    /// - Returns: The store. A crash of the disk ends it: its calls fail from then on.
    /// - Throws: ``HoldfastError`` as ``DocumentStore/open(at:codecs:options:progress:)`` does.
    public func openStore(
        at path: String = "/store", codecs: CodecRegistry, options: StoreOptions = StoreOptions()
    ) throws(HoldfastError) -> DocumentStore {
        try DocumentStore.open(at: path, on: machine.client(), codecs: codecs, options: options)
    }

    /// Writes a file as another program does: in place, without a flush.
    ///
    /// - Parameters:
    ///   - data: The file's new bytes.
    ///   - path: Where; the folder must be there.
    /// - Throws: What the simulated system calls answered.
    public func write(_ data: Data, to path: String) throws {
        let (directory, name) = try parent(of: path)
        let file = try directory.openOrCreate(name, mode: 0o644)
        try file.truncate(to: 0)
        try file.writeAll(data)
        try file.close()
    }

    /// Reads a file.
    ///
    /// - Parameter path: Where it is.
    /// - Returns: Its bytes; nil where there is no such file.
    public func read(_ path: String) -> Data? {
        let tree = machine.tree
        return tree.find(path).flatMap { tree[$0]?.file }.map { Data($0.bytes) }
    }

    /// Removes a file as another program does.
    ///
    /// - Parameter path: Where it is.
    /// - Throws: What the simulated system calls answered.
    public func remove(_ path: String) throws {
        let (directory, name) = try parent(of: path)
        try directory.removeFile(name)
    }

    /// What the disk holds, one line an entry: path, mode, size and the first bytes.
    public var listing: String { machine.tree.listing }

    private func parent(of path: String) throws -> (directory: Directory, name: EntryName) {
        let components = path.split(separator: "/")
        let folder = "/" + components.dropLast().joined(separator: "/")
        return (try Directory(path: folder, on: machine.client(1)), EntryName(String(components.last ?? "")))
    }

    // MARK: - Failing

    /// How many system calls were made since the disk was created or last crashed.
    public var callCount: Int { machine.callCount }

    /// Crashes the machine and starts it again; stores that are open end.
    ///
    /// - Parameter loss: What is lost of that which was not flushed.
    public func crash(_ loss: Loss = .some) {
        state.withLock { state in
            let point = state.machine.crashPoint
            state.machine.cutPower()
            var configuration = state.machine.configuration
            state.boots += 1
            // Later than anything that was written before.
            configuration.bootTime = Timestamp(
                seconds: configuration.bootTime.seconds + 86_400, nanoseconds: 0)
            switch loss {
            case .nothing: state.machine = SimulatedMachine(configuration, continuing: point)
            case .everything: state.machine = SimulatedMachine(configuration, booting: point.allLost)
            case .some:
                let tree = point.randomState(using: &state.generator)
                state.machine = SimulatedMachine(configuration, booting: tree)
            }
            state.lastCall = nil
            Self.arm(&state)
        }
    }

    /// Lets the power fail before a later call: that call and all behind it do nothing and fail.
    ///
    /// - Parameter count: How many calls still succeed.
    public func cutPower(afterCalls count: Int) {
        state.withLock { state in
            state.lastCall = state.machine.callCount + count
            Self.arm(&state)
        }
    }

    /// Whether the disk is full: nothing can be created or written.
    public var isFull: Bool {
        get { state.withLock { $0.isFull } }
        set {
            state.withLock { state in
                state.isFull = newValue
                Self.arm(&state)
            }
        }
    }

    /// Whether flushes fail, and drop what they should have written.
    public var failsFlushes: Bool {
        get { state.withLock { $0.failsFlushes } }
        set {
            state.withLock { state in
                state.failsFlushes = newValue
                Self.arm(&state)
            }
        }
    }

    private static func arm(_ state: inout State) {
        let (isFull, failsFlushes, lastCall) = (state.isFull, state.failsFlushes, state.lastCall)
        if !isFull, !failsFlushes, lastCall == nil { return state.machine.intercept(nil) }
        state.machine.intercept { call in
            if let lastCall, call.index >= lastCall { return .powerCut }
            switch call.call {
            case .pwrite, .mkdirat, .mkdir, .symlinkat, .linkat, .copy_file_range, .ficlone:
                return isFull ? .failure(.noSpace) : nil
            case .fsync, .syncfs, .sync_file_range: return failsFlushes ? .failureDroppingPages(.inputOutput) : nil
            default: return nil
            }
        }
    }

    // MARK: - Exploring

    /// Runs a body once, and then a check on a disk for each state that a crash during it could have left.
    ///
    /// The power is cut before every call of the body that can change something, and behind the last one. Of the states
    /// that the model allows then, so many are built at most; where there are more, they are sampled by the disk's seed.
    ///
    /// - Parameters:
    ///   - limit: States of each cut at most; none where it is negative.
    ///   - body: Uses the disk.
    ///   - check: Gets a disk on which the crash has happened, and whether the body had returned by then.
    /// - Returns: How many states there were.
    /// - Throws: What the body or the check throws.
    @discardableResult
    public func forEachCrash(
        limit: Int = 32, during body: () throws -> Void, check: (SimulatedDisk, _ hadReturned: Bool) throws -> Void
    ) throws -> Int {
        let machine = self.machine
        machine.startRecording()
        try body()
        let points = machine.stopRecording()
        var seen: Set<[UInt64]> = []
        for (number, point) in points.enumerated() {
            let hadReturned = number == points.count - 1
            let seed = machine.configuration.seed &+ UInt64(number)
            try point.forEachState(.init(limit: max(0, limit), seed: seed)) { _, tree in
                guard seen.insert([tree.canonicalHash, hadReturned ? 1 : 0]).inserted else { return }
                var configuration = machine.configuration
                configuration.bootTime = Timestamp(seconds: configuration.bootTime.seconds + 86_400, nanoseconds: 0)
                try check(
                    SimulatedDisk(SimulatedMachine(configuration, booting: tree), seed: seed), hadReturned)
            }
        }
        return seen.count
    }
}
