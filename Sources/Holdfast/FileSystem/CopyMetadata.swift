/// Copies what a file or directory has besides its bytes: owner, extended attributes with ACLs, mode, times.
enum CopyMetadata {
    /// Which of two files or directories gets what the other has; it keeps both open.
    struct Pair {
        private let opened: (any OpenEntry, any OpenEntry)
        let entry: EntryName

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

        func setMode(_ mode: UInt32) throws(SystemCallError) {
            try call { () throws(SystemCallError) in try fileSystem.setMode(destination, to: mode) }
        }

        /// Gives the destination to somebody.
        ///
        /// - Returns: Whether this process may.
        fileprivate func setOwner(user: UInt32, group: UInt32) throws(SystemCallError) -> Bool {
            do {
                try call { () throws(SystemCallError) in
                    try fileSystem.setOwner(destination, user: user, group: group)
                }
                return true
            } catch  where error.errno == .notPermitted {
                return false
            }
        }
    }

    /// Copies owner, group, extended attributes and mode, in this order: a change of owner clears set-user-ID (chown(2)),
    /// and an ACL changes the mode's group bits (acl(5)).
    ///
    /// - Returns: What could not be copied and somebody may miss, for the receipt.
    static func copyAccess(_ pair: Pair, status: FileStatus) throws(SystemCallError) -> String? {
        let copied = try copyOwnership(pair, status: status)
        if copied.present != copied.mode { try pair.setMode(copied.mode) }
        return copied.loss
    }

    /// What ``copyOwnership(_:status:)`` leaves to be done.
    struct Ownership {
        /// The mode that the destination is to get.
        var mode: UInt32
        /// The one that it has; nil where an ACL or a change of owner may have changed it.
        var present: UInt32?
        /// What could not be copied and somebody may miss, for the receipt.
        var loss: String?
    }

    /// Copies owner, group and extended attributes, but not the mode.
    static func copyOwnership(_ pair: Pair, status: FileStatus) throws(SystemCallError) -> Ownership {
        let fileSystem = pair.fileSystem
        var mode = status.mode
        var loss: String?
        let present = try pair.call { () throws(SystemCallError) in try fileSystem.status(pair.destination) }
        let isSameOwner = (present.user, present.group) == (status.user, status.group)
        if !isSameOwner, try !pair.setOwner(user: status.user, group: status.group) {
            // Only the superuser may give files away. What is ours instead must not run as us for others; a directory's
            // set-group-ID only hands its group down (inode(7)).
            if status.kind != .directory { mode &= ~0o6000 }
            // But one may give them to a group that one is in (chown(2)).
            if present.group != status.group, try !pair.setOwner(user: present.user, group: status.group) {
                // What the old group might is not for another one, unless all others might it too.
                mode &= ~0o070 | mode << 3
                loss =
                    "`\(pair.entry)` was the group's \(status.group), of which this process is no member; it is the "
                    + "group's \(present.group) now, and open to it no further than to others"
            }
        }
        let isAsFound = try !copyAttributes(pair) && isSameOwner
        return Ownership(mode: mode, present: isAsFound ? present.mode : nil, loss: loss)
    }

    private static let aclPrefix = "system.posix_acl"

    /// - Returns: Whether the destination's have changed.
    private static func copyAttributes(_ pair: Pair) throws(SystemCallError) -> Bool {
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
            return false
        }
        var isChanged = false
        // A directory's default ACL has made more of the new file than there was (acl(5)).
        for name in inherited where name.hasPrefix(aclPrefix) && !names.contains(name) {
            try pair.call { () throws(SystemCallError) in
                try fileSystem.removeExtendedAttribute(name, of: pair.destination)
            }
            isChanged = true
        }
        for name in names {
            do {
                let value = try pair.call { () throws(SystemCallError) in
                    try fileSystem.extendedAttribute(name, of: pair.source)
                }
                try pair.call { () throws(SystemCallError) in
                    try fileSystem.setExtendedAttribute(name, of: pair.destination, to: value)
                }
                isChanged = true
            } catch  where error.errno == .noData {
                // Gone since it was listed.
            } catch  where !name.hasPrefix("user.") && !name.hasPrefix(aclPrefix) {
                // `security.` and `trusted.` belong to the system, which labels new files by its own rules (xattr(7)).
                guard [.notPermitted, .notSupported, .accessDenied].contains(error.errno) else { throw error }
            }
        }
        return isChanged
    }

    static func copyTimes(_ pair: Pair, status: FileStatus) throws(SystemCallError) {
        try pair.call { () throws(SystemCallError) in
            try pair.fileSystem.setTimes(
                pair.destination, access: status.access, modification: status.modification)
        }
    }
}
