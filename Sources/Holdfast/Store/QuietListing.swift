/// A listing of the store that no rename disturbs: one that a ``QuietStamp`` vouches for, or else one under the lock that
/// commits take over their renames.
struct QuietListing {
    let context: StoreContext

    func read() throws -> StoreListing {
        if let stamp = QuietStamp(of: context.root, try context.root.status(), on: context.kind) {
            let listing = try StoreListing(of: context.root)
            if stamp.holds(try context.root.status()) { return listing }
        }
        return try context.locks.withNames(timeout: context.options.lockTimeout) {
            try StoreListing(of: context.root)
        }
    }
}
