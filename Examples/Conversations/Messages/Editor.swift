import CommandLineKit
import Glibc

/// The person's editor: `$VISUAL`, else `$EDITOR`, else `vi`.
struct Editor {
    let command: String

    init() {
        command = StoreSettings.environment("VISUAL") ?? StoreSettings.environment("EDITOR") ?? "vi"
    }

    /// Opens a file and waits until the editor ends.
    ///
    /// The shell takes the command apart, so that it may have arguments, as with git.
    func edit(_ path: String) throws {
        let words = ["/bin/sh", "-c", "exec \(command) \"$1\"", "sh", path]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let error = posix_spawn(&process, "/bin/sh", nil, nil, &arguments, environ)
        guard error == 0 else {
            throw CommandFailure("the editor can't be started: \(String(cString: strerror(error)))")
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else {
                throw CommandFailure("the editor is lost: \(String(cString: strerror(errno)))")
            }
        }
        guard status == 0 else { throw CommandFailure("the editor `\(command)` failed; the draft is as it was") }
    }
}
