public import Holdfast

extension RecoveryReport {
    /// Writes the report to standard output, for a person or for a program.
    ///
    /// - Parameter isJSON: Whether a program reads it.
    /// - Returns: ``ExitStatus/failed`` where something could not be mended. A document that another program is writing
    ///   is left alone, which is no failure.
    /// - Throws: Any error of writing.
    public func write(isJSON: Bool) throws -> ExitStatus {
        if isJSON { try JSONOutput.write(self) } else { try writeText() }
        return documents.contains { $0.failure != nil } ? .failed : .done
    }

    private func writeText() throws {
        if documents.isEmpty {
            try StandardOutput.writeLine("nothing to recover in \(documentCount) documents")
        } else {
            var table = Table(
                ("DOCUMENT", .leading), ("FOUND", .leading), (isDryRun ? "TO DO" : "DONE", .leading),
                ("NOTE", .leading))
            for document in documents {
                table.add(
                    document.name, document.found.joined(separator: ", "),
                    (document.failure != nil && !isDryRun ? "tried: " : "")
                        + document.actions.map(\.rawValue).joined(separator: ", "),
                    document.notes.joined(separator: "; "))
            }
            try table.write()
        }
        for warning in warnings { try StandardOutput.writeLine("warning: \(warning.description.printable)") }
    }
}

extension RecoveryReport {
    /// What a person has to know even if nobody asked for the report: what was brought over, and what could not be done.
    public var notes: [String] {
        documents.flatMap { document in
            document.reconciled.map { "recovered: \(document.name): \($0.path) \($0.action.rawValue)".printable }
                + (document.failure.map { ["warning: \(document.name): \($0)".printable] } ?? [])
        }
    }
}

extension RecoveryReport.Document {
    fileprivate var notes: [String] {
        reconciled.map { "\($0.path) \($0.action.rawValue)" } + [skipped, failure].compactMap { $0 }
    }
}

extension VerificationReport {
    /// Writes the report to standard output, for a person or for a program.
    ///
    /// - Parameter isJSON: Whether a program reads it.
    /// - Returns: ``ExitStatus/damaged`` where it tells of damage, ``ExitStatus/failed`` where it can't tell of all files.
    /// - Throws: Any error of writing.
    public func write(isJSON: Bool) throws -> ExitStatus {
        if isJSON { try JSONOutput.write(self) } else { try writeText() }
        return isSound ? .done : damage.isEmpty ? .failed : .damaged
    }

    private func writeText() throws {
        if !damage.isEmpty {
            var table = Table(("DOCUMENT", .leading), ("FILE", .leading), ("DAMAGE", .leading))
            for damage in damage { table.add(damage.document, damage.file ?? "", damage.problem) }
            try table.write()
        }
        for warning in unchecked { try StandardOutput.writeLine("not checked: \(warning.description.printable)") }
        for warning in warnings { try StandardOutput.writeLine("warning: \(warning.description.printable)") }
        let verdict =
            [(damage.count, "damaged"), (unchecked.count, "not checked")].filter { $0.0 > 0 }.map { "\($0) \($1)" }
        try StandardOutput.writeLine(
            "\(isSound ? "sound" : verdict.joined(separator: ", ")): \(documentCount) documents, "
                + "\(fileCount) files, \(byteCount) bytes")
    }
}
