package import FoundationEssentials
package import Holdfast

/// JSON through Foundation's coders, in the bounds and with the strictness that files need.
package struct JSONCoder: Sendable {
    private let options: JSONOptions
    private let maximumDepth: Int

    /// Creates a coder.
    ///
    /// - Parameters:
    ///   - options: How it writes and reads.
    ///   - enclosingLevels: How many levels of the text are the codec's own, and come on top of the limit.
    package init(options: JSONOptions, enclosingLevels: Int = 0) {
        self.options = options
        maximumDepth = options.maximumDepth + enclosingLevels
    }

    package func encode<Value: Encodable>(
        _ value: Value, userInfo: [CodingUserInfoKey: any Sendable]
    ) throws -> Data {
        if let exact = value as? any ExactJSONConvertible {
            var writer = JSONWriter(options: options, maximumDepth: maximumDepth)
            try writer.write(exact.exactJSON)
            if options.endsWithLineBreak { writer.breakLastLine() }
            return Data(writer.bytes)
        }
        try EncodingDepth.check(
            value, limit: maximumDepth, opensData: options.writesDataAsArray, userInfo: userInfo)
        do {
            var bytes = try options.encoder(userInfo: userInfo).encode(value)
            if options.endsWithLineBreak { bytes.append(UInt8(ascii: "\n")) }
            return bytes
        } catch let error as EncodingError {
            throw CodecError(error)
        }
    }

    package func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: Data, userInfo: [CodingUserInfoKey: any Sendable]
    ) throws -> Value {
        if let exact = type as? any ExactJSONConvertible.Type {
            try validate(bytes)
            let value = bytes.withBytes { bytes in
                var parser = JSONParser(scanned: bytes)
                return parser.value()
            }
            do throws(ExactJSONMismatch) {
                if let value = try exact.init(exact: value, at: []) as? Value { return value }
            } catch {
                throw CodecError("expected \(error.expected), found \(error.found.kind)", at: error.path, in: bytes)
            }
        }
        let scan = try ConcurrentScan(bytes, maximumDepth: maximumDepth)
        do {
            return try options.decoder(of: scan.mayHaveWideNumbers ? bytes : nil, userInfo: userInfo)
                .decode(Scanned<Value>.self, from: bytes, configuration: scan).value
        } catch {
            try scan.finish()
            guard let error = error as? DecodingError else { throw error }
            if error.isUnfitNumber, let number = unfitNumber(in: bytes, type, userInfo: userInfo) {
                throw CodecError(unfit: number, in: bytes)
            }
            throw CodecError(error, in: bytes, options.keys)
        }
    }

    /// Finds a number that does not fit its type, of which Foundation says no more than that there is one.
    ///
    /// Where the first so many numbers are replaced by 0, which fits all types, it does not say so any more: how many, a
    /// binary search tells.
    private func unfitNumber<Value: Decodable>(
        in bytes: Data, _ type: Value.Type, userInfo: [CodingUserInfoKey: any Sendable]
    ) -> Range<Int>? {
        let numbers = bytes.withBytes { bytes in
            var locator = JSONLocator(scanned: bytes)
            return locator.numbers()
        }
        func isUnfit(replacing count: Int) -> Bool {
            var text = bytes
            text.withUnsafeMutableBytes { (text: UnsafeMutableRawBufferPointer) in
                for number in numbers[..<count] {
                    for place in number { text[place] = UInt8(ascii: place == number.lowerBound ? "0" : " ") }
                }
            }
            do {
                _ = try options.decoder(of: text, userInfo: userInfo).decode(type, from: text)
                return false
            } catch {
                return (error as? DecodingError)?.isUnfitNumber ?? false
            }
        }
        var fewer = 0
        var enough = numbers.count
        if isUnfit(replacing: enough) { return nil }
        while enough - fewer > 1 {
            let middle = fewer + (enough - fewer) / 2
            if isUnfit(replacing: middle) { fewer = middle } else { enough = middle }
        }
        return enough > 0 ? numbers[enough - 1] : nil
    }

    package func validate(_ bytes: Data) throws(CodecError) {
        try JSONScanner.check(bytes, maximumDepth: maximumDepth)
    }

    /// Checks that each line of a text is JSON; returns where the lines are, without their line breaks.
    @discardableResult
    package func validateLines(_ bytes: Data) throws(CodecError) -> [Range<Int>] {
        try bytes.withBytes { bytes throws(CodecError) in
            var lines: [Range<Int>] = []
            var start = 0
            while start < bytes.count {
                var end = start
                while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
                let line = UnsafeBufferPointer(rebasing: bytes[start..<end])
                do throws(JSONFault) {
                    var scanner = JSONScanner(line, maximumDepth: maximumDepth)
                    try scanner.scan()
                } catch {
                    var fault = error.codecError(in: line)
                    fault.line = lines.count + 1
                    throw fault
                }
                lines.append(start..<end)
                start = end + 1
            }
            return lines
        }
    }

    /// Finds the elements of an array in text that this coder has written; nil where it is no array.
    package static func elements(in array: Data) -> [Range<Int>]? {
        array.withBytes { bytes in
            var locator = JSONLocator(scanned: bytes)
            return locator.elements()
        }
    }
}

extension JSONScanner {
    /// Scans a whole text.
    ///
    /// - Returns: Whether it has wide numbers.
    @discardableResult
    static func check(
        _ bytes: Data, maximumDepth: Int, comparing keyComparison: KeyComparison = .bytes
    ) throws(CodecError) -> Bool {
        try bytes.withBytes { bytes throws(CodecError) in
            do throws(JSONFault) {
                var scanner = JSONScanner(bytes, maximumDepth: maximumDepth, comparing: keyComparison)
                try scanner.scan()
                return scanner.hasWideNumbers
            } catch {
                throw error.codecError(in: bytes)
            }
        }
    }
}

/// A value that is made of a text only when its scan has found nothing: before that, none of the value's own code runs.
private struct Scanned<Value: Decodable>: DecodableWithConfiguration {
    let value: Value

    init(from decoder: any Decoder, configuration scan: ConcurrentScan) throws {
        try scan.finish()
        value = try decoder.singleValueContainer().decode(Value.self)
    }
}

extension Data {
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let result = withUnsafeBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                Swift.Result { () throws(Failure) in try body(bytes) }
            }
        }
        return try result.get()
    }
}

extension DecodingError {
    /// Whether a number does not fit its type: so Foundation says it, of text that is JSON, as the scan has found.
    fileprivate var isUnfitNumber: Bool {
        guard case .dataCorrupted(let context) = self else { return false }
        return context.debugDescription == "The given data was not valid JSON."
    }
}

extension CodecError {
    fileprivate init(_ error: EncodingError) {
        switch error {
        case .invalidValue(_, let context):
            self.init(Self.reason(context.debugDescription), codingPath: context.codingPath)
        @unknown default:
            self.init("\(error)")
        }
    }

    fileprivate init(_ error: DecodingError, in bytes: Data, _ keys: JSONOptions.KeyStrategy) {
        switch error {
        case .typeMismatch(_, let context), .dataCorrupted(let context):
            self.init(Self.reason(context.debugDescription), at: context.codingPath, in: bytes, keys)
        case .keyNotFound(let key, let context):
            self.init("the key \(key.stringValue.debugDescription) is missing", at: context.codingPath, in: bytes, keys)
        case .valueNotFound(let type, let context):
            self.init("expected \(type), found null or no value", at: context.codingPath, in: bytes, keys)
        @unknown default:
            self.init("\(error)")
        }
    }

    fileprivate init(unfit number: Range<Int>, in bytes: Data) {
        let reason = "does not fit the type that it is read as: a fraction for an integer, or out of range"
        self = bytes.withBytes { bytes in
            var locator = JSONLocator(scanned: bytes)
            let place = TextPlace(of: number.lowerBound, in: bytes)
            let text = String(decoding: bytes[number], as: UTF8.self)
            return CodecError(
                "the number \(text) \(reason)", line: place.line, column: place.column,
                codingPath: locator.path(to: number.lowerBound))
        }
    }

    fileprivate init(
        _ reason: String, at path: [any CodingKey], in bytes: Data, _ keys: JSONOptions.KeyStrategy = .asDeclared
    ) {
        let place = bytes.withBytes { bytes in
            var locator = JSONLocator(scanned: bytes, keys: keys)
            return locator.offset(of: path).map { TextPlace(of: $0, in: bytes) }
        }
        self.init(reason, line: place?.line, column: place?.column, codingPath: path)
    }

    /// Foundation's sentence as a clause.
    private static func reason(_ sentence: String) -> String {
        let clause = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
        return clause.prefix(1).lowercased() + clause.dropFirst()
    }
}
