import Holdfast

/// What `inspect` tells of a store.
struct Inspection: Encodable {
    struct File: Encodable {
        let name: String
        let bytes: Int
    }

    struct Document: Encodable {
        let name: String
        var managed: [File] = []
        var unmanaged: [String] = []
        /// Why it can't be read; nil where it can.
        var problem: String?
    }

    let store: String
    var documents: [Document] = []
    /// What a recovery would do.
    let recovery: RecoveryReport

    init(of store: DocumentStore) throws {
        self.store = store.path
        recovery = store.recoveryReport
        for name in try store.list() {
            var document = Document(name: name)
            do {
                let snapshot = try store.snapshot(name)
                document.unmanaged = snapshot.unmanagedEntries
                for file in snapshot.managedFiles {
                    document.managed.append(File(name: file, bytes: try snapshot.bytes(file)?.count ?? 0))
                }
            } catch let error where error.code == .notFound {
                // Removed since the store was listed.
                continue
            } catch {
                // One bad document does not hide the others.
                document.problem = error.description
            }
            documents.append(document)
        }
    }
}
