import FoundationEssentials
import HoldfastJSON

/// Something that was said.
struct Event {
    enum Role: String, CaseIterable {
        case user, assistant
    }

    /// As `events.json` has it.
    let value: JSONValue

    init(role: Role, content: String) {
        var date = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        date.timeZone = .gmt
        value = [
            "id": .string(UUID().uuidString.lowercased()),
            "timestamp": .string(Date().formatted(date)),
            "role": .string(role.rawValue),
            "content": .string(content),
        ]
    }
}

/// How events are shown to a person, also those of other programs.
extension JSONValue {
    /// When it happened, as it is written.
    var timestamp: String? { self["timestamp"]?.string }

    /// Who said it, or what kind of event it is.
    var speaker: String { self["role"]?.string ?? self["type"]?.string ?? "event" }

    /// What was said; nil for an event without words.
    var words: String? {
        self["content"]?.string ?? self["message"]?.string ?? self["reasoning"]?.string
    }
}
