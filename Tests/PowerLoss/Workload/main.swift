// What the power-loss proof saves and checks: see ../README.md.
import Foundation
import Glibc
import Holdfast

let usage = """
    usage: PowerLossWorkload run DURABILITY SEED MOUNTPOINT MARKS FIRST COUNT
               take COUNT steps from number FIRST on in MOUNTPOINT/store; write "mark N" to MARKS after each
           PowerLossWorkload check DURABILITY SEED
               judge stores after a crash, for `logdevice replay`
           PowerLossWorkload steps SEED COUNT
               print the steps

    """

do {
    let arguments = CommandLine.arguments.dropFirst()
    let words = Array(arguments)
    switch words.first {
    case "run"? where words.count == 7:
        guard let durability = Durability(rawValue: words[1]), let seed = UInt64(words[2]), let first = Int(words[5]),
            let count = Int(words[6]), first > 0, count > 0
        else { throw WorkloadError(usage) }
        var history = History(seed: seed)
        history.extend(to: first + count - 1)
        let workload = try Workload(mountpoint: words[3], marks: words[4], durability: durability)
        if first == 1 { try workload.mark(0) }
        for step in history.steps[(first - 1)...] { try workload.take(step) }
    case "check"? where words.count == 3:
        guard let durability = Durability(rawValue: words[1]), let seed = UInt64(words[2]) else {
            throw WorkloadError(usage)
        }
        var checker = Checker(seed: seed, durability: durability)
        try checker.run()
    case "steps"? where words.count == 3:
        guard let seed = UInt64(words[1]), let count = Int(words[2]) else { throw WorkloadError(usage) }
        var history = History(seed: seed)
        history.extend(to: count)
        for step in history.steps { print(step) }
    default:
        throw WorkloadError(usage)
    }
} catch {
    FileHandle.standardError.write(Data("PowerLossWorkload: \(error)\n".utf8))
    exit(2)
}
