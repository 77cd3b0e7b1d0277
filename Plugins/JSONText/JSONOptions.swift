public import FoundationEssentials

/// How a `JSONCodec` writes and reads.
///
/// The defaults write files for people and for version control, and lose nothing: one line a value, keys in one order,
/// slashes as they are, a line break at the end, and dates with every digit that they have.
public struct JSONOptions: Sendable {
    /// Whether every value stands on a line of its own, indented by two spaces.
    public var isPrettyPrinted = true

    /// Whether the keys of types and dictionaries are written in alphabetical order.
    ///
    /// Without it a dictionary's order differs from run to run, and with it the bytes, so that a save that changes
    /// nothing is written all the same. The objects of a ``JSONValue`` keep their own order in either case.
    public var sortsKeys = true

    /// Whether `/` is written as `\/`, for text that goes into an HTML page.
    public var escapesSlashes = false

    /// Whether the file ends with a line break, as text files do.
    public var endsWithLineBreak = true

    /// How dates are written and read.
    public var dates: DateStrategy = .exact

    /// How `Data` is written and read.
    public var data: DataStrategy = .base64

    /// How a type's keys are spelled in the file.
    public var keys: KeyStrategy = .asDeclared

    /// What happens to infinities and NaN, which JSON has no numbers for.
    public var nonConformingFloats: NonConformingFloatStrategy = .refuse

    /// How deep arrays and objects may nest, in both directions; at most ``highestDepth``.
    ///
    /// Foundation's coders recurse and end the process where a thread's stack is used up. The default leaves most of
    /// the smallest stack that threads usually have, 512 KB, to the coding types' own code.
    public var maximumDepth = 100 {
        didSet { maximumDepth = min(max(maximumDepth, 0), Self.highestDepth) }
    }

    /// The highest ``maximumDepth``: Foundation's decoder refuses what nests deeper.
    public static let highestDepth = 500

    /// Creates the default options.
    public init() {}

    /// How dates are written and read.
    public enum DateStrategy: Sendable {
        /// As ISO 8601 text in UTC with as many digits as tell the date from its neighbours, such as
        /// `2025-12-20T11:33:49.092105Z`.
        ///
        /// Every `Date` comes back bit for bit. One that has no such text, because it lies outside of the years 0 to
        /// 9999 or is not a number of seconds, is written as by ``secondsSinceReferenceDate``. Both forms are read,
        /// and dates by RFC 3339 with any offset and number of decimals, save leap seconds; also with a comma for the
        /// decimal point and without the offset's colon.
        case exact
        /// As a number of seconds since the start of 2001, which is what a `Date` holds; comes back bit for bit.
        case secondsSinceReferenceDate
        /// As a number of seconds since the start of 1970; the sum may round a date's last bit.
        case secondsSince1970
        /// As a number of milliseconds since the start of 1970; rounds a date's last bits.
        case millisecondsSince1970
        /// As ISO 8601 text in whole seconds; loses the fraction.
        case iso8601
        /// As the host's own functions do.
        ///
        /// - Parameters:
        ///   - encode: Writes a date.
        ///   - decode: Reads a date.
        case custom(
            encode: @Sendable (Date, any Encoder) throws -> Void,
            decode: @Sendable (any Decoder) throws -> Date)
    }

    /// How `Data` is written and read.
    public enum DataStrategy: Sendable {
        /// As Base64 text.
        case base64
        /// As an array of numbers.
        case bytes
        /// As the host's own functions do.
        ///
        /// - Parameters:
        ///   - encode: Writes data.
        ///   - decode: Reads data.
        case custom(
            encode: @Sendable (Data, any Encoder) throws -> Void,
            decode: @Sendable (any Decoder) throws -> Data)
    }

    /// How a type's keys are spelled in the file.
    public enum KeyStrategy: Sendable {
        /// As the type's coding keys say.
        case asDeclared
        /// `lastActivity` as `last_activity`, by Foundation's rules.
        case snakeCase
        /// As the host's own functions do, given the path to the key.
        ///
        /// - Parameters:
        ///   - encode: Turns a type's key into the file's.
        ///   - decode: Turns the file's key into the type's.
        case custom(
            encode: @Sendable ([any CodingKey]) -> any CodingKey,
            decode: @Sendable ([any CodingKey]) -> any CodingKey)
    }

    /// What happens to infinities and NaN.
    public enum NonConformingFloatStrategy: Sendable {
        /// They are an error.
        case refuse
        /// They are written as these strings.
        ///
        /// - Parameters:
        ///   - infinity: Stands for positive infinity.
        ///   - negativeInfinity: Stands for negative infinity.
        ///   - notANumber: Stands for NaN.
        case strings(infinity: String = "inf", negativeInfinity: String = "-inf", notANumber: String = "nan")
    }
}
