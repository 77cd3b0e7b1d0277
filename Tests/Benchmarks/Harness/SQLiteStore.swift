import CSQLite
import Foundation

/// The same blobs in SQLite, one row a file, through its C API.
final class SQLiteStore {
    enum Journal: String { case wal = "WAL", rollback = "DELETE" }

    private var connection: OpaquePointer?
    private var replacing: OpaquePointer?

    init(path: String, journal: Journal) throws {
        try check(sqlite3_open(path, &connection))
        try execute("PRAGMA journal_mode=\(journal.rawValue)")
        try execute("PRAGMA synchronous=FULL")
        try execute(
            "CREATE TABLE files (document TEXT, name TEXT, bytes BLOB, PRIMARY KEY (document, name))")
        try check(
            sqlite3_prepare_v2(
                connection, "INSERT OR REPLACE INTO files VALUES (?, ?, ?)", -1, &replacing, nil))
    }

    deinit {
        sqlite3_finalize(replacing)
        sqlite3_close(connection)
    }

    /// Saves files of some documents in one transaction.
    func save(_ files: [(name: String, data: Data)], of documents: [String]) throws {
        try execute("BEGIN IMMEDIATE")
        for document in documents {
            for (name, data) in files { try replace(document, name, data) }
        }
        try execute("COMMIT")
    }

    private func replace(_ document: String, _ name: String, _ data: Data) throws {
        // SQLITE_TRANSIENT for the short names; the blob is bound where it is, for the step alone.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        try check(sqlite3_bind_text(replacing, 1, document, -1, transient))
        try check(sqlite3_bind_text(replacing, 2, name, -1, transient))
        try data.withUnsafeBytes { bytes in
            try check(sqlite3_bind_blob(replacing, 3, bytes.baseAddress, Int32(bytes.count), nil))
            try check(sqlite3_step(replacing), SQLITE_DONE)
        }
        try check(sqlite3_reset(replacing))
    }

    private func execute(_ statement: String) throws {
        try check(sqlite3_exec(connection, statement, nil, nil, nil))
    }

    private func check(_ result: Int32, _ expected: Int32 = SQLITE_OK) throws {
        guard result == expected else {
            throw BenchmarkError("SQLite: \(sqlite3_errmsg(connection).map { String(cString: $0) } ?? "\(result)")")
        }
    }
}
