import Holdfast
import HoldfastJSON
import HoldfastYAML

/// The files of a conversation.
enum ConversationFiles {
    /// The title, and whatever else a host keeps there.
    static let metadata = ManagedFile<JSONObject>("metadata.json")
    /// What was said, in order.
    static let events = ManagedFile<[JSONValue]>("events.json")
    /// How the host works in this conversation; a person edits it too, and may leave nothing in it but comments.
    static let config = ManagedFile<ConfigValue?>("config.yaml")
    /// What the user is about to say.
    ///
    /// Nobody manages it: it is the person's own, open in an editor perhaps.
    static let draft = "QUERY_MESSAGE.md"
    /// The configuration's name where conversations are exchanged with other programs.
    static let exchangedConfig = ManagedFile<JSONValue>("base_config.json")

    static func codecs() throws(HoldfastError) -> CodecRegistry {
        var reading = YAMLDecodingOptions()
        // So that numbers come with the digits that they are written with.
        reading.plainScalarsAsStrings = true
        return try CodecRegistry(
            json(metadata.filename, events.filename), ConversationEvents.segments.codec,
            YAMLCodec(filenames: [FilenamePattern(config.filename)], decodingOptions: reading))
    }

    /// The files of an exported conversation; any other `*.json` in it is a person's.
    static let exchanged = json(metadata.filename, events.filename, exchangedConfig.filename)

    static func json(_ filenames: String...) -> JSONCodec {
        var options = JSONOptions()
        options.maximumDepth = JSONOptions.highestDepth
        return JSONCodec(filenames: filenames.map { FilenamePattern($0) }, options: options)
    }
}
