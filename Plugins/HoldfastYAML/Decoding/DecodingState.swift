import FoundationEssentials
import Holdfast

/// What all decoders of one call share.
final class DecodingState {
    let tape: Tape
    let options: YAMLDecodingOptions
    let userInfo: [CodingUserInfoKey: Any]
    let usesDefaultKeys: Bool
    let readsTimestamps: Bool
    @exclusivity(unchecked) var stack = StackGuard()
    @exclusivity(unchecked) var knownTypes: [(identity: ObjectIdentifier, container: (any KnownContainer.Type)?)] = []

    init(_ tape: Tape, _ options: YAMLDecodingOptions) {
        self.tape = tape
        self.options = options
        userInfo = options.userInfo
        switch options.keyDecodingStrategy {
        case .useDefaultKeys: usesDefaultKeys = true
        default: usesDefaultKeys = false
        }
        switch options.dateDecodingStrategy {
        case .timestamp, .iso8601: readsTimestamps = true
        default: readsTimestamps = false
        }
    }

    /// Decodes the value of a document.
    func decodeRoot<Value: Decodable>(_ type: Value.Type, _ root: Int) throws -> Value {
        let decoder = TapeDecoder(self, node: tape.resolve(root), parent: nil, key: -1, index: -1)
        do {
            return try decoder.unbox(type, node: decoder.node, key: -2, index: -1)
        } catch let error as DecodingError {
            throw locate(error, root: root)
        }
    }

    // MARK: Errors

    func corrupted(_ error: CodecError, path: [any CodingKey] = []) -> DecodingError {
        .dataCorrupted(context(error, path))
    }

    func mismatch(_ type: Any.Type, _ error: CodecError, path: [any CodingKey] = [], isNull: Bool) -> DecodingError {
        isNull ? .valueNotFound(type, context(error, path)) : .typeMismatch(type, context(error, path))
    }

    func context(_ error: CodecError, _ path: [any CodingKey]) -> DecodingError.Context {
        DecodingError.Context(codingPath: path, debugDescription: error.description, underlyingError: error)
    }

    /// Gives an error that a value's own code has thrown a line and a column, by its coding path.
    private func locate(_ error: DecodingError, root: Int) -> DecodingError {
        func located(_ context: DecodingError.Context, _ text: String) -> DecodingError.Context {
            if context.underlyingError is CodecError { return context }
            let place = tape.position(node(at: context.codingPath, from: root))
            let error = CodecError(text, line: place.line, column: place.column, codingPath: context.codingPath)
            return self.context(error, context.codingPath)
        }
        switch error {
        case .typeMismatch(let type, let context):
            return .typeMismatch(type, located(context, "expected \(type): \(context.debugDescription)"))
        case .valueNotFound(let type, let context):
            return .valueNotFound(type, located(context, "expected \(type): \(context.debugDescription)"))
        case .keyNotFound(let key, let context):
            return .keyNotFound(key, located(context, "the key \(key.stringValue.debugDescription) is missing"))
        case .dataCorrupted(let context):
            return .dataCorrupted(located(context, context.debugDescription))
        @unknown default: return error
        }
    }

    /// Finds the node that a coding path leads to, or the last one on the way to it.
    private func node(at path: [any CodingKey], from root: Int) -> Int {
        var node = root
        for (depth, key) in path.enumerated() {
            guard let child = child(of: tape.resolve(node), key, below: Array(path[..<depth])) else { break }
            node = child
        }
        return node
    }

    private func child(of container: Int, _ key: any CodingKey, below path: [any CodingKey]) -> Int? {
        var index = container + 1
        let end = tape.next(after: container)
        switch tape.nodes[container].kind {
        case .sequence:
            guard var left = key.intValue, left >= 0 else { return nil }
            while left > 0, index < end {
                index = tape.next(after: index)
                left -= 1
            }
            return index < end ? index : nil
        case .mapping:
            // The keys of a dictionary are not renamed, so just this name comes first.
            var renamed: Int?
            while index < end {
                let candidate = tape.nodes[tape.resolve(index)]
                let value = tape.next(after: index)
                if candidate.kind == .scalar {
                    let name = tape.string(candidate)
                    if name.utf8.elementsEqual(key.stringValue.utf8) { return value }
                    if renamed == nil, rename(name, below: path) == key.stringValue { renamed = value }
                }
                index = tape.next(after: value)
            }
            return renamed
        default: return nil
        }
    }

    /// What values call a key of the text, in the mapping that a path leads to.
    func rename(_ name: String, below path: @autoclosure () -> [any CodingKey]) -> String {
        switch options.keyDecodingStrategy {
        case .useDefaultKeys: name
        case .convertFromSnakeCase: KeyCase.fromSnake(name)
        case .custom(let convert): convert(path() + [PathKey(name)]).stringValue
        }
    }
}
