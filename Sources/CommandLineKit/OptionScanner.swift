import CCommandLine
import Glibc

/// Takes the options out of a command line, by glibc's `getopt_long`: names may be shortened, arguments may be joined
/// with `=`, and `--` ends the options.
struct OptionScanner {
    struct Result {
        var options: [(option: CommandOption, argument: String?)] = []
        var rest: [String] = []
    }

    let options: [CommandOption]
    /// Whether the first argument that is no option ends the options: it is a command, which has its own.
    var stopsAtFirst = false

    func scan(_ arguments: [String]) throws(UsageError) -> Result {
        let names = CStrings(options.map(\.name))
        let words = CStrings([""] + arguments)
        let table = zip(options, names.pointers).map { option, name in
            command_line_option(
                name: name, letter: Int32(option.letter?.value ?? 0), takes_argument: option.placeholder == nil ? 0 : 1)
        }
        var argv = words.pointers
        var result = Result()
        command_line_reset()
        while true {
            var text: UnsafePointer<CChar>?
            let found = command_line_next_option(
                Int32(words.count), &argv, table, table.count, stopsAtFirst ? 1 : 0, &text)
            let argument = text.map { String(cString: $0) }
            if found == Int32(OPTION_END) { break }
            guard options.indices.contains(Int(found)) else { throw fault(found, argument ?? "") }
            result.options.append((options[Int(found)], argument))
        }
        result.rest = argv[Int(command_line_index())..<words.count].compactMap { $0.map { String(cString: $0) } }
        return result
    }

    private func fault(_ code: Int32, _ written: String) -> UsageError {
        switch code {
        case Int32(OPTION_AMBIGUOUS): UsageError("the option `\(written)` is ambiguous")
        case Int32(OPTION_MISSING_ARGUMENT): UsageError("the option `\(written)` needs an argument")
        case Int32(OPTION_UNWANTED_ARGUMENT): UsageError("the option `\(written)` takes no argument")
        default: UsageError("there is no option `\(written)`")
        }
    }
}

/// Strings that C may keep pointers to, and a NULL behind them.
private final class CStrings {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) {
        pointers = strings.map { strdup($0) } + [nil]
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }

    /// Without the NULL.
    var count: Int { pointers.count - 1 }
}
