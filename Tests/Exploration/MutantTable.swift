/// What became of each mutant.
struct MutantTable {
    struct Row {
        let family: Mutants.Family
        let name: String
        let result: String
    }

    private(set) var rows: [Row] = []
    private(set) var caught = 0
    private(set) var harmless = 0
    private(set) var survived = 0

    /// Makes the table.
    ///
    /// - Parameters:
    ///   - candidates: The mutants.
    ///   - killers: What caught each of them; nil where nothing did.
    init(_ candidates: [Mutants.Candidate], killers: [String?]) {
        for family in Mutants.Family.allCases {
            for (candidate, killer) in zip(candidates, killers) where candidate.family == family {
                let result: String
                if let killer {
                    result = "caught: \(killer)"
                    caught += 1
                } else if let reason = Mutants.reason(candidate) {
                    result = "harmless: \(reason)"
                    harmless += 1
                } else {
                    result = "SURVIVED"
                    survived += 1
                }
                rows.append(Row(family: family, name: candidate.mutant.name, result: result))
            }
        }
    }

    var summary: String { "\(caught) of \(rows.count) caught, \(harmless) harmless, \(survived) survived" }

    /// The table as an article of the documentation.
    var article: String {
        var text = """
            # Mutants

            Every mistake that the exploration has to find, and what found it.

            ## Overview

            `Explore --part mutants --table FILE` writes this article, and `Tests/run` checks that it is still so:
            \(summary). A step is named by its call, what it is about, and what came before it; `X` stands for any
            document. <doc:HowItIsTested> tells how they are made.

            """
        for family in Mutants.Family.allCases {
            let rows = self.rows.filter { $0.family == family }
            if rows.isEmpty { continue }
            text += "\n### \(family.heading) (\(rows.count))\n\n| mutant | result |\n|---|---|\n"
            for row in rows { text += "| \(row.name) | \(row.result) |\n" }
        }
        return text
    }
}

extension Mutants.Family {
    fileprivate var heading: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}
