import FoundationEssentials

/// Writes a new value into the text that a person has written, and proves that the text holds just this value.
///
/// As much as possible is kept at first, and less where the result does not give the value: another notation of the same
/// value, then aliases and merge keys; in the end the text is written anew.
struct FormattingRewrite {
    /// Texts above this are a program's rather than a person's; they are written anew, in about a fifth of the time.
    private static let largest = 4 << 20

    private let old: Data
    private let oldTape: Tape
    private let new: Tape
    private let rules: TapeBuilder.Rules
    private let reencoded: ((Data) throws -> Data)?
    private var usesNotations = false
    private var hasReferences = false

    /// Rewrites an old text so that it holds the new text's value.
    ///
    /// - Parameters:
    ///   - old: What the file holds now.
    ///   - new: The new value, as the encoder has written it.
    ///   - rules: How texts are read.
    ///   - reencoded: Reads a text as the value's type does, and writes what it has read; nil for a type that can't be read.
    /// - Returns: The text to store; `new` itself where nothing can be kept.
    static func rewrite(
        _ old: Data, as new: Data, _ rules: TapeBuilder.Rules, reencoded: ((Data) throws -> Data)?
    ) -> Data {
        guard old != new, !old.isEmpty, old.count <= largest, new.count <= largest, !old.starts(with: [0xFF, 0xFE]),
            !old.starts(with: [0xFE, 0xFF])
        else { return new }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if old.starts(with: mark) {
            return Data(mark) + rewrite(Data(old.dropFirst(mark.count)), as: new, rules, reencoded: reencoded)
        }
        var rules = rules
        rules.keepsEnds = true
        do {
            return try old.withUnsafeBytes { oldBytes in
                try new.withUnsafeBytes { newBytes in
                    let oldTape = try TapeBuilder.tape(of: SourceText(borrowing: oldBytes), rules)
                    let newTape = try TapeBuilder.tape(of: SourceText(borrowing: newBytes), rules)
                    guard oldTape.roots.count <= 1, newTape.roots.count == 1 else { return new }
                    var rewrite = FormattingRewrite(
                        old, oldTape, as: newTape, rules: rules, reencoded: reencoded)
                    return try rewrite.best() ?? new
                }
            }
        } catch {
            // The old text may be damaged: the new one stands by itself.
            return new
        }
    }

    private init(
        _ old: Data, _ oldTape: Tape, as new: Tape, rules: TapeBuilder.Rules, reencoded: ((Data) throws -> Data)?
    ) {
        self.old = old
        self.oldTape = oldTape
        self.new = new
        self.rules = rules
        self.reencoded = reencoded
    }

    private mutating func best() throws -> Data? {
        if isUnchanged() { return old }
        if reencoded != nil {
            if let text = try attempt(tolerating: [.notations, .references]) { return text }
        }
        // Where no other notation was met, this would be the same again.
        if reencoded == nil || usesNotations {
            if let text = try attempt(tolerating: .references) { return text }
        }
        // What an alias stands for may have changed in one place and not in the other.
        return hasReferences ? try attempt(tolerating: []) : nil
    }

    /// Up to this size it is found out first whether there is anything to write, as the value's type reads it: many fill in
    /// what a person left out.
    private static let small = 64 << 10

    private func isUnchanged() -> Bool {
        guard let reencoded, old.count <= Self.small else { return false }
        do {
            return try reencoded(old).elementsEqual(new.source.bytes)
        } catch {
            // It is damaged, or another type's.
            return false
        }
    }

    private mutating func attempt(tolerating tolerance: TapeComparison.Tolerance) throws -> Data? {
        var splice = FormattingSplice(oldTape, new, tolerating: tolerance)
        let text = try splice.text()
        usesNotations = splice.comparison.toleratedNotation
        hasReferences = hasReferences || splice.comparison.metReferences
        guard let text else { return nil }
        // Found to be the same in every respect.
        if splice.edits.isEmpty, !usesNotations { return old }
        guard holdsNewValue(text) else { return nil }
        return splice.edits.isEmpty ? old : Data(text)
    }

    /// Whether a text holds just the new value; where another notation was kept, as the value's type reads it.
    private func holdsNewValue(_ text: [UInt8]) -> Bool {
        guard usesNotations, let reencoded else { return isSame(text) }
        do {
            let written = try reencoded(Data(text))
            return written.elementsEqual(new.source.bytes) || isSame(Array(written))
        } catch {
            // The type does not take such a notation.
            return false
        }
    }

    private func isSame(_ text: [UInt8]) -> Bool {
        text.withUnsafeBytes { bytes in
            do {
                let tape = try TapeBuilder.tape(of: SourceText(borrowing: bytes), rules)
                guard tape.roots.count == 1 else { return false }
                var comparison = TapeComparison(tape, new)
                return comparison.isSame(tape.roots[0], new.roots[0])
            } catch {
                // An alias whose anchor has gone, for example.
                return false
            }
        }
    }
}
