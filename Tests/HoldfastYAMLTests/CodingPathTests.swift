import Foundation
import HoldfastYAML
import Synchronization
import Testing

/// Coding paths are those of Foundation's JSON coders, whatever the key strategy.
@Suite struct CodingPathTests {
    struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int?
        init(_ text: String) { stringValue = text }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    /// Paths as the values and the strategies have seen them, as text.
    final class Seen: Sendable {
        private let paths = Mutex<[String]>([])
        var all: [String] { paths.withLock { $0.sorted() } }

        func add(_ path: [any CodingKey]) {
            let text = path.map { "\($0.stringValue)\($0.intValue.map { " (\($0))" } ?? "")" }.joined(separator: ", ")
            paths.withLock { $0.append(text) }
        }

        /// A key strategy that does the same as another, and is seen.
        func telling(
            _ strategy: @escaping @Sendable ([any CodingKey]) -> any CodingKey
        ) -> @Sendable ([any CodingKey]) -> any CodingKey {
            { path in
                self.add(path)
                return strategy(path)
            }
        }
    }

    static let seen = CodingUserInfoKey(rawValue: "seen")

    /// Says what its path is.
    struct Probe: Codable {
        var number = 1
        enum CodingKeys: String, CodingKey { case number }
        init() {}

        init(from decoder: any Decoder) throws {
            Self.tell(decoder.userInfo, decoder.codingPath)
            let container = try decoder.container(keyedBy: CodingKeys.self)
            number = try container.decode(Int.self, forKey: .number)
            Self.tell(decoder.userInfo, try container.superDecoder(forKey: .number).codingPath)
        }

        func encode(to encoder: any Encoder) throws {
            Self.tell(encoder.userInfo, encoder.codingPath)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(number, forKey: .number)
        }

        private static func tell(_ userInfo: [CodingUserInfoKey: Any], _ path: [any CodingKey]) {
            if let seen = CodingPathTests.seen.flatMap({ userInfo[$0] as? Seen }) { seen.add(path) }
        }
    }

    struct Outer: Codable {
        var firstPart = Inner()
        struct Inner: Codable {
            var secondPart = [Probe()]
            var byNumber = [7: Probe()]
            var byName = ["aName": Probe()]
        }
    }

    @Sendable static func upper(_ path: [any CodingKey]) -> any CodingKey {
        AnyKey(path.last?.stringValue.uppercased() ?? "")
    }

    @Sendable static func lower(_ path: [any CodingKey]) -> any CodingKey {
        let names = ["firstPart", "secondPart", "byNumber", "byName", "number"]
        let name = path.last?.stringValue ?? ""
        return AnyKey(names.first { $0.uppercased() == name } ?? name)
    }

    @Test func `values and custom key strategies see the paths that Foundation's JSON coders show`() throws {
        let key = try #require(Self.seen)
        let (expected, found) = (Seen(), Seen())
        let json = JSONEncoder()
        json.userInfo[key] = expected
        json.keyEncodingStrategy = .custom(expected.telling(Self.upper))
        var encoder = YAMLEncoder()
        encoder.userInfo[key] = found
        encoder.keyEncodingStrategy = .custom(found.telling(Self.upper))
        let text = try json.encode(Outer())
        _ = try encoder.encode(Outer())
        // Foundation's encoder leaves the key of a dictionary out of the paths in it.
        let complete = expected.all.map { $0.replacing("firstPart, aName", with: "firstPart, byName, aName") }
        #expect(found.all == complete.sorted())

        let (expectedRead, foundRead) = (Seen(), Seen())
        let jsonDecoder = JSONDecoder()
        jsonDecoder.userInfo[key] = expectedRead
        jsonDecoder.keyDecodingStrategy = .custom(expectedRead.telling(Self.lower))
        var decoder = YAMLDecoder()
        decoder.userInfo[key] = foundRead
        decoder.keyDecodingStrategy = .custom(foundRead.telling(Self.lower))
        _ = try jsonDecoder.decode(Outer.self, from: text)
        _ = try decoder.decode(Outer.self, from: text)
        #expect(foundRead.all == expectedRead.all)
    }

    /// Refuses its value.
    struct Refusing: Decodable {
        enum CodingKeys: String, CodingKey { case badField }
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            throw DecodingError.dataCorruptedError(forKey: .badField, in: container, debugDescription: "not good")
        }
    }

    static let strategies: [YAMLDecodingOptions.KeyDecodingStrategy] = [
        .convertFromSnakeCase,
        .custom { AnyKey(["outer_part": "outerPart", "bad_field": "badField"][$0.last?.stringValue ?? ""] ?? "") },
    ]

    @Test(arguments: strategies.indices)
    func `an error of a value's own code gets its place also where a strategy renames keys`(index: Int) throws {
        struct Renamed: Decodable { var outerPart: [String: Refusing] }
        var decoder = YAMLDecoder()
        decoder.keyDecodingStrategy = Self.strategies[index]
        let text = "outer_part:\n  a_b:\n    a: 1\n    bad_field: x\n"
        do {
            _ = try decoder.decode(Renamed.self, from: text)
            Issue.record("the value is taken")
        } catch DecodingError.dataCorrupted(let context) {
            #expect(context.debugDescription == "line 4, column 16, at outerPart.a_b.badField: not good")
            #expect(context.codingPath.last is Refusing.CodingKeys)
        }
    }

    @Test func `a super decoder of a key that is not there has its name`() throws {
        struct Missing: Decodable {
            var paths: [[String]]
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: AnyKey.self)
                paths = try [container.superDecoder(forKey: AnyKey("base")), container.superDecoder()].map {
                    $0.codingPath.map(\.stringValue)
                }
            }
        }
        #expect(try YAMLDecoder().decode([Missing].self, from: "- a: 1\n")[0].paths.map(\.last) == ["base", "super"])
    }
}
