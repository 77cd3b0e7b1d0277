/// `camelCase` and `snake_case`, as Foundation's JSON coders turn one into the other for names that begin with a small letter.
enum KeyCase {
    /// Turns `oneTwoThree` into `one_two_three`, and `myURLProperty` into `my_url_property`.
    static func toSnake(_ key: String) -> String {
        let scalars = Array(key.unicodeScalars)
        func isUpper(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isUppercase }
        func isLower(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isLowercase }
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            if index > 0, isUpper(scalar) {
                let afterLower = !isUpper(scalars[index - 1]) && scalars[index - 1] != "_"
                let beforeLower =
                    index + 1 < scalars.count && isLower(scalars[index + 1]) && isUpper(scalars[index - 1])
                if afterLower || beforeLower { result += "_" }
            }
            result += scalar.properties.lowercaseMapping
        }
        return result
    }

    /// Turns `one_two_three` into `oneTwoThree`; underscores at either end stay.
    static func fromSnake(_ key: String) -> String {
        guard let first = key.firstIndex(where: { $0 != "_" }), let last = key.lastIndex(where: { $0 != "_" }) else {
            return key
        }
        let words = key[first...last].split(separator: "_")
        guard words.count > 1, let head = words.first else { return key }
        let tail = words.dropFirst().map { capitalized($0) }
        return key[..<first] + head.lowercased() + tail.joined() + key[key.index(after: last)...]
    }

    /// With a capital wherever letters begin, so that `3d` becomes `3D`, as Foundation's `capitalized` does.
    private static func capitalized(_ word: Substring) -> String {
        var result = ""
        var isInside = false
        for character in word {
            result += isInside ? character.lowercased() : character.uppercased()
            isInside = character.isLetter
        }
        return result
    }
}
