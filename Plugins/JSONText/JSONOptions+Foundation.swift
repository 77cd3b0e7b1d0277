internal import FoundationEssentials

// Foundation's coders are classes that keep their settings in variables; a new pair for each call is what makes a codec
// safe to call from several threads at once. Making one costs about as much as coding one number.
extension JSONOptions {
    /// Whether Foundation writes `Data` as an array of numbers.
    var writesDataAsArray: Bool {
        if case .bytes = data { true } else { false }
    }

    func encoder(userInfo: [CodingUserInfoKey: any Sendable]) -> JSONEncoder {
        let encoder = JSONEncoder()
        if isPrettyPrinted { encoder.outputFormatting.insert(.prettyPrinted) }
        if sortsKeys { encoder.outputFormatting.insert(.sortedKeys) }
        if !escapesSlashes { encoder.outputFormatting.insert(.withoutEscapingSlashes) }
        switch dates {
        case .exact: encoder.dateEncodingStrategy = .custom(ExactDate.encode)
        case .secondsSinceReferenceDate: encoder.dateEncodingStrategy = .deferredToDate
        case .secondsSince1970: encoder.dateEncodingStrategy = .secondsSince1970
        case .millisecondsSince1970: encoder.dateEncodingStrategy = .millisecondsSince1970
        case .iso8601: encoder.dateEncodingStrategy = .iso8601
        case .custom(let encode, _): encoder.dateEncodingStrategy = .custom(encode)
        }
        switch data {
        case .base64: encoder.dataEncodingStrategy = .base64
        case .bytes: encoder.dataEncodingStrategy = .deferredToData
        case .custom(let encode, _): encoder.dataEncodingStrategy = .custom(encode)
        }
        switch keys {
        case .asDeclared: break
        case .snakeCase: encoder.keyEncodingStrategy = .convertToSnakeCase
        case .custom(let encode, _): encoder.keyEncodingStrategy = .custom(encode)
        }
        if case .strings(let infinity, let negativeInfinity, let notANumber) = nonConformingFloats {
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: infinity, negativeInfinity: negativeInfinity, nan: notANumber)
        }
        for (key, value) in userInfo { encoder.userInfo[key] = value }
        if changesKeys, let key = Self.changesKeys { encoder.userInfo[key] = true }
        return encoder
    }

    /// Makes a decoder of a text, which is nil where no number of it is wide.
    func decoder(of text: Data?, userInfo: [CodingUserInfoKey: any Sendable]) -> JSONDecoder {
        let decoder = JSONDecoder()
        switch dates {
        case .exact: decoder.dateDecodingStrategy = .custom(ExactDate.decode)
        case .secondsSinceReferenceDate: decoder.dateDecodingStrategy = .deferredToDate
        case .secondsSince1970: decoder.dateDecodingStrategy = .secondsSince1970
        case .millisecondsSince1970: decoder.dateDecodingStrategy = .millisecondsSince1970
        case .iso8601: decoder.dateDecodingStrategy = .iso8601
        case .custom(_, let decode): decoder.dateDecodingStrategy = .custom(decode)
        }
        switch data {
        case .base64: decoder.dataDecodingStrategy = .base64
        case .bytes: decoder.dataDecodingStrategy = .deferredToData
        case .custom(_, let decode): decoder.dataDecodingStrategy = .custom(decode)
        }
        switch keys {
        case .asDeclared: break
        case .snakeCase: decoder.keyDecodingStrategy = .convertFromSnakeCase
        case .custom(_, let decode): decoder.keyDecodingStrategy = .custom(decode)
        }
        if case .strings(let infinity, let negativeInfinity, let notANumber) = nonConformingFloats {
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: infinity, negativeInfinity: negativeInfinity, nan: notANumber)
        }
        for (key, value) in userInfo { decoder.userInfo[key] = value }
        if changesKeys, let key = Self.changesKeys { decoder.userInfo[key] = true }
        if let text, let key = RoundedNumbers.key { decoder.userInfo[key] = RoundedNumbers(in: text) }
        return decoder
    }

    private var changesKeys: Bool { if case .asDeclared = keys { false } else { true } }

    private static let changesKeys = CodingUserInfoKey(rawValue: "JSONOptions.changesKeys")

    /// Whether Foundation's coder, of which this is the user info, changes the keys of keyed containers.
    static func changesKeys(_ userInfo: [CodingUserInfoKey: Any]) -> Bool {
        changesKeys.map { userInfo[$0] != nil } ?? false
    }
}
