import Foundation
import Holdfast
import HoldfastTesting
import Testing

/// Ends and failures at every call of every shape of commit, on the real file system.
@Suite struct CrashTests {
    @Test(arguments: CommitShape.allCases, Help.allCases)
    func `a process that ends at any call leaves the old or the new generation`(
        shape: CommitShape, help: Help
    ) throws {
        for durability in Durability.allCases {
            var cuts = 0
            while true {
                let store = try TemporaryStore(durability: durability)
                store.options.withheldCapabilities = help.withheld
                try shape.lay(in: store)
                let cut = Cut(after: cuts)
                let opened = try DocumentStore.open(
                    at: store.path, on: InterposedFileSystem(before: cut.hook), codecs: store.codecs,
                    options: store.options)
                var returned = false
                do {
                    try shape.commit(opened, store)
                    returned = true
                } catch is HoldfastError {}
                let report = try store.reopen().recoveryReport
                let tree = try store.tree()
                let context = "\(shape) \(help) \(durability) cut \(cuts)"
                #expect(report.isComplete, "\(context)")
                #expect(shape.generations.contains(tree), "\(context): \(tree)")
                if returned { #expect(tree == shape.generations.last, "\(context)") }
                #expect(try store.reopen().recoveryReport.isClean, "\(context)")
                if !cut.hasHappened { break }
                cuts += 1
            }
            #expect(cuts > 0)
        }
    }

    @Test(arguments: CommitShape.allCases, Help.allCases)
    func `a call that fails loses nothing and leaves nothing`(shape: CommitShape, help: Help) throws {
        for error in [Errno.inputOutput, .noSpace] {
            var number = 0
            while true {
                let store = try TemporaryStore(durability: .powerLoss)
                store.options.withheldCapabilities = help.withheld
                try shape.lay(in: store)
                let fault = Fault(error, at: number)
                let opened = try DocumentStore.open(
                    at: store.path, on: InterposedFileSystem(before: fault.hook), codecs: store.codecs,
                    options: store.options)
                let context = "\(shape) \(help) \(error) at \(number)"
                var failure: HoldfastError?
                var receipt: Receipt?
                do {
                    receipt = try shape.commit(opened, store)
                } catch let error as HoldfastError {
                    failure = error
                    #expect(!error.description.contains("\n"), "\(context)")
                }
                // What a failed cleanup leaves, the next start removes.
                let report = try store.reopen().recoveryReport
                #expect(report.isComplete, "\(context)")
                let tree = try store.tree()
                if receipt != nil || failure?.code == .durabilityUnknown {
                    #expect(tree == shape.generations.last, "\(context): \(tree)")
                } else {
                    #expect(tree == shape.generations.first, "\(context): \(tree) \(failure.debugDescription)")
                }
                if !fault.hasHappened {
                    #expect(receipt?.warnings.isEmpty == true, "\(context)")
                    break
                }
                number += 1
            }
            #expect(number > 0)
        }
    }

    @Test(arguments: CommitShape.allCases)
    func `an interrupted call is made again`(shape: CommitShape) throws {
        let store = try TemporaryStore(durability: .powerLoss)
        try shape.lay(in: store)
        // Each call is interrupted once.
        let interruptions = Interruptions()
        let opened = try DocumentStore.open(
            at: store.path, on: InterposedFileSystem(before: interruptions.hook), codecs: store.codecs,
            options: store.options)
        let receipt = try shape.commit(opened, store)
        #expect(interruptions.count > 0)
        #expect(receipt.warnings.isEmpty)
        #expect(try store.tree() == shape.generations.last)
    }
}
