import CommandLineKit

CommandLineTool(
    name: "conversations",
    summary: "Keeps conversations as plain directories of JSON and YAML files, each saved whole or not at all.",
    options: StoreSettings.options,
    commands: [
        New.self, Say.self, DraftMessage.self, Send.self, List.self, Show.self, Title.self, Set.self, Remove.self,
        Import.self, Export.self, Recover.self, Verify.self,
    ]
).main()
