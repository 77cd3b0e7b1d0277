import FoundationEssentials
import Holdfast

/// A decoder at one node of a tape; also the place from which coding paths are made, when one is asked for.
final class TapeDecoder: Decoder {
    let state: DecodingState
    let tape: Tape
    /// Never an alias; -1 for a node that is not there, which reads as null.
    let node: Int
    private let parent: TapeDecoder?
    /// The node of the key under which it was reached, or -1.
    private let key: Int32
    /// The index in the sequence in which it was reached, or -1.
    private let index: Int32
    /// The name of a key that is not there.
    private let missingKey: String?
    /// The type of the keys that the mapping was last asked by; a path makes them again from their names.
    @exclusivity(unchecked) private var keyType: (any CodingKey.Type)?
    /// The key index of a mapping with many keys, merge keys, or a key strategy.
    @exclusivity(unchecked) var keyIndex: KeyIndex?

    init(
        _ state: DecodingState, node: Int, parent: TapeDecoder?, key: Int, index: Int, missingKey: String? = nil
    ) {
        self.state = state
        tape = state.tape
        self.node = node
        self.parent = parent
        self.key = Int32(truncatingIfNeeded: key)
        self.index = Int32(truncatingIfNeeded: index)
        self.missingKey = missingKey
    }

    var userInfo: [CodingUserInfoKey: Any] { state.userInfo }

    var codingPath: [any CodingKey] {
        var path: [any CodingKey] = []
        var step: TapeDecoder? = self
        while let decoder = step, let parent = decoder.parent {
            path.append(decoder.lastKey(in: parent))
            step = parent
        }
        return path.reversed()
    }

    private func lastKey(in parent: TapeDecoder) -> any CodingKey {
        if index >= 0 { return PathKey(index: Int(index)) }
        return PathKey.key(missingKey ?? parent.name(ofKey: Int(key)), of: parent.keyType)
    }

    /// A key's name, as a strategy makes it where this mapping was asked by such keys.
    private func name(ofKey key: Int) -> String {
        let renamed = state.usesDefaultKeys ? nil : keyIndex?.namesByNode[key]
        return renamed ?? tape.string(tape.nodes[tape.resolve(key)])
    }

    /// The decoder of a child.
    func child(_ child: Int, key: Int, index: Int) -> TapeDecoder {
        TapeDecoder(state, node: tape.resolve(child), parent: self, key: key, index: index)
    }

    /// The decoder of a child that is not there.
    func child(missing key: String) -> TapeDecoder {
        TapeDecoder(state, node: -1, parent: self, key: -1, index: -1, missingKey: key)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard node >= 0, tape.nodes[node].kind == .mapping else {
            throw mismatch([String: Any].self, "a mapping", node)
        }
        keyType = type
        return KeyedDecodingContainer(try KeyedTapeContainer<Key>(self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard node >= 0, tape.nodes[node].kind == .sequence else { throw mismatch([Any].self, "a sequence", node) }
        return UnkeyedTapeContainer(self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    // MARK: Errors

    /// The path of this decoder's child, or of itself where `key` is -2.
    func path(key: Int, index: Int) -> [any CodingKey] {
        guard key != -2 else { return codingPath }
        return TapeDecoder(state, node: -1, parent: self, key: key, index: index).codingPath
    }

    func mismatch(_ type: Any.Type, _ expected: String, _ node: Int, key: Int = -2, index: Int = -1) -> DecodingError {
        let path = path(key: key, index: index)
        let isNull = node < 0 || isNull(node)
        var found = node < 0 ? "nothing" : tape.describe(node)
        if node >= 0, tape.nodes[node].kind == .scalar, tape.nodes[node].style == .plain, type == String.self, !isNull {
            found += " (quote it to make it a string)"
        }
        return state.mismatch(
            type, error("expected \(expected), found \(found)", node, path), path: path, isNull: isNull)
    }

    func corrupted(_ reason: String, _ node: Int, key: Int, index: Int) -> DecodingError {
        let path = path(key: key, index: index)
        return state.corrupted(error(reason, node, path), path: path)
    }

    func error(_ reason: String, _ node: Int, _ path: [any CodingKey]) -> CodecError {
        let place = tape.position(node < 0 ? max(self.node, 0) : node)
        return CodecError(reason, line: place.line, column: place.column, codingPath: path)
    }

    // MARK: Scalars

    func isNull(_ node: Int) -> Bool {
        guard node >= 0 else { return true }
        let scalar = tape.nodes[node]
        guard scalar.kind == .scalar else { return false }
        if scalar.tag == .null { return true }
        // No spelling of null is longer than four bytes.
        guard scalar.style == .plain, scalar.tag == .none, scalar.extent <= 4 else { return false }
        return tape.resolution(scalar) == .null
    }

    func unboxString(_ node: Int, key: Int, index: Int) throws -> String {
        guard node >= 0 else { throw mismatch(String.self, "a string", node, key: key, index: index) }
        let scalar = tape.nodes[node]
        guard scalar.kind == .scalar else { throw mismatch(String.self, "a string", node, key: key, index: index) }
        if scalar.style == .plain || scalar.tag != .none {
            let kind = tape.resolution(scalar)
            guard kind == .string || (state.options.plainScalarsAsStrings && scalar.tag == .none && kind != .null)
            else {
                throw mismatch(String.self, "a string", node, key: key, index: index)
            }
        }
        return tape.string(scalar)
    }

    func unboxBool(_ node: Int, key: Int, index: Int) throws -> Bool {
        if node >= 0, tape.nodes[node].kind == .scalar {
            switch tape.resolution(tape.nodes[node]) {
            case .true: return true
            case .false: return false
            default: break
            }
        }
        throw mismatch(Bool.self, "true or false", node, key: key, index: index)
    }

    func unboxInteger<Integer: FixedWidthInteger>(
        _ type: Integer.Type, _ node: Int, key: Int, index: Int
    ) throws -> Integer {
        guard node >= 0, tape.nodes[node].kind == .scalar, tape.resolution(tape.nodes[node]) == .integer else {
            throw mismatch(type, "an integer", node, key: key, index: index)
        }
        let scalar = tape.nodes[node]
        // Plain and tagged scalars, and so all numbers, stand in one piece.
        let value = NumberText.integer(tape.contiguousContent(scalar), schema: tape.schema, as: type)
        if let value { return value }
        throw corrupted(
            "the integer \(tape.excerpt(scalar)) does not fit \(type), which holds \(Integer.min) to \(Integer.max)",
            node,
            key: key, index: index)
    }

    func unboxDouble(_ node: Int, key: Int, index: Int) throws -> Double {
        try unboxFloat(Double.self, node, key: key, index: index) { bytes, kind, schema in
            NumberText.double(bytes, kind: kind, schema: schema)
        }
    }

    func unboxFloat(_ node: Int, key: Int, index: Int) throws -> Float {
        try unboxFloat(Float.self, node, key: key, index: index) { bytes, kind, schema in
            NumberText.floating(bytes, kind: kind, schema: schema)
        }
    }

    @inline(__always)
    private func unboxFloat<Number: BinaryFloatingPoint>(
        _ type: Number.Type, _ node: Int, key: Int, index: Int,
        _ read: (UnsafeBufferPointer<UInt8>, ScalarKind, YAMLSchema) -> Number?
    ) throws -> Number {
        guard node >= 0, tape.nodes[node].kind == .scalar else {
            throw mismatch(type, "a number", node, key: key, index: index)
        }
        let scalar = tape.nodes[node]
        let kind = tape.resolution(scalar)
        guard kind == .float || kind == .integer else {
            if case .convertFromString(let positive, let negative, let nan) = state.options
                .nonConformingFloatDecodingStrategy, kind == .string
            {
                switch tape.string(scalar) {
                case positive: return .infinity
                case negative: return -.infinity
                case nan: return .nan
                default: break
                }
            }
            throw mismatch(type, "a number", node, key: key, index: index)
        }
        let value = read(tape.contiguousContent(scalar), kind, tape.schema)
        guard let value else {
            throw corrupted(
                "the number \(tape.excerpt(scalar)) does not fit \(type)", node, key: key, index: index)
        }
        if !value.isFinite, case .throw = state.options.nonConformingFloatDecodingStrategy {
            throw mismatch(type, "a finite number", node, key: key, index: index)
        }
        return value
    }

    // MARK: Any value

    /// Decodes a value of any type; what the standard library would ask for in several steps, in one.
    func unbox<Value: Decodable>(_ type: Value.Type, node: Int, key: Int, index: Int) throws -> Value {
        // The bit casts are between equal types, as the comparison before each says.
        if type == String.self { return unsafeBitCast(try unboxString(node, key: key, index: index), to: type) }
        if type == Int.self { return unsafeBitCast(try unboxInteger(Int.self, node, key: key, index: index), to: type) }
        if type == Double.self { return unsafeBitCast(try unboxDouble(node, key: key, index: index), to: type) }
        if type == Bool.self { return unsafeBitCast(try unboxBool(node, key: key, index: index), to: type) }
        if type == Date.self, state.readsTimestamps {
            return unsafeBitCast(try unboxTimestamp(node, key: key, index: index), to: type)
        }
        let decoder = key == -2 ? self : TapeDecoder(state, node: node, parent: self, key: key, index: index)
        guard state.stack.hasRoom() else {
            throw corrupted("nested deeper than this thread's stack allows", node, key: key, index: index)
        }
        if type == Date.self { return unsafeBitCast(try decoder.unboxDate(), to: type) }
        if type == Data.self { return unsafeBitCast(try decoder.unboxData(), to: type) }
        if type == URL.self { return unsafeBitCast(try decoder.unboxURL(), to: type) }
        if type == Decimal.self { return unsafeBitCast(try decoder.unboxDecimal(), to: type) }
        if type == YAMLValue.self { return unsafeBitCast(try decoder.unboxValue(node), to: type) }
        if let container = state.knownContainer(type) { return try decoder.unboxKnown(container, as: type) }
        return try Value(from: decoder)
    }

    // The container is the type itself.
    private func unboxKnown<Container: KnownContainer, Value>(
        _ container: Container.Type, as type: Value.Type
    ) throws -> Value {
        unsafeBitCast(try Container.decode(self), to: type)
    }

    private func unboxDate() throws -> Date {
        switch state.options.dateDecodingStrategy {
        case .deferredToDate: return try Date(from: self)
        case .secondsSince1970:
            return Date(timeIntervalSince1970: try unboxDouble(node, key: -2, index: -1))
        case .millisecondsSince1970:
            return Date(timeIntervalSince1970: try unboxDouble(node, key: -2, index: -1) / 1000)
        case .custom(let make): return try make(self)
        case .timestamp, .iso8601: return try unboxTimestamp(node, key: -2, index: -1)
        }
    }

    private func unboxTimestamp(_ node: Int, key: Int, index: Int) throws -> Date {
        guard node >= 0, tape.nodes[node].kind == .scalar else {
            throw mismatch(Date.self, "a timestamp", node, key: key, index: index)
        }
        let scalar = tape.nodes[node]
        switch tape.resolution(scalar) {
        case .integer, .float:
            return Date(timeIntervalSinceReferenceDate: try unboxDouble(node, key: key, index: index))
        case .string:
            let seconds =
                tape.isContiguous(scalar)
                ? Timestamp.secondsSince2001(tape.contiguousContent(scalar))
                : tape.withContent(scalar) { Timestamp.secondsSince2001($0) }
            if let seconds { return Date(timeIntervalSinceReferenceDate: seconds) }
        default: break
        }
        throw mismatch(Date.self, "a timestamp such as 2024-05-01T12:34:56.789Z", node, key: key, index: index)
    }

    private func unboxData() throws -> Data {
        switch state.options.dataDecodingStrategy {
        case .deferredToData: return try Data(from: self)
        case .custom(let make): return try make(self)
        case .base64:
            guard node >= 0, tape.nodes[node].kind == .scalar, tape.resolution(tape.nodes[node]) == .string else {
                // Plain base64 text may look like a number.
                if node >= 0, tape.nodes[node].kind == .scalar, !isNull(node), tape.nodes[node].tag == .none,
                    let data = Data(base64Encoded: tape.string(tape.nodes[node]))
                {
                    return data
                }
                throw mismatch(Data.self, "base64", node)
            }
            let text = tape.withContent(tape.nodes[node]) { Data($0.filter { $0 != 0x20 && $0 != 0x0A && $0 != 0x09 }) }
            guard let data = Data(base64Encoded: text) else { throw mismatch(Data.self, "base64", node) }
            return data
        }
    }

    private func unboxURL() throws -> URL {
        let text = try unboxString(node, key: -2, index: -1)
        guard let url = URL(string: text) else { throw mismatch(URL.self, "a URL", node) }
        return url
    }

    private func unboxDecimal() throws -> Decimal {
        guard node >= 0, tape.nodes[node].kind == .scalar else { throw mismatch(Decimal.self, "a number", node) }
        let scalar = tape.nodes[node]
        let kind = tape.resolution(scalar)
        guard kind == .integer || kind == .float else { throw mismatch(Decimal.self, "a number", node) }
        let text = tape.string(scalar)
        if kind == .float, text.utf8.last.map({ $0 | 0x20 == UInt8(ascii: "n") }) == true { return .nan }
        let plain = kind == .integer ? NumberText.integerText(text, schema: tape.schema) : text.filter { $0 != "_" }
        // `Decimal` reads as much of a text as it understands, and rounds what has too many digits.
        if let plain, plain.utf8.allSatisfy({ "+-.eE0123456789".utf8.contains($0) }),
            let decimal = Decimal(string: plain), Self.digits(plain) == Self.digits("\(decimal)")
        {
            return decimal
        }
        throw corrupted("the number \(tape.excerpt(scalar)) does not fit Decimal", node, key: -2, index: -1)
    }
}

extension TapeDecoder {
    /// A number's digits from its first to its last that is not zero.
    private static func digits(_ text: String) -> ArraySlice<UInt8> {
        let digits = text.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }.filter { $0 >= UInt8(ascii: "0") }
        let zero = UInt8(ascii: "0")
        var significant = digits.drop { $0 == zero }
        while significant.last == zero { significant.removeLast() }
        return significant
    }
}

extension TapeDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { isNull(node) }
    func decode(_ type: Bool.Type) throws -> Bool { try unboxBool(node, key: -2, index: -1) }
    func decode(_ type: String.Type) throws -> String { try unboxString(node, key: -2, index: -1) }
    func decode(_ type: Double.Type) throws -> Double { try unboxDouble(node, key: -2, index: -1) }
    func decode(_ type: Float.Type) throws -> Float { try unboxFloat(node, key: -2, index: -1) }
    func decode(_ type: Int.Type) throws -> Int { try unboxInteger(type, node, key: -2, index: -1) }
    func decode(_ type: Int8.Type) throws -> Int8 { try unboxInteger(type, node, key: -2, index: -1) }
    func decode(_ type: Int16.Type) throws -> Int16 { try unboxInteger(type, node, key: -2, index: -1) }
    func decode(_ type: Int32.Type) throws -> Int32 { try unboxInteger(type, node, key: -2, index: -1) }
    func decode(_ type: Int64.Type) throws -> Int64 { try unboxInteger(type, node, key: -2, index: -1) }
    func decode(_ type: Int128.Type) throws -> Int128 { try unboxInteger(type, node, key: -2, index: -1) }
    func decode(_ type: UInt.Type) throws -> UInt { try unboxInteger(type, node, key: -2, index: -1) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try unboxInteger(type, node, key: -2, index: -1) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try unboxInteger(type, node, key: -2, index: -1) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try unboxInteger(type, node, key: -2, index: -1) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try unboxInteger(type, node, key: -2, index: -1) }
    func decode(_ type: UInt128.Type) throws -> UInt128 { try unboxInteger(type, node, key: -2, index: -1) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try unbox(type, node: node, key: -2, index: -1)
    }
}
