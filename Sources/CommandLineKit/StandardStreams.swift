public import FoundationEssentials
import Glibc

/// Standard output, whose failures are the command's: a result that nobody could read is not done.
public enum StandardOutput {
    /// Whether it is a terminal.
    public static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes text.
    ///
    /// - Parameter text: The text, with its line breaks.
    /// - Throws: ``CommandFailure``.
    public static func write(_ text: String) throws(CommandFailure) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw CommandFailure("standard output can't be written: \(systemMessage(errno))")
            }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Writes a line.
    ///
    /// - Parameter text: The text without the line break at its end.
    /// - Throws: ``CommandFailure``.
    public static func writeLine(_ text: String) throws(CommandFailure) { try write(text + "\n") }
}

/// Standard error: one line for each thing that went wrong.
public enum StandardError {
    /// Whether it is a terminal.
    public static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes a message as one line, whatever is in it, and nothing that could steer a terminal.
    ///
    /// - Parameter message: The message.
    public static func report(_ message: String) { write(message.printable + "\n") }

    /// There is nowhere left to tell of a failure here.
    static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { return }
            bytes = bytes.dropFirst(max(count, 0))
        }
    }
}

/// Standard input.
public enum StandardInput {
    /// Whether it is a terminal.
    public static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Reads it to its end.
    ///
    /// - Returns: The bytes.
    /// - Throws: ``CommandFailure``.
    public static func readAll() throws(CommandFailure) -> Data {
        try InputFile(descriptor: STDIN_FILENO, label: "standard input").readAll()
    }
}

/// The C library's text for an error number.
func systemMessage(_ number: Int32) -> String { String(cString: strerror(number)) }
