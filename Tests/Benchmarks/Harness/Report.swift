import Foundation

/// The table, for people and for programs.
struct Report {
    let rows: [Row]

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(rows), as: UTF8.self)
    }

    /// Markdown, one table a case, its rows grouped by file system.
    func table() -> String {
        var text = ""
        var benchmark = ""
        for row in rows {
            if row.benchmark != benchmark {
                benchmark = row.benchmark
                text += """

                    ### \(benchmark)

                    | on | | median µs | p99 µs | Holdfast to it | at most | flushes | KB written | calls |
                    |---|---|---:|---:|---:|---:|---:|---:|---:|

                    """
            }
            let verdict = row.isReached.map { $0 ? "" : " ✗" } ?? ""
            text += "| \(row.place) | \(row.contender) | \(number(row.medianMicroseconds, 0)) "
            text += "| \(number(row.p99Microseconds, 0)) | \(number(row.ratio, 2))\(verdict) "
            text += "| \(number(row.limit, 2)) | \(number(row.deviceFlushes, 2)) "
            text += "| \(number(row.kilobytesWritten, 0)) | \(row.systemCalls.map(String.init) ?? "") |\n"
        }
        return text
    }

    private func number(_ value: Double?, _ decimals: Int) -> String {
        value.map { String(format: "%.\(decimals)f", $0) } ?? ""
    }
}
