import CCommandLine
import Glibc

/// What is known of the terminal that a person looks at.
enum Terminal {
    /// The width of standard output in columns; nil where it is no terminal, or does not tell.
    static var width: Int? {
        guard StandardOutput.isTerminal else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}

extension String {
    /// How many columns the text takes on a terminal.
    var columnCount: Int { reduce(0) { $0 + $1.columnCount } }

    /// The text on one line, with nothing in it that could steer a terminal.
    public var printable: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map {
                    $0.properties.isWhitespace ? " " : $0.properties.generalCategory == .control ? "\u{FFFD}" : $0
                }))
    }

    /// The beginning of the text that fits, with an ellipsis where something is cut off.
    func truncated(toColumns limit: Int) -> String {
        if columnCount <= limit { return self }
        var result = ""
        var columns = 1
        for character in self {
            columns += character.columnCount
            if columns > limit { break }
            result.append(character)
        }
        return result + "…"
    }
}

extension Character {
    /// What follows the first scalar combines with it.
    var columnCount: Int { unicodeScalars.first.map { Int(command_line_columns($0.value)) } ?? 0 }
}
