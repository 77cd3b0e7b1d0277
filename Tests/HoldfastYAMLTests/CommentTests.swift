import Foundation
import Holdfast
import HoldfastYAML
import Testing

/// A change costs no comment but those of what it changes.
@Suite struct CommentTests {
    @Test func `comments of what stays outlive random changes to random layouts`() throws {
        var random = FidelityTests.Seeded(state: 21)
        var changes = 0
        for _ in 0..<2000 {
            var numbers = 0
            let root = Commented.mapping(depth: 0, &numbers, &random)
            var old = "# head\n" + root.text(indent: "", isItem: false).drop { $0 != "\n" }.dropFirst()
            if random.oneIn(3) { old.removeLast() }
            if random.oneIn(5) { old = old.replacingOccurrences(of: "\n", with: "\r\n") }
            let value = try YAMLDecoder().decode(YAMLValue.self, from: old)
            var touched: Set<Int> = []
            let changed = root.changed(value, &touched, &random)
            let context = CodecContext(filename: "a.yaml") { Data(old.utf8) }
            let new = try String(decoding: YAMLCodec().encode(changed, in: context), as: UTF8.self)
            #expect(FormattingTests.sorted(Data(new.utf8)) == FormattingTests.sorted(changed))
            let lines = Set(new.split { $0.isNewline })
            let lost = root.numbers.subtracting(touched).filter { number in
                !lines.contains { $0.hasSuffix("# \(number)") }
            }
            #expect(lost.isEmpty && new.hasPrefix("# head"), "\(old)\n-- became --\n\(new)")
            if new != old { changes += 1 }
        }
        print("rewritten texts that lost no comment:", changes)
        #expect(changes > 1950)
    }
}

/// A value as a person may lay it out; each scalar has its number in a comment.
private indirect enum Commented {
    case scalar(Int, layout: Int)
    case mapping([(key: String, value: Commented)], Int, layout: Int)
    case sequence([Commented], Int, layout: Int)

    typealias Random = FidelityTests.Seeded

    static func node(depth: Int, _ numbers: inout Int, _ random: inout Random) -> Commented {
        numbers += 1
        let number = numbers
        switch Int.random(in: 0..<(depth > 3 ? 4 : 8), using: &random) {
        case 0...3: return .scalar(number, layout: Int.random(in: 0..<9, using: &random))
        case 4...6: return mapping(depth: depth, &numbers, &random)
        default:
            let items = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                node(depth: depth + 1, &numbers, &random)
            }
            return .sequence(items, number, layout: Int.random(in: 0..<4, using: &random))
        }
    }

    static func mapping(depth: Int, _ numbers: inout Int, _ random: inout Random) -> Commented {
        let number = numbers
        let entries = (0..<Int.random(in: 1...4, using: &random)).map {
            (key: "k\($0)", value: node(depth: depth + 1, &numbers, &random))
        }
        return .mapping(entries, number, layout: depth == 0 ? 3 : Int.random(in: 0..<4, using: &random))
    }

    /// The numbers of all scalars.
    var numbers: Set<Int> {
        switch self {
        case .scalar(let number, _): [number]
        case .mapping(let entries, _, _): entries.reduce(into: []) { $0.formUnion($1.value.numbers) }
        case .sequence(let items, _, _): items.reduce(into: []) { $0.formUnion($1.numbers) }
        }
    }

    /// The text behind a colon or dash, whose line is indented so far.
    func text(indent: String, isItem: Bool) -> String {
        switch self {
        case .scalar(let number, let layout): return Self.scalar(number, layout, indent: indent)
        case .mapping(let entries, let number, let layout):
            let inner = indent + String(repeating: " ", count: isItem ? 2 : number == 0 ? 0 : 1 + layout)
            let lines = entries.enumerated().map { index, entry in
                (layout == 1 && index > 0 ? "\n" : "") + (layout == 2 ? "\(inner)# above\n" : "")
                    + "\(inner)\(entry.key):" + entry.value.text(indent: inner, isItem: false)
            }
            return Self.lines(lines.joined(), isBehindDash: isItem && layout != 2, inner)
        case .sequence(let items, _, let layout):
            let inner = isItem || layout != 0 ? indent + "  " : indent
            let lines = items.map { "\(inner)-" + $0.text(indent: inner, isItem: true) }
            return Self.lines(lines.joined(), isBehindDash: isItem && layout != 2, inner)
        }
    }

    private static func lines(_ lines: String, isBehindDash: Bool, _ indent: String) -> String {
        isBehindDash ? " " + lines.dropFirst(indent.count) : " # of all\n" + lines
    }

    private static func scalar(_ number: Int, _ layout: Int, indent: String) -> String {
        switch layout {
        case 0: " v\(number) # \(number)\n"
        case 1: " 'v\(number)' # \(number)\n"
        case 2: " \"v\(number)\"   # \(number)\n"
        case 3: " | # \(number)\n\(indent)  v\(number)\n\(indent)  more\n"
        case 4: " >- # \(number)\n\(indent)  v\(number)\n\(indent)  more\n\n"
        case 5: " # \(number)\n\(indent)  v\(number)\n"
        case 6: " |+ # \(number)\n\(indent)  v\(number)\n\n"
        case 7: " v\(number)\n\(indent)  more # \(number)\n"
        default: " [v\(number), more] # \(number)\n"
        }
    }

    /// Changes one thing in the value that was read from the text: a scalar, or an entry or item that comes or goes; the
    /// numbers of what that concerns are touched.
    func changed(_ value: YAMLValue, _ touched: inout Set<Int>, _ random: inout Random) -> YAMLValue {
        let kind = Int.random(in: 0..<5, using: &random)
        switch (self, value) {
        case (.mapping(let children, _, _), .mapping(var entries)):
            let place = Int.random(in: 0..<children.count, using: &random)
            if kind == 0 {
                entries.insert(.init("new", Self.new(&random)), at: place + (random.oneIn(2) ? 1 : 0))
            } else if kind == 1, entries.count > 1 {
                entries.remove(at: place)
                touched.formUnion(children[place].value.numbers)
            } else {
                entries[place].value = children[place].value.changed(entries[place].value, &touched, &random)
            }
            return .mapping(entries)
        case (.sequence(let children, _, _), .array(var items)):
            let place = Int.random(in: 0..<children.count, using: &random)
            if kind == 0 {
                items.insert(Self.new(&random), at: place + (random.oneIn(2) ? 1 : 0))
            } else if kind == 1, items.count > 1 {
                items.remove(at: place)
                touched.formUnion(children[place].numbers)
            } else {
                items[place] = children[place].changed(items[place], &touched, &random)
            }
            return .array(items)
        default:
            touched.formUnion(numbers)
            return Self.new(&random)
        }
    }

    private static func new(_ random: inout Random) -> YAMLValue {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .int(7)
        case 1: .string("a\nb\n")
        case 2: .string("kept\n\n\n")
        case 3: .mapping([.init("p", .int(1)), .init("q", .string("x\ny"))])
        case 4: .array([.int(1), .mapping([.init("z", .null)])])
        default: .string("plain words")
        }
    }
}

extension FidelityTests.Seeded {
    fileprivate mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}
