import Foundation

/// A tool that an event calls.
struct ToolCall: Codable, Equatable {
    var name: String
    var arguments: [String: String]
    var exitCode: Int?
}

enum Role: String, Codable { case user, assistant, tool }

/// One event of a conversation, as a host keeps it.
struct Event: Codable, Equatable {
    var id: String
    var timestamp: Date
    var role: Role
    var content: String
    var toolCalls: [ToolCall]?
    var parent: String?
    var tokens: Int
    var score: Double?
}

/// Documents to measure with, the same in every run.
enum Samples {
    static func events(bytes: Int) -> [Event] {
        let words = [
            "Holdfast", "keeps", "every", "generation", "whole,", "auch", "nach", "einem", "Stromausfall.", "日本語の文",
            "naïve",
            "façade", "😀", "👍", "let", "value", "=", "try", "decoder.decode(Config.self)", "—", "the", "and", "of", "a",
            "to", "it",
        ]
        var state: UInt64 = 7
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var events: [Event] = []
        var size = 0
        while size < bytes {
            var content = ""
            let length = 200 + next(400)
            while content.count < length {
                for _ in 0..<6 + next(8) { content += words[next(words.count)] + " " }
                content.removeLast()
                content += "\n"
            }
            let number = events.count
            var calls: [ToolCall]?
            if number % 4 == 0 {
                calls = [
                    ToolCall(
                        name: "read_file", arguments: ["path": "Sources/File\(number).swift", "line": "\(number)"],
                        exitCode: number % 8 == 0 ? 0 : nil)
                ]
            }
            events.append(
                Event(
                    id: "01J\(number)-\(next(1 << 30))",
                    timestamp: Date(timeIntervalSinceReferenceDate: 7e8 + Double(number) + 0.125),
                    role: number % 2 == 0 ? .user : .assistant, content: content, toolCalls: calls,
                    parent: number > 0 ? events[number - 1].id : nil, tokens: next(4000),
                    score: number % 3 == 0 ? Double(next(1 << 30)) / 1e9 : nil))
            size += content.utf8.count + 160
        }
        return events
    }

    static func numbers(count: Int) -> [[Double]] {
        (0..<count / 4).map { index in
            let number = Double(index)
            return [number / 7, number * 1.25, number, number * -1e-3]
        }
    }

    static func keys(count: Int) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: (0..<count).map { ("some-key-\($0)", $0) })
    }
}
