import CommandLineKit

CommandLineTool(
    name: "holdfast",
    summary: "Looks after stores of documents whose managed files are JSON, JSON Lines, YAML, or what --managed says.",
    options: StoreSettings.options,
    commands: [Inspect.self, Recover.self, Verify.self]
).main()
