import Foundation
import Holdfast
import HoldfastTesting

do {
    var exploration = Exploration(try Options(CommandLine.arguments.dropFirst()))
    try exploration.run()
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(2)
}
