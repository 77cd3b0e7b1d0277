import CommandLineKit
import Holdfast
import HoldfastJSON
import HoldfastJSONLines
import HoldfastYAML

/// Which store the operator means.
struct StoreSettings {
    static let store = CommandOption(
        "store", letter: "s", placeholder: "DIR", summary: "the store, where no STORE is given")
    static let managed = CommandOption(
        "managed", letter: "m", placeholder: "NAMES",
        summary: "the managed files, such as note.json,part-*.dat (else *.json,*.jsonl,*.yaml,*.yml)")
    static let options = [store, managed]

    private static let usual = ["*.json", "*.jsonl", "*.yaml", "*.yml"]

    let path: String
    let isJSON: Bool
    private let codecs: CodecRegistry
    /// Whether the operator has said which files are managed.
    let knowsManagedNames: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        isJSON = arguments.has(.json)
        let managed = arguments.value(Self.managed).map { $0.split(separator: ",").map(String.init) }
        if let name = managed?.first(where: { $0.hasPrefix(" ") || $0.hasSuffix(" ") }) {
            throw UsageError("--managed: `\(name)` begins or ends with a space; write the names with commas alone")
        }
        if managed?.isEmpty == true { throw UsageError("--managed names no file") }
        knowsManagedNames = managed != nil
        do throws(HoldfastError) {
            codecs = try Self.codecs(managed ?? Self.usual)
        } catch {
            throw UsageError("--managed: \(error)")
        }
        let option = arguments.value(Self.store)
        path = if let option { option } else { try arguments.next("STORE") }
    }

    /// Opens the store, which never creates one.
    ///
    /// - Parameters:
    ///   - recovery: Whether recovery happens, or is only reported.
    ///   - progress: Told of each document that the recovery is done with.
    /// - Returns: The store.
    /// - Throws: `HoldfastError`.
    func open(
        _ recovery: RecoveryAtOpening, progress: (@Sendable (StoreProgress) -> Void)? = nil
    ) throws -> DocumentStore {
        var options = StoreOptions()
        options.createsStore = false
        options.recoveryAtOpening = recovery
        options.knowsManagedNames = knowsManagedNames
        return try DocumentStore.open(at: path, codecs: codecs, options: options, progress: progress)
    }

    private static func codecs(_ managed: [String]) throws(HoldfastError) -> CodecRegistry {
        var json = JSONOptions()
        json.maximumDepth = JSONOptions.highestDepth
        func names(_ isMeant: (String) -> Bool) -> [FilenamePattern] {
            managed.filter(isMeant).map { FilenamePattern($0) }
        }
        func names(ending suffix: String) -> [FilenamePattern] { names { $0.hasSuffix(suffix) } }
        let known: [(suffix: String, codec: any ManagedFileCodec)] = [
            (".json", JSONCodec(filenames: names(ending: ".json"), options: json)),
            (".jsonl", JSONLinesCodec(filenames: names(ending: ".jsonl"), options: json)),
            (".yaml", YAMLCodec(filenames: names(ending: ".yaml"))),
            (".yml", YAMLCodec(filenames: names(ending: ".yml"))),
        ]
        var registry = CodecRegistry()
        for (_, codec) in known { try registry.register(codec) }
        let others = names { name in !known.contains { name.hasSuffix($0.suffix) } }
        try registry.register(OtherFormat(filenames: others, known: known))
        return registry
    }
}
