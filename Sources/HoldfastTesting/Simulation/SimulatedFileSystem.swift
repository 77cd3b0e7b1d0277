import Holdfast

/// A simulated machine's file system, as one client's process uses it.
package struct SimulatedFileSystem: FileSystem {
    package let machine: SimulatedMachine
    package let client: Int

    // MARK: - Opening and closing

    package func openDirectory(path: String) throws(SystemCallError) -> Descriptor {
        try machine.perform(.openat, client: client, about: .path(path)) { (state, _) throws(SystemCallError) in
            try state.openDirectory(path: path, client: client)
        }
    }

    package func makeDirectory(path: String, mode: UInt32) throws(SystemCallError) {
        try machine.perform(.mkdir, client: client, about: .path(path)) { (state, _) throws(SystemCallError) in
            try state.makeDirectory(path: path, mode: mode)
        }
    }

    package func open(
        _ name: EntryName, in directory: Descriptor, _ access: FileAccess, mode: UInt32
    ) throws(SystemCallError) -> Descriptor {
        try machine.perform(.openat, client: client, about: .entry(directory, name)) {
            (state, _) throws(SystemCallError) in
            try state.open(name, in: directory, access, mode: mode, client: client)
        }
    }

    package func close(_ descriptor: Descriptor) throws(SystemCallError) {
        try machine.releasing(client) { () throws(SystemCallError) in
            do throws(SystemCallError) {
                try machine.perform(.close, client: client, about: .descriptor(descriptor)) {
                    (state, _) throws(SystemCallError) in try state.close(descriptor)
                }
            } catch {
                // The descriptor is gone whatever the result: close(2).
                do {
                    try machine.modify { (state) throws(SystemCallError) in try state.close(descriptor) }
                } catch {}
                throw error
            }
        }
    }

    // MARK: - Bytes

    package func read(
        _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try machine.perform(.pread, client: client, about: .descriptor(descriptor)) {
            (state, limit) throws(SystemCallError) in
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(limit))
            return try state.read(descriptor, into: part, at: offset)
        }
    }

    package func write(
        _ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try machine.perform(.pwrite, client: client, about: .descriptor(descriptor)) {
            (state, limit) throws(SystemCallError) in
            try state.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(limit)), at: offset)
        }
    }

    package func truncate(_ descriptor: Descriptor, to size: Int64) throws(SystemCallError) {
        try machine.perform(.ftruncate, client: client, about: .descriptor(descriptor)) {
            (state, _) throws(SystemCallError) in try state.truncate(descriptor, to: size)
        }
    }

    package func nextData(_ descriptor: Descriptor, from offset: Int64) throws(SystemCallError) -> Range<Int64>? {
        try machine.perform(.lseek, client: client, about: .descriptor(descriptor)) {
            (state, _) throws(SystemCallError) in try state.nextData(descriptor, from: offset)
        }
    }

    package func clone(_ source: Descriptor, to destination: Descriptor) throws(SystemCallError) {
        try machine.perform(.ficlone, client: client, about: .descriptor(destination)) {
            (state, _) throws(SystemCallError) in try state.clone(source, to: destination)
        }
    }

    package func copyRange(
        _ source: Descriptor, to destination: Descriptor, at offset: Int64, count: Int
    ) throws(SystemCallError) -> Int {
        try machine.perform(.copy_file_range, client: client, about: .descriptor(destination)) {
            (state, limit) throws(SystemCallError) in
            try state.copyRange(source, to: destination, at: offset, count: min(count, limit))
        }
    }

    // MARK: - Looking

    package func status(_ descriptor: Descriptor) throws(SystemCallError) -> FileStatus {
        try machine.perform(.statx, client: client, about: .descriptor(descriptor)) {
            (state, _) throws(SystemCallError) in try state.status(descriptor)
        }
    }

    package func status(of name: EntryName, in directory: Descriptor) throws(SystemCallError) -> FileStatus {
        try machine.perform(.statx, client: client, about: .entry(directory, name)) {
            (state, _) throws(SystemCallError) in try state.status(of: name, in: directory)
        }
    }

    package func visitEntries(
        of directory: Descriptor, _ use: ListingUse, _ body: (UnsafeBufferPointer<UInt8>, EntryKind?) -> Void
    ) throws(SystemCallError) {
        let entries = try machine.perform(.getdents64, client: client, about: .descriptor(directory)) {
            (state, _) throws(SystemCallError) in try state.entries(of: directory)
        }
        let first = machine.configuration.listsInParts && entries.count > 1 ? entries.count / 2 : entries.count
        for entry in entries[..<first] { entry.name.withBytes { body($0, entry.kind) } }
        if first == entries.count { return }
        let rest = try machine.perform(.getdents64, client: client, about: .descriptor(directory)) {
            (state, _) throws(SystemCallError) in try state.entries(of: directory, goingOn: entries, from: first)
        }
        for entry in rest { entry.name.withBytes { body($0, entry.kind) } }
    }

    // MARK: - Names

    package func makeDirectory(
        _ name: EntryName, in directory: Descriptor, mode: UInt32
    ) throws(SystemCallError) {
        try machine.perform(
            .mkdirat, client: client, about: .entry(directory, name),
            change: { (state) throws(SystemCallError) in
                try state.makeDirectory(name, in: directory, mode: mode)
            })
    }

    package func removeFile(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) {
        try machine.perform(
            .unlinkat, client: client, about: .entry(directory, name),
            change: { (state) throws(SystemCallError) in try state.removeFile(name, in: directory) })
    }

    package func removeDirectory(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) {
        try machine.perform(
            .rmdirat, client: client, about: .entry(directory, name),
            change: { (state) throws(SystemCallError) in try state.removeDirectory(name, in: directory) })
    }

    package func rename(
        _ name: EntryName, in directory: Descriptor, to newName: EntryName, in newDirectory: Descriptor,
        _ mode: RenameMode
    ) throws(SystemCallError) {
        try machine.perform(
            .renameat2, client: client, about: .move(directory, name, newDirectory, newName),
            change: { (state) throws(SystemCallError) in
                try state.rename(name, in: directory, to: newName, in: newDirectory, mode)
            })
    }

    package func link(
        _ name: EntryName, in directory: Descriptor, to newName: EntryName, in newDirectory: Descriptor
    ) throws(SystemCallError) {
        try machine.perform(
            .linkat, client: client, about: .move(directory, name, newDirectory, newName),
            change: { (state) throws(SystemCallError) in
                try state.link(name, in: directory, to: newName, in: newDirectory)
            })
    }

    package func makeSymbolicLink(
        to target: [UInt8], named name: EntryName, in directory: Descriptor
    ) throws(SystemCallError) {
        try machine.perform(
            .symlinkat, client: client, about: .entry(directory, name),
            change: { (state) throws(SystemCallError) in
                try state.makeSymbolicLink(to: target, named: name, in: directory)
            })
    }

    package func readSymbolicLink(_ name: EntryName, in directory: Descriptor) throws(SystemCallError) -> [UInt8] {
        try machine.perform(.readlinkat, client: client, about: .entry(directory, name)) {
            (state, _) throws(SystemCallError) in try state.readSymbolicLink(name, in: directory)
        }
    }

    // MARK: - Metadata

    package func setMode(_ descriptor: Descriptor, to mode: UInt32) throws(SystemCallError) {
        try machine.perform(
            .fchmod, client: client, about: .descriptor(descriptor),
            change: { (state) throws(SystemCallError) in try state.setMode(descriptor, to: mode) })
    }

    package func setOwner(_ descriptor: Descriptor, user: UInt32, group: UInt32) throws(SystemCallError) {
        try machine.perform(
            .fchown, client: client, about: .descriptor(descriptor),
            change: { (state) throws(SystemCallError) in
                try state.setOwner(descriptor, user: user, group: group)
            })
    }

    package func setOwner(
        of name: EntryName, in directory: Descriptor, user: UInt32, group: UInt32
    ) throws(SystemCallError) {
        try machine.perform(
            .fchownat, client: client, about: .entry(directory, name),
            change: { (state) throws(SystemCallError) in
                try state.setOwner(of: name, in: directory, user: user, group: group)
            })
    }

    package func setTimes(
        _ descriptor: Descriptor, access: Timestamp, modification: Timestamp
    ) throws(SystemCallError) {
        try machine.perform(
            .futimens, client: client, about: .descriptor(descriptor),
            change: { (state) throws(SystemCallError) in
                try state.setTimes(descriptor, access: access, modification: modification)
            })
    }

    package func setTimes(
        of name: EntryName, in directory: Descriptor, access: Timestamp, modification: Timestamp
    ) throws(SystemCallError) {
        try machine.perform(
            .utimensat, client: client, about: .entry(directory, name),
            change: { (state) throws(SystemCallError) in
                try state.setTimes(of: name, in: directory, access: access, modification: modification)
            })
    }

    package func extendedAttributeNames(_ descriptor: Descriptor) throws(SystemCallError) -> [EntryName] {
        try machine.perform(.flistxattr, client: client, about: .descriptor(descriptor)) {
            (state, _) throws(SystemCallError) in try state.extendedAttributeNames(descriptor)
        }
    }

    package func extendedAttribute(_ name: EntryName, of descriptor: Descriptor) throws(SystemCallError) -> [UInt8] {
        try machine.perform(.fgetxattr, client: client, about: .descriptor(descriptor)) {
            (state, _) throws(SystemCallError) in try state.extendedAttribute(name, of: descriptor)
        }
    }

    package func setExtendedAttribute(
        _ name: EntryName, of descriptor: Descriptor, to value: [UInt8]
    ) throws(SystemCallError) {
        try machine.perform(
            .fsetxattr, client: client, about: .descriptor(descriptor),
            change: { (state) throws(SystemCallError) in
                try state.setExtendedAttribute(name, of: descriptor, to: value)
            })
    }

    package func removeExtendedAttribute(_ name: EntryName, of descriptor: Descriptor) throws(SystemCallError) {
        try machine.perform(
            .fremovexattr, client: client, about: .descriptor(descriptor),
            change: { (state) throws(SystemCallError) in
                try state.removeExtendedAttribute(name, of: descriptor)
            })
    }

    // MARK: - Durability

    package func flush(_ descriptor: Descriptor) throws(SystemCallError) {
        try machine.perform(
            .fsync, client: client, about: .descriptor(descriptor),
            change: { (state) throws(SystemCallError) in try state.flush(descriptor) })
    }

    package func flushFileSystem(_ descriptor: Descriptor) throws(SystemCallError) {
        try machine.perform(
            .syncfs, client: client, about: .descriptor(descriptor),
            change: { (state) throws(SystemCallError) in
                _ = try state.opened(descriptor, .syncfs)
                if !machine.configuration.ignoresSyncfs { state.flushEverything() }
            })
    }

    package func writeBack(_ descriptor: Descriptor, _ mode: WriteBackMode) throws(SystemCallError) {
        try machine.perform(
            .sync_file_range, client: client, about: .descriptor(descriptor),
            change: { (state) throws(SystemCallError) in try state.writeBack(descriptor, mode) })
    }

    // MARK: - Locks

    package func lock(
        _ descriptor: Descriptor, _ range: LockRange, _ mode: LockMode, timeout: Duration
    ) throws(SystemCallError) -> Bool {
        try machine.lock(descriptor, range, mode, timeout: timeout, client: client)
    }

    package func unlock(_ descriptor: Descriptor, _ range: LockRange) throws(SystemCallError) {
        try machine.releasing(client) { () throws(SystemCallError) in
            try machine.perform(.unlock, client: client, about: .descriptor(descriptor)) {
                (state, _) throws(SystemCallError) in try state.unlock(descriptor, range)
            }
        }
    }

    package func lockHolder(_ descriptor: Descriptor, _ range: LockRange) -> String? {
        machine.lockHolder(descriptor, range).map { "client \($0)" }
    }

    // MARK: - Surroundings

    package func kind(of descriptor: Descriptor) throws(SystemCallError) -> FileSystemKind {
        try machine.perform(.fstatfs, client: client, about: .descriptor(descriptor)) {
            (state, _) throws(SystemCallError) in
            _ = try state.opened(descriptor, .fstatfs)
            return machine.configuration.model.fileSystemKind
        }
    }

    package func now() -> Timestamp { machine.now() }

    package func effectiveUser() -> UInt32 { machine.configuration.user }

    package func mayModify(_ directory: Descriptor) throws(SystemCallError) -> Bool {
        try machine.perform(.faccessat, client: client, about: .descriptor(directory)) {
            (state, _) throws(SystemCallError) in
            let node = try state.opened(directory, .faccessat).node
            do throws(SystemCallError) {
                try state.check(MachineState.change, in: node, .faccessat)
                return true
            } catch {
                guard error.errno == .accessDenied else { throw error }
                return false
            }
        }
    }
}
