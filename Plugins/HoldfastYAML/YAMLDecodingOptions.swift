public import FoundationEssentials

/// How ``YAMLDecoder`` reads.
public struct YAMLDecodingOptions: Sendable {
    /// How dates are written.
    public enum DateDecodingStrategy: Sendable {
        /// A timestamp such as `2024-05-01T12:34:56.789Z`, or seconds since 2001 as a number; loses nothing.
        case timestamp
        /// As `Date` decodes itself: seconds since 2001.
        case deferredToDate
        /// Seconds since 1970.
        case secondsSince1970
        /// Milliseconds since 1970.
        case millisecondsSince1970
        /// A timestamp, as with `timestamp`.
        case iso8601
        /// What the closure makes of it.
        case custom(@Sendable (any Decoder) throws -> Date)
    }

    /// How data are written.
    public enum DataDecodingStrategy: Sendable {
        /// Base64, with or without the tag `!!binary`.
        case base64
        /// As `Data` decodes itself: a sequence of integers.
        case deferredToData
        /// What the closure makes of it.
        case custom(@Sendable (any Decoder) throws -> Data)
    }

    /// How keys of the text become coding keys.
    public enum KeyDecodingStrategy: Sendable {
        /// As they are.
        case useDefaultKeys
        /// `snake_case` becomes `snakeCase`.
        case convertFromSnakeCase
        /// What the closure makes of the path that ends with the key.
        case custom(@Sendable ([any CodingKey]) -> any CodingKey)
    }

    /// How infinities and not-a-number are written.
    public enum NonConformingFloatDecodingStrategy: Sendable {
        /// `.inf`, `-.inf` and `.nan`, as in YAML.
        case yaml
        /// They are refused.
        case `throw`
        /// As these strings; YAML's own spelling is understood too.
        case convertFromString(positiveInfinity: String, negativeInfinity: String, nan: String)
    }

    /// What happens to tags other than those of YAML's core schema and `!!binary`.
    public enum UnknownTags: Sendable {
        /// They are an error that names the tag.
        case refuse
        /// The node is read as though it had none; a quoted scalar is a string.
        case ignore
    }

    /// Which plain scalars are null, booleans and numbers.
    public var schema: YAMLSchema = .core
    /// Whether the plain key `<<` brings in the entries of the mappings that it names, as in YAML 1.1.
    public var mergeKeys = false
    /// What happens to tags that are not known.
    public var unknownTags: UnknownTags = .refuse
    /// Whether a plain number or boolean is taken where a `String` is expected, as it is written.
    ///
    /// It is off by default, so that values which try several types one after the other come back as they were.
    public var plainScalarsAsStrings = false
    /// How dates are written.
    public var dateDecodingStrategy: DateDecodingStrategy = .timestamp
    /// How data are written.
    public var dataDecodingStrategy: DataDecodingStrategy = .base64
    /// How keys of the text become coding keys.
    public var keyDecodingStrategy: KeyDecodingStrategy = .useDefaultKeys
    /// How infinities and not-a-number are written.
    public var nonConformingFloatDecodingStrategy: NonConformingFloatDecodingStrategy = .yaml
    /// What a text may demand at most.
    public var limits = YAMLLimits()
    /// What the values find in `Decoder.userInfo`.
    public var userInfo: [CodingUserInfoKey: any Sendable] = [:]

    /// Whether a text of no character is an error: a file cut down to nothing by a crash is not null.
    var refusesEmptyText = false

    /// Creates the default options.
    public init() {}

    var rules: TapeBuilder.Rules {
        var rules = TapeBuilder.Rules(limits: limits, schema: schema, mergeKeys: mergeKeys)
        if case .ignore = unknownTags { rules.refusesUnknownTags = false }
        return rules
    }
}
