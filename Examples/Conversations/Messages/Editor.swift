import CommandLineKit
import Glibc

/// The person's editor: `$VISUAL`, else `$EDITOR`, else `vi`.
struct Editor {
    let command: String

    /// The signals of the terminal's keys.
    private static let keys = [SIGINT, SIGQUIT]

    init() {
        command = StoreSettings.environment("VISUAL") ?? StoreSettings.environment("EDITOR") ?? "vi"
    }

    /// Opens a file and waits until the editor ends.
    ///
    /// The shell takes the command apart, so that it may have arguments, as with git. Meanwhile the terminal's keys are the
    /// editor's, not this program's, as in system(3).
    func edit(_ path: String) throws {
        let words = ["/bin/sh", "-c", "exec \(command) \"$1\"", "sh", path]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        var keys = sigset_t()
        sigemptyset(&keys)
        for key in Self.keys { sigaddset(&keys, key) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setsigdefault(&attributes, &keys)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        let before = Self.keys.map { signal($0, SIG_IGN) }
        defer { for (key, handler) in zip(Self.keys, before) { signal(key, handler) } }
        let error = posix_spawn(&process, "/bin/sh", nil, &attributes, &arguments, environ)
        guard error == 0 else {
            throw CommandFailure("the editor can't be started: \(String(cString: strerror(error)))")
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else {
                throw CommandFailure("the editor is lost: \(String(cString: strerror(errno)))")
            }
        }
        guard status == 0 else {
            throw CommandFailure("the editor `\(command)` failed; the draft in the conversation is as it was")
        }
    }
}
