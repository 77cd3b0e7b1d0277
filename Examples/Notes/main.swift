import Holdfast
import HoldfastJSON
import HoldfastYAML

struct Note: Codable { var title: String, visits: Int }
struct Config: Codable { var tags: [String] }
let note = ManagedFile<Note>("note.json"), config = ManagedFile<Config>("config.yaml")

let store = try DocumentStore.open(
    at: CommandLine.arguments.dropFirst().first ?? "notes",
    codecs: CodecRegistry(JSONCodec("note.json"), YAMLCodec("config.yaml")))

let receipt = try store.update("groceries") { draft in
    var value = try draft.value(note) ?? Note(title: "Groceries", visits: 0)
    value.visits += 1
    try draft.set(value, for: note)
    try draft.set(Config(tags: ["home"]), for: config)
}
print("saved:", receipt.outcome, receipt.durability)
print("read:", try store.snapshot("groceries").value(note)?.visits ?? 0)
