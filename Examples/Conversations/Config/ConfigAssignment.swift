import CommandLineKit
import HoldfastYAML

/// `KEY=VALUE` of the command `set`.
struct ConfigAssignment {
    /// The keys from the outside in.
    let path: [String]
    let value: ConfigValue

    init(_ text: String) throws(UsageError) {
        guard let (key, value) = Self.split(text) else { throw UsageError("`\(text)` is not of the form KEY=VALUE") }
        path = Self.keys(key)
        if path.contains("") { throw UsageError("`\(key)` holds an empty key") }
        var options = YAMLDecodingOptions()
        options.plainScalarsAsStrings = true
        do {
            self.value = try YAMLDecoder(options: options).decode(ConfigValue?.self, from: value) ?? .null
        } catch DecodingError.dataCorrupted(let context) {
            throw UsageError("the value of `\(key)` is not YAML: \(context.debugDescription)")
        } catch {
            throw UsageError("the value of `\(key)` can't be used: \(error)")
        }
    }

    private static func split(_ text: String) -> (key: String, value: String)? {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    /// Takes a dotted key apart; `\.` is a dot of the key itself.
    private static func keys(_ text: String) -> [String] {
        var keys = [""]
        var isEscaped = false
        for character in text {
            if isEscaped || (character != "\\" && character != ".") {
                keys[keys.count - 1].append(character)
                isEscaped = false
            } else if character == "." {
                keys.append("")
            } else {
                isEscaped = true
            }
        }
        return keys
    }
}
