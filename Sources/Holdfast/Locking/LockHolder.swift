#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds who holds a lock, after a wait for it has timed out.
///
/// `F_OFD_GETLK` gives no process for a lock of an open file description (its `l_pid` is -1, fcntl_locking(2)), but Linux
/// shows the locks of each descriptor in `/proc/PID/fdinfo/FD` (proc_pid_fdinfo(5)). What can't be read there belongs to
/// another user, or is gone: the answer is for a person, and nil is one.
enum LockHolder {
    static let thisProcess = "this process"

    static func find(_ descriptor: Descriptor, _ range: LockRange) -> String? {
        #if os(Linux)
            var status = stat()
            guard fstat(descriptor.rawValue, &status) == 0 else { return nil }
            for process in names(in: "/proc") {
                guard let id = Int32(process) else { continue }
                for file in names(in: "/proc/\(process)/fdinfo") {
                    let info = text(of: "/proc/\(process)/fdinfo/\(file)")
                    guard info.split(separator: "\n").contains(where: { holds($0, inode: status.st_ino, range) }) else {
                        continue
                    }
                    if id == getpid() { return thisProcess }
                    let command = text(of: "/proc/\(process)/comm").prefix { $0 != "\n" }
                    return command.isEmpty ? "process \(process)" : "process \(process), \(command)"
                }
            }
        #endif
        return nil
    }

    #if os(Linux)
        /// A line such as `lock:	1: OFDLCK  ADVISORY  WRITE -1 fe:00:4711 12 12`: inode, first and last byte at the end.
        private static func holds(_ line: Substring, inode: ino_t, _ range: LockRange) -> Bool {
            guard line.hasPrefix("lock:") else { return false }
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 8, words[2] == "OFDLCK",
                words[words.count - 3].split(separator: ":").last.flatMap({ UInt64($0) }) == UInt64(inode),
                let first = Int64(words[words.count - 2])
            else { return false }
            let last = Int64(words[words.count - 1]) ?? Int64.max
            return first < range.start + range.count && last >= range.start
        }

        private static func names(in path: String) -> [String] {
            guard let directory = opendir(path) else { return [] }
            defer { closedir(directory) }
            var names: [String] = []
            while let entry = readdir(directory) {
                names.append(
                    withUnsafeBytes(of: &entry.pointee.d_name) {
                        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                    })
            }
            return names
        }

        private static func text(of path: String) -> String {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return "" }
            defer { close(descriptor) }
            var bytes: [UInt8] = []
            var part = [UInt8](repeating: 0, count: 16384)
            // A process may hold thousands of locks by one descriptor, one line each.
            while true {
                let count = read(descriptor, &part, part.count)
                if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
                bytes += part.prefix(count)
            }
        }
    #endif
}
