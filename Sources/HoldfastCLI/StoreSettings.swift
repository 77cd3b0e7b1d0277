import CommandLineKit
import Holdfast
import HoldfastJSON
import HoldfastYAML

/// Which store the operator means.
struct StoreSettings {
    static let store = CommandOption(
        "store", letter: "s", placeholder: "DIR", summary: "the store, where no STORE is given")
    static let options = [store]

    let path: String
    let isJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        isJSON = arguments.has(.json)
        let option = arguments.value(Self.store)
        path = if let option { option } else { try arguments.next("STORE") }
    }

    /// Opens the store, which never creates one.
    ///
    /// - Parameter recovery: Whether recovery happens, or is only reported.
    /// - Returns: The store.
    /// - Throws: `HoldfastError`.
    func open(_ recovery: RecoveryAtOpening) throws -> DocumentStore {
        var json = JSONOptions()
        json.maximumDepth = JSONOptions.highestDepth
        var options = StoreOptions()
        options.createsStore = false
        options.recoveryAtOpening = recovery
        let codecs = try CodecRegistry(
            JSONCodec(filenames: ["*.json"], options: json), YAMLCodec(filenames: ["*.yaml", "*.yml"]))
        return try DocumentStore.open(at: path, codecs: codecs, options: options)
    }
}
