/// What the command line asks for; `run` is what people call.
struct Options {
    var isQuick = false
    var isJSON = false
    var places: [Place] = []
    var rounds = 200
    var listed = 100_000
    var opened = 10_000
    /// Only cases whose names start so.
    var only: [String] = []

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--quick": isQuick = true
            case "--json": isJSON = true
            case "--place": places.append(try Place(try Self.value(of: option, &rest)))
            case "--rounds": rounds = try Self.number(of: option, &rest)
            case "--listed": listed = try Self.number(of: option, &rest)
            case "--opened": opened = try Self.number(of: option, &rest)
            case "--only": only.append(try Self.value(of: option, &rest))
            default: throw BenchmarkError("unknown option `\(option)`")
            }
        }
    }

    private static func value(of option: String, _ rest: inout ArraySlice<String>) throws -> String {
        guard let value = rest.popFirst() else { throw BenchmarkError("`\(option)` takes a value") }
        return value
    }

    private static func number(of option: String, _ rest: inout ArraySlice<String>) throws -> Int {
        guard let number = Int(try value(of: option, &rest)), number > 0 else {
            throw BenchmarkError("`\(option)` takes a number")
        }
        return number
    }
}
