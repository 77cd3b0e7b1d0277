import CommandLineKit
import FoundationEssentials
import Holdfast

/// Where the store is and how it works, as the command line and the environment say.
struct StoreSettings {
    static let store = CommandOption(
        "store", letter: "s", placeholder: "DIR", summary: "the store; else $CONVERSATIONS_STORE, else ./conversations")
    static let durability = CommandOption(
        "durability", placeholder: "LEVEL", summary: "power-loss (the default) or process-crash")
    static let options = [store, durability]

    let path: String
    let durability: Durability

    init(_ arguments: Arguments) throws(UsageError) {
        path =
            arguments.value(Self.store) ?? Self.environment("CONVERSATIONS_STORE") ?? "conversations"
        if path.isEmpty { throw UsageError("the store's path is empty") }
        switch arguments.value(Self.durability) {
        case nil, "power-loss": durability = .powerLoss
        case "process-crash": durability = .processCrash
        case .some(let level):
            throw UsageError("`\(level)` is no durability; use power-loss or process-crash")
        }
    }

    /// Opens the store, which recovers what a crash has left.
    ///
    /// - Parameters:
    ///   - isCreated: Whether a missing store is created: only where something is put into it, so that a mistyped path
    ///     is told and not obeyed.
    ///   - recovery: Whether recovery happens, or is only reported.
    ///   - tellsWarnings: Whether warnings go to standard error as they come.
    ///   - progress: Told of each conversation that the recovery is done with.
    /// - Returns: The store.
    /// - Throws: `HoldfastError`, or ``UsageError`` where the environment makes no sense.
    func open(
        creating isCreated: Bool = false, recovery: RecoveryAtOpening = .recover, tellsWarnings: Bool = true,
        progress: (@Sendable (StoreProgress) -> Void)? = nil
    ) throws -> ConversationStore {
        var options = StoreOptions()
        options.durability = durability
        options.createsStore = isCreated
        options.recoveryAtOpening = recovery
        options.withheldCapabilities = try Self.withheldCapabilities()
        options.observer = { event in
            guard tellsWarnings else { return }
            switch event {
            case .warning(let warning):
                // What cleanup could not do is in the receipt too; nobody may have asked for that.
                StandardError.report("conversations: warning: \(warning)")
            case .recovered(let report):
                for line in report.notes { StandardError.report("conversations: \(line)") }
            default: break
            }
        }
        return ConversationStore(
            try DocumentStore.open(
                at: path, codecs: try ConversationFiles.codecs(), options: options, progress: progress))
    }

    /// `HOLDFAST_WITHHOLD=exchange,link`: what the file system can do and the tests want done without.
    private static func withheldCapabilities() throws(UsageError) -> Swift.Set<Capability> {
        var withheld: Swift.Set<Capability> = []
        for name in environment("HOLDFAST_WITHHOLD")?.split(separator: ",") ?? [] {
            guard let capability = Capability(rawValue: String(name)) else {
                throw UsageError("HOLDFAST_WITHHOLD: there is no capability `\(name)`")
            }
            withheld.insert(capability)
        }
        return withheld
    }

    /// A variable of the environment; nil where it is unset or empty.
    static func environment(_ name: String) -> String? {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { return nil }
        return value
    }
}
