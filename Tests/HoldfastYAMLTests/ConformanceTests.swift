import CLibYAML
import Foundation
import HoldfastYAML
import Testing

/// The public YAML test suite, from the folder that `HOLDFAST_SHARED_DATA` names.
@Suite struct ConformanceTests {
    static let folder: URL? = ProcessInfo.processInfo.environment["HOLDFAST_SHARED_DATA"].map {
        URL(fileURLWithPath: $0).appendingPathComponent("yaml-test-suite")
    }

    static let isMissing: Comment = "set HOLDFAST_SHARED_DATA to a folder that holds yaml-test-suite"

    struct Case {
        var id: String
        var input: Data
        var json: Data?
        var events: String?
        var mustFail: Bool
    }

    /// All cases; a case with variants is a folder of numbered folders.
    static func cases() throws -> [Case] {
        let root = try #require(folder)
        var cases: [Case] = []
        let files = FileManager.default
        func visit(_ folder: URL, _ id: String) throws {
            let input = folder.appendingPathComponent("in.yaml")
            guard folder.hasDirectoryPath || files.fileExists(atPath: folder.path + "/.") else { return }
            guard files.fileExists(atPath: input.path) else {
                for name in try files.contentsOfDirectory(atPath: folder.path).sorted() {
                    try visit(folder.appendingPathComponent(name), id.isEmpty ? name : "\(id)/\(name)")
                }
                return
            }
            func content(_ name: String) throws -> Data? {
                let file = folder.appendingPathComponent(name)
                return files.fileExists(atPath: file.path) ? try Data(contentsOf: file) : nil
            }
            cases.append(
                Case(
                    id: id, input: try Data(contentsOf: input), json: try content("in.json"),
                    events: try content("test.event").map { String(decoding: $0, as: UTF8.self) },
                    mustFail: try content("error") != nil))
        }
        try visit(root, "")
        return cases
    }

    /// The JSON values of a file that holds one after the other.
    static func jsonValues(_ data: Data) throws -> [YAMLValue] {
        var values: [YAMLValue] = []
        var pending = ""
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            pending += line + "\n"
            if let value = try? JSONDecoder().decode(YAMLValue.self, from: Data(pending.utf8)) {
                values.append(value)
                pending = ""
            }
        }
        let isComplete = pending.allSatisfy { $0.isWhitespace }
        try #require(isComplete, "the JSON can't be read: \(pending)")
        return values
    }

    /// Equal as JSON: numbers by value, mappings in any order.
    static func isSame(_ left: YAMLValue, _ right: YAMLValue) -> Bool {
        switch (left, right) {
        case (.int(let int), .double(let double)), (.double(let double), .int(let int)): return Double(int) == double
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy(isSame)
        case (.mapping(let left), .mapping(let right)):
            return left.count == right.count
                && left.allSatisfy { entry in
                    YAMLValue.mapping(right)[entry.key].map { isSame(entry.value, $0) } ?? false
                }
        default: return left == right
        }
    }

    @Test(.enabled(if: folder != nil, isMissing))
    func `every case of the YAML test suite gives its value or an error`() throws {
        var options = YAMLDecodingOptions()
        options.unknownTags = .ignore
        let decoder = YAMLDecoder(options: options)
        var right: [String] = []
        var wrong: [String] = []
        var refused: [String] = []
        var acceptedWrongly: [String] = []
        for testCase in try Self.cases() {
            let result = Result { try decoder.decodeDocuments(YAMLValue.self, from: testCase.input) }
            let isWellFormed = (try? decoder.validate(testCase.input)) != nil
            if testCase.mustFail {
                if isWellFormed { acceptedWrongly.append(testCase.id) } else { right.append(testCase.id) }
                continue
            }
            guard isWellFormed else {
                refused.append(testCase.id)
                if EventTests.libyamlEvents(testCase.input) != nil {
                    print("refused, though libyaml parses it:", testCase.id, result)
                }
                continue
            }
            guard let json = testCase.json else {
                // No JSON form, such as for keys that are collections: to be well-formed is all that can be asked.
                right.append(testCase.id)
                continue
            }
            let expected = try Self.jsonValues(json)
            if case .success(let values) = result, values.count == expected.count,
                zip(values, expected).allSatisfy(Self.isSame)
            {
                right.append(testCase.id)
            } else {
                wrong.append(testCase.id)
                print(testCase.id, result, expected)
            }
        }
        print(
            "yaml-test-suite: right \(right.count), wrong \(wrong.count), refused \(refused.count),",
            "accepted wrongly \(acceptedWrongly.count), crashed 0")
        print("wrong:", wrong.joined(separator: " "))
        print("refused:", refused.joined(separator: " "))
        print("accepted wrongly:", acceptedWrongly.joined(separator: " "))
        #expect(wrong == [])
        #expect(acceptedWrongly == [])
        // As the catalog lists them; most of the cases have to be there.
        #expect(right.count >= 258)
        #expect(refused.count <= 35)
    }
}
