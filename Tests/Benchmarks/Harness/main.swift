import Foundation

/// Prints the rows of all cases on all places.
func measure(_ options: Options) throws {
    var rows: [Row] = []
    for place in options.places {
        let saves = SaveCases(place: place, rounds: options.rounds).all
        // A file system in an image is small, and slow to fill.
        let share = place.device == nil ? 1 : 10
        let stores = StoreCases(
            place: place, rounds: options.rounds, listed: options.listed / share, opened: options.opened / share
        ).all
        for (name, make) in saves + stores
        where options.only.isEmpty || options.only.contains(where: { name.hasPrefix($0) }) {
            let benchmark = try make()
            FileHandle.standardError.write(Data("\(place.name): \(benchmark.name)\n".utf8))
            rows += try Measurement.run(benchmark, in: place)
        }
    }
    // Case by case, and on each place in the order given.
    var cases: [String] = []
    for row in rows where !cases.contains(row.benchmark) { cases.append(row.benchmark) }
    let report = Report(rows: cases.flatMap { name in rows.filter { $0.benchmark == name } })
    print(options.isJSON ? try report.json() : report.table())
}

do {
    let options = try Options(Array(CommandLine.arguments.dropFirst()))
    if options.isQuick {
        exit(try CountCheck(places: options.places).run(isJSON: options.isJSON) ? 0 : 1)
    }
    try measure(options)
} catch {
    FileHandle.standardError.write(Data("benchmarks: \(error)\n".utf8))
    exit(2)
}
