import FoundationEssentials

/// A value of the shapes that hosts store: integers and floating-point numbers of all sizes, text of many scripts,
/// dates, data, optionals, nested containers, enums with and without values, dictionaries, recursion.
struct ConformanceSample: Codable, Equatable, Sendable {
    enum Role: String, Codable, Sendable {
        case user, assistant
        case other = "null"
    }

    enum Event: Codable, Equatable, Sendable {
        case started
        case said(String, by: Role)
        case measured(value: Double, count: UInt8?)
    }

    indirect enum Tree: Codable, Equatable, Sendable {
        case leaf(Int)
        case branch([Tree])
    }

    var text: [String] = []
    var byText: [String: Int] = [:]
    var byNumber: [Int: [String: Bool]] = [:]
    var integers: [Int64] = []
    var unsigned: [UInt64] = []
    var small: [Int8] = []
    var doubles: [Double] = []
    var floats: [Float] = []
    var dates: [Date] = []
    var data = Data()
    var uuid = UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
    var url: URL?
    var nothing: Int?
    var optionals: [String?] = []
    var role = Role.user
    var events: [Event] = []
    var tree = Tree.leaf(0)
    var nested: [String: [Int]] = [:]
    var flag = false

    /// Samples: an empty one, one with every edge, and random ones.
    static func samples(using random: inout SeededGenerator) -> [ConformanceSample] {
        var edges = ConformanceSample()
        edges.text = edgeStrings
        edges.byText = Dictionary(edgeStrings.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        edges.byNumber = [0: ["": true], -1: [:], 7: ["x": false]]
        edges.integers = [0, 1, -1, 23, 24, 255, 256, 65_535, 65_536, 1 << 31, 1 << 32, 1 << 53, .min, .max]
        edges.unsigned = [0, .max, UInt64(Int64.max) + 1]
        edges.small = [.min, -1, 0, .max]
        edges.doubles = [
            0, -0.0, 1, -1, 0.1, 0.30000000000000004, .pi, 1 / 3, 1e21, 1e-7, 9_007_199_254_740_992,
            .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude,
        ]
        edges.floats = [0, 0.1, .pi, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
        edges.dates = [
            .distantPast, .distantFuture, Date(timeIntervalSinceReferenceDate: 0),
            Date(timeIntervalSinceReferenceDate: -0.25), Date(timeIntervalSince1970: 1_700_000_000.123456),
            Date(timeIntervalSince1970: -1.000001),
        ]
        edges.data = Data(UInt8.min...UInt8.max)
        edges.url = URL(string: "https://example.org/a%20b?c=d#e")
        edges.nothing = 7
        edges.optionals = [nil, "", nil, "nil"]
        edges.role = .other
        edges.events = [.started, .said("Hello\nthere", by: .assistant), .measured(value: 1.5, count: nil)]
        edges.tree = .branch([.leaf(1), .branch([]), .branch([.branch([.leaf(-2)])])])
        edges.nested = ["": [], "a": [1]]
        edges.flag = true
        var samples = [ConformanceSample(), edges]
        for _ in 0..<4 {
            var sample = edges
            sample.text = (0..<8).map { _ in string(using: &random) }
            sample.byText = Dictionary(
                (0..<8).map { (string(using: &random), $0) }, uniquingKeysWith: { first, _ in first })
            sample.integers = (0..<8).map { _ in Int64.random(in: .min ... .max, using: &random) }
            sample.doubles = (0..<16).map { _ in
                let value = Double(bitPattern: random.next())
                return value.isFinite ? value : Double.random(in: 0..<1, using: &random)
            }
            sample.dates = (0..<8).map { _ in
                Date(timeIntervalSinceReferenceDate: Double.random(in: -6e10...6e10, using: &random))
            }
            sample.data = Data((0..<33).map { _ in UInt8.random(in: 0...255, using: &random) })
            samples.append(sample)
        }
        return samples
    }

    /// An equal value, whose dictionaries go through their entries in another order: of another capacity, and filled from
    /// the end.
    var reordered: ConformanceSample {
        func reordered<Key, Value>(_ dictionary: [Key: Value]) -> [Key: Value] {
            var other: [Key: Value] = [:]
            other.reserveCapacity(dictionary.count * 8 + 8)
            for (key, value) in dictionary.reversed() { other[key] = value }
            return other
        }
        var sample = self
        sample.byText = reordered(byText)
        sample.byNumber = reordered(byNumber.mapValues(reordered))
        sample.nested = reordered(nested)
        return sample
    }

    /// Strings that one format or another reads as something else, or has to escape.
    private static let edgeStrings: [String] = [
        "", " ", "  two  ", "a", "null", "~", "true", "no", "yes", "1", "-1.5", "1e3", "0x1F", "0o7", "010", "1:30",
        "2020-01-01", ".nan", "-.inf", "---", "...", "- a", "a: b", "a #b", "#", "*a", "&a", "!a", "%", "@", "`", "|",
        ">", "'", "\"", "\\", "/", "{}", "[]", "<<", "=", "line\n", "two\nlines\n\n", "\n", "tab\t", "\r\n", "\u{0}",
        "\u{7F}", "\u{85}", "\u{2028}", "\u{FEFF}", "\u{FFFD}", "é", "日本語", "🧩", "👩‍👩‍👧",
    ]

    private static func string(using random: inout SeededGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...24, using: &random) {
            let highest: UInt32 = [0x7F, 0x7FF, 0xFFFF, 0x10FFFF].randomElement(using: &random) ?? 0x7F
            if let scalar = Unicode.Scalar(UInt32.random(in: 0...highest, using: &random)) { text.append(scalar) }
        }
        return String(text)
    }
}
