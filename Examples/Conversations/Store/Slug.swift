/// A title as a part of a directory name: letters and digits of any script in lower case, and dashes between them.
struct Slug {
    let text: String

    /// Makes a slug that is cut between two words where the title is too long, or within a word that is too long alone.
    ///
    /// - Parameters:
    ///   - title: The title.
    ///   - maximumLength: How many bytes of UTF-8 it may have.
    init(_ title: String, maximumLength: Int) {
        let words = title.lowercased().split { !($0.isLetter || $0.isNumber) }
        var text = ""
        for word in words {
            let addition = text.isEmpty ? String(word) : "-\(word)"
            if text.utf8.count + addition.utf8.count <= maximumLength {
                text += addition
                continue
            }
            if text.isEmpty {
                for character in word {
                    if text.utf8.count + character.utf8.count > maximumLength { break }
                    text.append(character)
                }
            }
            break
        }
        self.text = text
    }
}
