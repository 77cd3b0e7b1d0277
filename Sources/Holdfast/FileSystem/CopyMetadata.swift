/// Copies what a file or directory has besides its bytes: owner, extended attributes with ACLs, mode, times.
enum CopyMetadata {
    /// Which of two files or directories gets what the other has; it keeps both open.
    struct Pair {
        private let opened: (any OpenEntry, any OpenEntry)
        private let entry: EntryName

        init(from source: any OpenEntry, to destination: any OpenEntry, entry: EntryName) {
            opened = (source, destination)
            self.entry = entry
        }

        var fileSystem: any FileSystem { opened.0.fileSystem }
        var source: Descriptor { opened.0.descriptor }
        var destination: Descriptor { opened.1.descriptor }

        func call<Result>(_ body: () throws(SystemCallError) -> Result) throws(SystemCallError) -> Result {
            try Directory.uninterrupted(entry, body)
        }
    }

    /// Copies owner, extended attributes and mode, in this order: a change of owner clears set-user-ID (chown(2)), and an
    /// ACL changes the mode's group bits (acl(5)).
    static func copyAccess(_ pair: Pair, status: FileStatus) throws(SystemCallError) {
        let fileSystem = pair.fileSystem
        var mode = status.mode
        let present = try pair.call { () throws(SystemCallError) in try fileSystem.status(pair.destination) }
        if (present.user, present.group) != (status.user, status.group) {
            do {
                try pair.call { () throws(SystemCallError) in
                    try fileSystem.setOwner(pair.destination, user: status.user, group: status.group)
                }
            } catch  where error.errno == .notPermitted {
                // Only the superuser may give files away. What is ours instead must not run as us for others.
                mode &= ~0o6000
            }
        }
        try copyAttributes(pair)
        try pair.call { [mode] () throws(SystemCallError) in
            try fileSystem.setMode(pair.destination, to: mode)
        }
    }

    private static let aclPrefix = "system.posix_acl"

    private static func copyAttributes(_ pair: Pair) throws(SystemCallError) {
        let fileSystem = pair.fileSystem
        let names: [EntryName]
        let inherited: [EntryName]
        do {
            names = try pair.call { () throws(SystemCallError) in
                try fileSystem.extendedAttributeNames(pair.source)
            }
            inherited = try pair.call { () throws(SystemCallError) in
                try fileSystem.extendedAttributeNames(pair.destination)
            }
        } catch  where error.errno == .notSupported || error.errno == .notImplemented {
            return
        }
        // A directory's default ACL has made more of the new file than there was (acl(5)).
        for name in inherited where name.hasPrefix(aclPrefix) && !names.contains(name) {
            try pair.call { () throws(SystemCallError) in
                try fileSystem.removeExtendedAttribute(name, of: pair.destination)
            }
        }
        for name in names {
            do {
                let value = try pair.call { () throws(SystemCallError) in
                    try fileSystem.extendedAttribute(name, of: pair.source)
                }
                try pair.call { () throws(SystemCallError) in
                    try fileSystem.setExtendedAttribute(name, of: pair.destination, to: value)
                }
            } catch  where !name.hasPrefix("user.") && !name.hasPrefix(aclPrefix) {
                // `security.` and `trusted.` belong to the system, which labels new files by its own rules (xattr(7)).
                guard error.errno == .notPermitted || error.errno == .notSupported || error.errno == .accessDenied
                else {
                    throw error
                }
            } catch  where error.errno == .noData {
                // Gone since it was listed.
            }
        }
    }

    static func copyTimes(_ pair: Pair, status: FileStatus) throws(SystemCallError) {
        try pair.call { () throws(SystemCallError) in
            try pair.fileSystem.setTimes(
                pair.destination, access: status.access, modification: status.modification)
        }
    }
}
