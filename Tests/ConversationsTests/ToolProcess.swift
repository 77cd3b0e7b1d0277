import Foundation
import Testing

/// One run of a built executable as a child process.
struct ToolProcess {
    /// What a run left.
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String

        /// The lines of standard error.
        var errorLines: [Substring] { errors.split(separator: "\n") }
    }

    /// Which of the child's standard streams are a terminal.
    enum TerminalStream {
        case input, output, errors

        var descriptor: Int32 {
            switch self {
            case .input: STDIN_FILENO
            case .output: STDOUT_FILENO
            case .errors: STDERR_FILENO
            }
        }
    }

    /// An executable that is built beside the tests, or a path.
    let name: String
    let arguments: [String]
    var input = Data()
    var environment: [String: String] = [:]
    var terminal: TerminalStream?

    /// A shell that runs `conversations`, which is `$1`, on a store, which is `$2`.
    static func shell(_ script: String, _ store: String) throws -> ToolProcess {
        ToolProcess(name: "/bin/sh", arguments: ["-c", script, "sh", try path(of: "conversations"), store])
    }

    private static func path(of name: String) throws -> String {
        if name.hasPrefix("/") { return name }
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent(name).path
    }

    func run() throws -> Outcome {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let streams = ["in", "out", "err"].map { folder.path + "/" + $0 }
        try input.write(to: URL(fileURLWithPath: streams[0]))
        let screen = terminal == nil ? nil : try PseudoTerminal()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, path) in streams.enumerated() {
            let flags = descriptor == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC
            posix_spawn_file_actions_addopen(&actions, Int32(descriptor), path, flags, 0o600)
        }
        if let screen {
            posix_spawn_file_actions_adddup2(&actions, screen.slave, terminal?.descriptor ?? STDIN_FILENO)
        }
        var variables = ProcessInfo.processInfo.environment.filter {
            !["CONVERSATIONS_STORE", "HOLDFAST_WITHHOLD", "VISUAL", "EDITOR"].contains($0.key)
        }
        variables.merge(environment) { $1 }
        let executable = try Self.path(of: name)
        var process: pid_t = 0
        let error = CStrings([name] + arguments).withPointers { arguments in
            CStrings(variables.map { "\($0)=\($1)" }).withPointers { variables in
                posix_spawn(&process, executable, &actions, nil, arguments, variables)
            }
        }
        try #require(error == 0, "\(executable): \(String(cString: strerror(error)))")
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 { try #require(errno == EINTR) }
        let texts = try streams.map { String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self) }
        return Outcome(
            // As a shell says it: 128 and the signal.
            status: status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F),
            output: terminal == .output ? try screen?.shown() ?? "" : texts[1],
            errors: terminal == .errors ? try screen?.shown() ?? "" : texts[2])
    }
}

/// Strings for C, with a NULL behind them.
private struct CStrings {
    private let strings: [String]

    init(_ strings: [String]) {
        self.strings = strings
    }

    func withPointers<Result>(_ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
        let pointers = strings.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }
}

/// A terminal of 60 columns that a test looks at.
private final class PseudoTerminal {
    private let master: Int32
    let slave: Int32

    init() throws {
        // Glibc's module shows no posix_openpt(3); ioctl_tty(2) is what is behind it.
        let unlock: UInt = 0x4004_5431
        let number: UInt = 0x8004_5430
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var isLocked: Int32 = 0
        var index: UInt32 = 0
        try #require(ioctl(master, unlock, &isLocked) == 0 && ioctl(master, number, &index) == 0)
        slave = open("/dev/pts/\(index)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(slave >= 0)
        var size = winsize(ws_row: 24, ws_col: 60, ws_xpixel: 0, ws_ypixel: 0)
        try #require(ioctl(master, UInt(TIOCSWINSZ), &size) == 0)
    }

    deinit {
        close(slave)
        close(master)
    }

    /// What was written to it so far.
    func shown() throws -> String {
        try #require(fcntl(master, F_SETFL, O_NONBLOCK) == 0)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(master, &buffer, buffer.count)
            if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}

/// A directory that a test removes.
struct TemporaryDirectory {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/conversations-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("\(path) can't be removed: \(error)")
        }
    }
}
