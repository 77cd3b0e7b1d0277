public import FoundationEssentials

/// Any failure of Holdfast: what, where, why, and what to do.
///
/// Its ``description`` is one line for a person. ``detailedDescription`` is a tree for a log.
public struct HoldfastError: LocalizedError, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public struct Code: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
        private enum Name: String {
            case invalidName, filenameOverlap, unmanagedFilename, notFound, storeRemoved, alreadyExists, unexpectedEntry
            case encodingFailed, decodingFailed, invalidContent, lockTimeout, cannotCarry, conflict
            case ioFailed, flushFailed, durabilityUnknown
        }
        private let name: Name

        private init(name: Name) { self.name = name }

        /// The code by its name; nil where there is none of that name.
        ///
        /// - Parameter rawValue: The name, such as `notFound`.
        public init?(rawValue: String) {
            guard let name = Name(rawValue: rawValue) else { return nil }
            self.name = name
        }

        /// The code's name.
        public var rawValue: String { name.rawValue }

        /// A document's or a file's name can't be used, or not here: twice in a batch, or behind a snapshot of other files.
        public static let invalidName = Code(name: .invalidName)
        /// Two codecs claim the same filename.
        public static let filenameOverlap = Code(name: .filenameOverlap)
        /// No registered codec claims the filename that a managed file was asked for by.
        public static let unmanagedFilename = Code(name: .unmanagedFilename)
        /// There is no such store, document or file.
        public static let notFound = Code(name: .notFound)
        /// The store's directory was removed while the store was open.
        public static let storeRemoved = Code(name: .storeRemoved)
        /// There is already a document or file of that name.
        public static let alreadyExists = Code(name: .alreadyExists)
        /// Something stands in the way: a symbolic link, or a file where a directory should be.
        public static let unexpectedEntry = Code(name: .unexpectedEntry)
        /// A codec could not encode a value.
        public static let encodingFailed = Code(name: .encodingFailed)
        /// A codec could not decode a file to the type asked for.
        public static let decodingFailed = Code(name: .decodingFailed)
        /// A file is not well-formed in its format.
        public static let invalidContent = Code(name: .invalidContent)
        /// Another writer, or a reader that had to wait for one, held a lock for longer than the options allow.
        public static let lockTimeout = Code(name: .lockTimeout)
        /// An unmanaged entry can't be carried into the next generation, or copied into the document, so nothing was saved.
        public static let cannotCarry = Code(name: .cannotCarry)
        /// The document changed in a way that the operation can't go on from.
        public static let conflict = Code(name: .conflict)
        /// A system call failed, or folders nest too deep; nothing was saved.
        public static let ioFailed = Code(name: .ioFailed)
        /// A flush failed, and nothing was saved.
        ///
        /// It is not tried again: the kernel may have dropped the pages. The names that it was to make durable are taken
        /// back; where the flush behind that fails too, the message says that a power loss may bring the change again,
        /// whole.
        public static let flushFailed = Code(name: .flushFailed)
        /// Nobody knows yet what a power loss, or the next recovery, makes of the save; it will be whole, or not there.
        ///
        /// Mostly it is in place, and its last flush failed. Of one that gives the document another name it may also be that
        /// it was stopped between its two renames, and could not be taken back: neither name is there until the next
        /// recovery, by an update of the document or where the store is opened, goes on or back.
        public static let durabilityUnknown = Code(name: .durabilityUnknown)

        /// The code's name.
        public var description: String { name.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong, without the place and the remedy.
    public var message: String
    /// The document's name, where one is concerned.
    public var document: String?
    /// The file's name or path in the document, where one is concerned; where ``document`` is nil, the path of the store or
    /// of an ``AtomicFile``.
    public var file: String?
    /// The system call or step that failed, such as `renameat2`.
    public var operation: String?
    /// The error number of the system call, where one failed.
    public var errno: Int32?
    /// What a person can do about it.
    public var remedy: String?
    /// The error of a codec, or whatever else lies beneath.
    public var underlying: (any Error)?

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: What is wrong, without the place and the remedy.
    ///   - document: The document's name.
    ///   - file: The file's name in the document.
    ///   - operation: The system call or step that failed.
    ///   - errno: The error number of the system call.
    ///   - remedy: What a person can do about it.
    ///   - underlying: The error beneath.
    public init(
        _ code: Code, _ message: String, document: String? = nil, file: String? = nil, operation: String? = nil,
        errno: Int32? = nil, remedy: String? = nil, underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.document = document
        self.file = file
        self.operation = operation
        self.errno = errno
        self.remedy = remedy
        self.underlying = underlying
    }

    /// One line: where, what, why, and what to do.
    public var description: String {
        var text = ""
        switch (document, file) {
        case (let document?, let file?): text = "\(document)/\(file): "
        case (let document?, nil): text = "\(document): "
        case (nil, let file?): text = "\(file): "
        case (nil, nil): break
        }
        text += message
        if let underlying { text += ": \(Self.describe(underlying))" }
        if let errno { text += " (\(operation.map { "\($0): " } ?? "")\(Errno(rawValue: errno)))" }
        if let remedy { text += "; \(remedy)" }
        // One line, whatever names and codecs bring along.
        return String(text.map { $0.isNewline ? " " : $0 })
    }

    /// What `localizedDescription` shows: the ``description``.
    public var errorDescription: String? { description }

    /// All that is known, one fact a line.
    public var detailedDescription: String {
        var lines = ["HoldfastError \(code)", "├ message: \(message)"]
        if let document { lines.append("├ document: \(document)") }
        if let file { lines.append("├ file: \(file)") }
        if let operation { lines.append("├ operation: \(operation)") }
        if let errno { lines.append("├ errno: \(errno) \(Errno(rawValue: errno))") }
        if let underlying { lines.append("├ underlying: \(Self.describe(underlying))") }
        lines.append("└ remedy: \(remedy ?? "none")")
        return lines.joined(separator: "\n")
    }

    /// Codable's errors say little by themselves: the coding path and the text are inside the context.
    private static func describe(_ error: any Error) -> String {
        func at(_ context: [any CodingKey], _ text: String) -> String {
            CodecError(text, codingPath: context).description
        }
        switch error {
        case let DecodingError.typeMismatch(type, context):
            return at(context.codingPath, "expected \(type): \(context.debugDescription)")
        case let DecodingError.valueNotFound(type, context):
            return at(context.codingPath, "expected \(type): \(context.debugDescription)")
        case let DecodingError.keyNotFound(key, context):
            return at(context.codingPath, "the key `\(key.stringValue)` is missing")
        case let DecodingError.dataCorrupted(context): return at(context.codingPath, context.debugDescription)
        case let EncodingError.invalidValue(_, context): return at(context.codingPath, context.debugDescription)
        default: return "\(error)"
        }
    }
}
