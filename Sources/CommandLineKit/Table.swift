/// Rows of text in columns.
public struct Table {
    /// The side of a column that its cells are aligned to.
    public enum Alignment: Sendable {
        /// Text.
        case leading
        /// Numbers.
        case trailing
    }

    private let titles: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []
    private static let gap = 2
    private static let narrowest = 8

    /// Creates a table without rows.
    ///
    /// - Parameter columns: The titles, and how the cells below them are aligned.
    public init(_ columns: (String, Alignment)...) {
        titles = columns.map(\.0)
        alignments = columns.map(\.1)
    }

    /// Adds a row.
    ///
    /// - Parameter cells: One text for each column.
    public mutating func add(_ cells: String...) {
        rows.append(cells.map(\.printable))
    }

    /// Writes the table to standard output: on a terminal cut to its width, elsewhere in full.
    ///
    /// - Throws: ``CommandFailure``.
    public func write() throws(CommandFailure) {
        try StandardOutput.write(text(width: Terminal.width))
    }

    func text(width: Int?) -> String {
        let widths = columnWidths(fitting: width)
        return ([titles] + rows).map { cells in
            var line = ""
            for (index, cell) in cells.enumerated() {
                let text = cell.truncated(toColumns: widths[index])
                let padding = String(repeating: " ", count: widths[index] - text.columnCount)
                let isLast = index == cells.count - 1
                switch alignments[index] {
                case .leading: line += isLast ? text : text + padding
                case .trailing: line += padding + text
                }
                if !isLast { line += String(repeating: " ", count: Self.gap) }
            }
            return line + "\n"
        }.joined()
    }

    /// The widest columns give way until the table fits.
    private func columnWidths(fitting width: Int?) -> [Int] {
        var widths = titles.indices.map { index in
            ([titles] + rows).map { $0[index].columnCount }.max() ?? 0
        }
        guard let width else { return widths }
        var excess = widths.reduce(0, +) + Self.gap * (widths.count - 1) - width
        while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
            widths[widest] > Self.narrowest
        {
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }
}
