import CommandLineKit

CommandLineTool(
    name: "holdfast",
    summary: "Looks after stores of documents whose managed files are JSON (*.json) and YAML (*.yaml, *.yml).",
    options: StoreSettings.options,
    commands: [Inspect.self, Recover.self, Verify.self]
).main()
