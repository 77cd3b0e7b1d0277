import CommandLineKit
import FoundationEssentials

/// Where a message comes from: the command line, standard input, or an editor.
enum MessageText {
    case words(String)
    case standardInput
    /// Nothing was given.
    case unspecified

    init(_ arguments: inout Arguments) {
        switch arguments.nextIfPresent() {
        case nil: self = .unspecified
        case "-": self = .standardInput
        case .some(let words): self = .words(words)
        }
    }

    /// The message as it was given, to the byte.
    func read() throws -> String {
        guard case .words(let words) = self else {
            return try Self.check(StandardInput.readAll(), label: "standard input")
        }
        return words
    }

    /// Checks bytes that are to be a message.
    static func check(_ bytes: Data, label: String) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure("\(label) is not UTF-8")
        }
        return text
    }

    /// Refuses to send what says nothing.
    static func checkContent(_ text: String) throws {
        if text.allSatisfy(\.isWhitespace) { throw CommandFailure("the message is empty") }
    }
}
