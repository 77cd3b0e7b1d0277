/// What the program was asked to do.
struct Options: Sendable {
    static let usage = """
        usage: Explore [--long] [--seed NUMBER] [--only TEXT] [--profile NAME] [--part NAME]…
               Explore --replay SHAPE --profile NAME --seed NUMBER --trail CUT:CHOICE/…
          --long      at least ten million states; without it, some hundred thousand
          --seed      of all that is sampled (1)
          --only      the shapes with this text in their names
          --profile   posix, ext4, btrfs or plain
          --part      crashes, faults, clients, person or mutants; all but the mutants where none is named
          --mutant    the mutants with this text in their names
          --table     writes what became of the mutants to a file, as an article of the documentation
          --replay    one state of one shape again, with the trees before and after
        """

    var isLong = false
    var seed: UInt64 = 1
    var only: String?
    var profile: String?
    var parts: Set<String> = []
    var replay: String?
    var mutant: String?
    var table: String?
    var trail = ""

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(_ arguments: some Sequence<String>) throws {
        var rest = arguments.makeIterator()
        func value(_ option: String) throws -> String {
            guard let value = rest.next() else { throw Failure(description: "\(option) needs a value\n\(Self.usage)") }
            return value
        }
        while let argument = rest.next() {
            switch argument {
            case "--long": isLong = true
            case "--seed":
                let text = try value(argument)
                guard let number = UInt64(text) else { throw Failure(description: "`\(text)` is no number") }
                seed = number
            case "--only": only = try value(argument)
            case "--profile": profile = try value(argument)
            case "--part": parts.insert(try value(argument))
            case "--mutant": mutant = try value(argument)
            case "--table": table = try value(argument)
            case "--replay": replay = try value(argument)
            case "--trail": trail = try value(argument)
            default: throw Failure(description: "`\(argument)` is unknown\n\(Self.usage)")
            }
        }
    }

    func includes(_ part: String) -> Bool { parts.isEmpty || parts.contains(part) }

    var shapes: [Shape] { select(Shapes.all) }

    /// The shapes with the text in their names that was asked for.
    func select(_ shapes: [Shape]) -> [Shape] {
        shapes.filter { shape in only.map { shape.name.contains($0) } ?? true }
    }

    var profiles: [Profile] { Profile.all.filter { profile == nil || profile == $0.name } }
}
