/// `camelCase` and `snake_case`, as Foundation's JSON coders turn one into the other.
enum KeyCase {
    /// Turns `oneTwoThree` into `one_two_three`, and `myURLProperty` into `my_url_property`.
    ///
    /// A word begins at a capital, and the search goes on behind the next small letter: the word that this letter is in
    /// begins one before it. So `isB2bCustomer` becomes `is_b_2b_customer`, since that is Foundation's rule.
    static func toSnake(_ key: String) -> String {
        let characters = Array(key)
        var beginnings: [Int] = []
        var capital: Int?
        for index in characters.indices.dropFirst() {
            if let begin = capital {
                guard characters[index].isLowercase else { continue }
                if index > begin + 1 { beginnings.append(index - 1) }
                capital = nil
            } else if characters[index].isUppercase {
                beginnings.append(index)
                capital = index
            }
        }
        let words = zip([0] + beginnings, beginnings + [characters.count]).map { String(characters[$0..<$1]) }
        return words.map { $0.lowercased() }.joined(separator: "_")
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
