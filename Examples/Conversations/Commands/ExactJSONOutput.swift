import CommandLineKit
import FoundationEssentials
import Holdfast
import HoldfastJSON

/// Values of any kind as JSON, with the digits of their numbers and the order of their keys.
enum ExactJSONOutput {
    static func write(_ value: JSONValue) throws {
        let bytes = try ConversationFiles.json("output.json").encode(
            value, in: CodecContext(filename: "output.json"))
        try StandardOutput.write(String(decoding: bytes, as: UTF8.self))
    }
}
