import Holdfast

/// A call that a client makes of a simulated machine.
package struct SimulatedCall: Sendable, CustomStringConvertible {
    /// How many calls the machine had seen before, of all clients.
    package let index: Int
    package let client: Int
    package let call: SystemCall
    let subject: SimulatedMachine.Subject
    /// The machine before the call: most who are asked about a call don't look at its paths, which take long to find.
    let state: MachineState

    /// The path that the call is about, as it is at that moment; for a rename or a link, the path that comes to be.
    package var path: String {
        switch subject {
        case .descriptor(let descriptor): path(descriptor)
        case .entry(let descriptor, let name), .move(_, _, let descriptor, let name): path(descriptor, name)
        case .path(let path): path
        }
    }

    /// For a rename or a link, the path that there was before.
    package var source: String? {
        if case .move(let descriptor, let name, _, _) = subject { path(descriptor, name) } else { nil }
    }

    private func path(_ descriptor: Descriptor, _ name: EntryName? = nil) -> String {
        guard let id = state.descriptors[descriptor.rawValue]?.node else { return "?" }
        let above = state.tree.anyPath(of: id) ?? "?"
        return name.map { above == "/" ? "/\($0)" : "\(above)/\($0)" } ?? above
    }

    package var description: String {
        "\(index) client \(client): \(call.rawValue) \(source.map { "\($0) → " } ?? "")\(path)"
    }
}

/// What a simulated machine does instead of a call.
package enum SimulatedFault: Sendable, Hashable {
    /// The call fails and does nothing.
    case failure(Errno)
    /// A flush fails, and the pages that it should have written are marked clean: their bytes never reach the disk.
    ///
    /// That is what Linux does ("Can applications recover from fsync failures?", USENIX ATC 2020).
    case failureDroppingPages(Errno)
    /// A read or write transfers so many bytes at most.
    case short(Int)
    /// The power fails before the call: it and every later call do nothing and fail.
    case powerCut
    /// The call does nothing and says that it succeeded: a program without this call. For tests of tests.
    case skipped
    /// The call says that it succeeded, and is made behind the next call that can change something, a flush behind the next
    /// renames and removals and the call behind them: a program that makes both in the other order. For tests of tests.
    case postponed
}

extension SystemCall {
    /// Whether the call can change what a crash leaves.
    ///
    /// Opening can too, where it creates a file.
    package var isMutating: Bool {
        switch self {
        case .openat, .mkdir, .pwrite, .ftruncate, .ficlone, .copy_file_range, .mkdirat, .unlinkat, .rmdirat,
            .renameat2,
            .linkat, .symlinkat, .fchmod, .fchown, .fchownat, .futimens, .utimensat, .fsetxattr, .fremovexattr, .fsync,
            .syncfs,
            .sync_file_range:
            true
        case .close, .pread, .lseek, .statx, .getdents64, .readlinkat, .flistxattr, .fgetxattr, .lock, .unlock,
            .fstatfs, .faccessat:
            false
        }
    }
}
