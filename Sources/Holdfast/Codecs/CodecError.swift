public import FoundationEssentials

/// A fault in a file's bytes or in a value, with the place where it is.
///
/// Codecs throw it; the kernel passes it on as the underlying error of a ``HoldfastError``, and its place as part of
/// that error's one line.
public struct CodecError: LocalizedError, Sendable, CustomStringConvertible {
    /// What is wrong, and what was expected, as one line without a full stop.
    public var reason: String

    /// The line of the fault, from 1; nil where there is none (a value that can't be encoded).
    public var line: Int?

    /// The column of the fault in its line, from 1, counted in Unicode scalars.
    public var column: Int?

    /// The path to the value at fault, such as `events[3].role`; nil at the top.
    public var codingPath: String?

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - reason: What is wrong, and what was expected, as one line without a full stop.
    ///   - line: The line of the fault, from 1.
    ///   - column: The column of the fault in its line, from 1.
    ///   - codingPath: The path to the value at fault.
    public init(_ reason: String, line: Int? = nil, column: Int? = nil, codingPath: [any CodingKey] = []) {
        self.reason = reason
        self.line = line
        self.column = column
        self.codingPath = codingPath.isEmpty ? nil : Self.describe(codingPath)
    }

    /// One line: `line 3, column 7, at events[3].role: expected a string, found a mapping`.
    public var description: String {
        var place: [String] = []
        if let line { place.append("line \(line)") }
        if let column { place.append("column \(column)") }
        if let codingPath { place.append("at \(codingPath)") }
        let text = place.isEmpty ? reason : "\(place.joined(separator: ", ")): \(reason)"
        // One line, whatever keys and values bring along.
        return String(text.map { $0.isNewline ? " " : $0 })
    }

    /// What `localizedDescription` shows: the ``description``.
    public var errorDescription: String? { description }

    /// Writes a coding path as a person would: `events[3].role`.
    ///
    /// - Parameter codingPath: The keys from the root.
    /// - Returns: The path; empty for the root.
    public static func describe(_ codingPath: [any CodingKey]) -> String {
        var text = ""
        for key in codingPath {
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return text
    }
}
