/// What a command tells the shell.
public enum ExitStatus: Int32, Sendable {
    /// All that was asked for is done.
    case done = 0
    /// It could not be done; one line on standard error says why.
    case failed = 1
    /// The command line makes no sense.
    case usage = 2
    /// A verification has found damage.
    case damaged = 3
}
