public import FoundationEssentials

/// How ``YAMLEncoder`` writes.
public struct YAMLEncodingOptions: Sendable {
    /// How dates are written.
    public enum DateEncodingStrategy: Sendable {
        /// A timestamp such as `2024-05-01T12:34:56.789Z` with as many decimals as it takes to lose nothing; dates
        /// outside of the years 0 to 9999 as seconds since 2001.
        case timestamp
        /// As `Date` encodes itself: seconds since 2001.
        case deferredToDate
        /// Seconds since 1970.
        case secondsSince1970
        /// Milliseconds since 1970.
        case millisecondsSince1970
        /// A timestamp of whole seconds, as Foundation's JSON writes it; the fraction is lost.
        case iso8601
        /// What the closure writes.
        case custom(@Sendable (Date, any Encoder) throws -> Void)
    }

    /// How data are written.
    public enum DataEncodingStrategy: Sendable {
        /// Base64, as a string.
        case base64
        /// Base64 with the tag `!!binary`.
        case binary
        /// As `Data` encodes itself: a sequence of integers.
        case deferredToData
        /// What the closure writes.
        case custom(@Sendable (Data, any Encoder) throws -> Void)
    }

    /// How coding keys become keys of the text.
    public enum KeyEncodingStrategy: Sendable {
        /// As they are.
        case useDefaultKeys
        /// `camelCase` becomes `camel_case`.
        case convertToSnakeCase
        /// What the closure makes of the path that ends with the key.
        case custom(@Sendable ([any CodingKey]) -> any CodingKey)
    }

    /// How infinities and not-a-number are written.
    public enum NonConformingFloatEncodingStrategy: Sendable {
        /// `.inf`, `-.inf` and `.nan`, as in YAML.
        case yaml
        /// They are refused.
        case `throw`
        /// As these strings.
        case convertToString(positiveInfinity: String, negativeInfinity: String, nan: String)
    }

    /// How many columns each level is indented by: 2 by default, from 1 to 9.
    ///
    /// At one column the elements of a sequence need two, for the dash and a space.
    public var indent = 2
    /// How many columns a line of text should have at most; nil, the default, never folds.
    ///
    /// Longer one-line strings are folded at spaces. Multi-line strings keep their lines.
    public var width: Int?
    /// How long the line of a sequence of numbers, booleans and short strings may be to be written as `[1, 2, 3]`; nil,
    /// the default, writes each element on its own line.
    public var flowSequenceWidth: Int?
    /// Whether keys are sorted by their UTF-8 bytes; by default they stay in the order in which they are encoded.
    ///
    /// For a dictionary that is another one in each process; so ``YAMLCodec`` sorts dictionaries in any case. A set, or a dictionary
    /// whose keys are no text, is written as a sequence, in an order that changes with each value.
    public var sortedKeys = false
    /// Whether the text starts with `---`.
    public var explicitStart = false
    /// How dates are written.
    public var dateEncodingStrategy: DateEncodingStrategy = .timestamp
    /// How data are written.
    public var dataEncodingStrategy: DataEncodingStrategy = .base64
    /// How coding keys become keys of the text.
    public var keyEncodingStrategy: KeyEncodingStrategy = .useDefaultKeys
    /// How infinities and not-a-number are written.
    public var nonConformingFloatEncodingStrategy: NonConformingFloatEncodingStrategy = .yaml
    /// How deep values may nest; the other limits concern reading only.
    public var limits = YAMLLimits()
    /// What the values find in `Encoder.userInfo`.
    public var userInfo: [CodingUserInfoKey: any Sendable] = [:]

    /// Whether dictionaries are sorted as ``sortedKeys`` says, also where other keys aren't: they have another order in each
    /// process.
    var sortsDictionaries = false

    /// Creates the default options.
    public init() {}
}
