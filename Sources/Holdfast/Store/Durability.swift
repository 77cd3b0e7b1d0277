/// What a commit survives once it has returned.
public enum Durability: String, Sendable, Codable, Hashable, CaseIterable {
    /// A power loss or a crash of the whole machine: everything is flushed to the device in the order that the
    /// protocol needs.
    case powerLoss
    /// A crash or a kill of this process: nothing is flushed, the operating system writes it out in its own time.
    case processCrash
}
