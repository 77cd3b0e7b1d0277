/// One factory a kind of failure, so that the same failure reads the same wherever it is found.
extension HoldfastError {
    static func unmanageableFilename(_ pattern: String, codec: String) -> HoldfastError {
        HoldfastError(
            .invalidName, "the \(codec) codec's filename `\(pattern)` can match no manageable name",
            remedy: "use a name without `/` and NUL, not starting with `.`, not ending in `.tmp`, of at most 251 bytes")
    }

    static func filenameOverlap(
        _ new: (format: String, pattern: String), _ taken: (format: String, pattern: String), example: String
    ) -> HoldfastError {
        HoldfastError(
            .filenameOverlap,
            "the codecs \(new.format) (`\(new.pattern)`) and \(taken.format) (`\(taken.pattern)`) both claim `\(example)`",
            remedy: "give each filename to one codec")
    }

    static func invalidDocumentName(_ name: String, _ why: String) -> HoldfastError {
        HoldfastError(
            .invalidName, "`\(name)` can't name a document: \(why)",
            remedy: "use 1 to 246 bytes of UTF-8 without `/` and NUL, not starting with `.`")
    }

    static func twiceInBatch(_ document: String) -> HoldfastError {
        HoldfastError(
            .invalidName, "the document is in this batch twice", document: document, remedy: "name each document once")
    }

    static func invalidEntryName(_ name: String, document: String, _ why: String) -> HoldfastError {
        HoldfastError(
            .invalidName, "`\(name)` can't be used as a file's name here: \(why)", document: document,
            remedy: "use another name")
    }

    static func unmanagedFilename(_ file: String, document: String) -> HoldfastError {
        HoldfastError(
            .unmanagedFilename, "no registered codec claims this filename", document: document, file: file,
            remedy: "register a codec for it")
    }

    static func notFound(document: String) -> HoldfastError {
        HoldfastError(.notFound, "there is no such document", document: document, remedy: "check the name")
    }

    static let storeRemoved = HoldfastError(
        .storeRemoved, "the store's directory was removed while it was open", remedy: "open the store again")

    static func alreadyExists(document: String) -> HoldfastError {
        HoldfastError(
            .alreadyExists, "there is already a document of this name", document: document,
            remedy: "choose another name")
    }

    static func notADirectory(document: String, found: EntryKind) -> HoldfastError {
        HoldfastError(
            .unexpectedEntry, "a \(found) stands where the document's directory should be", document: document,
            remedy: "move it away; Holdfast does not follow or replace it")
    }

    static func notARegularFile(_ file: String, found: EntryKind) -> HoldfastError {
        HoldfastError(
            .unexpectedEntry, "a \(found) stands where a file should be", file: file,
            remedy: "move it away; Holdfast does not follow or replace it")
    }

    /// Throws where the system would take a path for what stands before a NUL in it.
    static func checkPath(_ path: String) throws(HoldfastError) {
        if path.isEmpty || path.utf8.contains(0) {
            throw HoldfastError(
                .invalidName, path.isEmpty ? "the path is empty" : "the path holds a NUL",
                file: path.isEmpty ? nil : path.replacing("\0", with: "\u{FFFD}"), remedy: "check the path")
        }
    }

    static func changedMeanwhile(_ file: String) -> HoldfastError {
        HoldfastError(
            .conflict, "the file was changed by something other than Holdfast during the update; nothing was saved",
            file: file, remedy: "update again, from what is there now")
    }

    static func lockTimeout(document: String, waited: Duration, holder: String?) -> HoldfastError {
        HoldfastError(
            .lockTimeout,
            "another program or thread (\(holder ?? "unknown")) has held the document's lock for \(waited.formattedSeconds)",
            document: document,
            remedy: "try again when it is done, or raise the lock timeout"
                + (holder == LockHolder.thisProcess ? "; one within an update of this document never gets it" : ""))
    }

    static func cannotCarry(_ entry: String, document: String, _ why: String, errno: Errno? = nil) -> HoldfastError {
        HoldfastError(
            .cannotCarry, "this entry can't be carried into the next generation: \(why); nothing was saved",
            document: document, file: entry, errno: errno?.rawValue, remedy: "move it out of the document")
    }

    static func cannotCopy(
        _ entry: String, from source: String, document: String, _ why: String, errno: Errno?
    ) -> HoldfastError {
        HoldfastError(
            .cannotCarry, "`\(source)` can't be copied into the document: \(why); nothing was saved",
            document: document, file: entry, errno: errno?.rawValue, remedy: "check what is to be copied")
    }

    static func nestedTooDeep(_ path: [EntryName]) -> HoldfastError {
        HoldfastError(
            .ioFailed, "folders nest deeper here than \(Nesting.mostInRecovery) levels",
            file: path.prefix(8).map(\.description).joined(separator: "/") + "/…", remedy: "move some of them out")
    }
}

extension Duration {
    /// Seconds with one decimal, such as `10.0 s`.
    var formattedSeconds: String {
        let tenths = components.seconds * 10 + components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
