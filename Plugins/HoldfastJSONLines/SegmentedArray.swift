import FoundationEssentials
public import Holdfast
public import JSONText

/// An array that grows at its end, kept as numbered files of bounded size.
///
/// They are `events-000001.jsonl`, `events-000002.jsonl` and so on.
///
/// An array in one file is written whole at every save. This one is appended to by writing its last file only, or a new
/// one; the kernel carries the others over by link. So a save costs what it adds, however long the array has grown.
///
/// ```swift
/// let events = SegmentedArray<Event>("events")
/// let store = try DocumentStore.open(at: "conversations", codecs: CodecRegistry(events.codec))
/// try store.update("2024-notes") { draft in
///     try draft.append([Event(role: "user", content: "Hello")], to: events)
/// }
/// let all = try store.snapshot("2024-notes").elements(of: events)
/// ```
public struct SegmentedArray<Element: Codable>: Sendable {
    /// What the files' names start with.
    public let name: String

    /// How many bytes a file may hold, unless a single element needs more.
    ///
    /// It bounds what an append writes. Smaller files are more files, which every commit that swaps the directory links.
    public let segmentSize: Int

    /// The codec for the files, for the store's registry.
    public let codec: JSONLinesCodec

    /// Creates an array's description.
    ///
    /// - Parameters:
    ///   - name: What the files' names start with.
    ///   - segmentSize: How many bytes a file may hold, unless a single element needs more.
    ///   - options: How elements are written and read.
    public init(_ name: String, segmentSize: Int = 256 << 10, options: JSONOptions = JSONOptions()) {
        self.name = name
        self.segmentSize = segmentSize
        codec = JSONLinesCodec(filenames: [FilenamePattern("\(name)-*.jsonl")], options: options)
    }

    /// The name of a file, by its number from 1.
    func filename(_ number: Int) -> String {
        let digits = String(number)
        return "\(name)-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).jsonl"
    }

    /// A file, by its number from 1.
    ///
    /// Who reads all of them asks for one more than there are: a link in its place, or a store without the codec, is an
    /// error then, and doesn't pass for the end of the array.
    func segment(_ number: Int) -> ManagedFile<[Element]> { ManagedFile(filename(number)) }

    /// The numbers of this array's files among a document's.
    ///
    /// Of names that the pattern claims, those with a number are meant to be files of the array: one that is written otherwise
    /// would be passed over, with all that is in it.
    func numbers(among filenames: [String], of document: String) throws(HoldfastError) -> Set<Int> {
        var numbers: Set<Int> = []
        // Names are bytes: another Unicode form of one is another file.
        for filename in filenames.map(\.utf8) {
            // Another codec may manage `events-2024.yaml`.
            let suffix = ".jsonl".utf8
            guard filename.starts(with: "\(name)-".utf8), filename.suffix(suffix.count).elementsEqual(suffix) else {
                continue
            }
            let digits = Substring(filename.dropFirst(name.utf8.count + 1).dropLast(suffix.count))
            guard !digits.isEmpty, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { continue }
            guard let number = Int(digits), number > 0, self.filename(number).utf8.elementsEqual(filename) else {
                throw HoldfastError(
                    .invalidContent, "the number in this name is written otherwise than in `\(self.filename(1))`",
                    document: document, file: String(filename),
                    remedy: "write it with six digits if the file belongs to the array, or call it something else")
            }
            numbers.insert(number)
        }
        return numbers
    }

    /// Counts the files of this array among a document's.
    ///
    /// Their numbers run from 1 without a gap: a missing file would be a hole in the array that nobody sees.
    func segmentCount(among filenames: [String], of document: String) throws(HoldfastError) -> Int {
        let numbers = try numbers(among: filenames, of: document)
        guard let last = numbers.max() else { return 0 }
        guard numbers.count == last else {
            let missing = (1...last).first { !numbers.contains($0) } ?? last
            throw HoldfastError(
                .invalidContent, "the file is missing, though `\(filename(last))` is there", document: document,
                file: filename(missing), remedy: "put it back, or give those behind it the numbers before theirs")
        }
        return last
    }

    /// Refuses a file without a byte, which no save writes: what it held is lost, and would be a hole that nobody sees.
    func checkHasLines(_ bytes: Data?, _ number: Int, of document: String) throws(HoldfastError) {
        guard bytes?.isEmpty == true else { return }
        throw HoldfastError(
            .invalidContent, "the file is empty, as no save leaves it", document: document, file: filename(number),
            remedy: "put its lines back, or remove it and give those behind it the numbers before theirs")
    }
}

extension Draft {
    /// Reads a segmented array, as the draft has it now.
    ///
    /// - Parameter array: The array.
    /// - Returns: Its elements; none where there is no file of it.
    /// - Throws: ``HoldfastError`` where a file is missing between others or empty, something else stands in its place, or it can't
    ///   be read or decoded.
    public mutating func elements<Element>(of array: SegmentedArray<Element>) throws(HoldfastError) -> [Element] {
        var elements: [Element] = []
        let count = try array.segmentCount(among: managedFiles(), of: document)
        for number in 1...count + 1 {
            try array.checkHasLines(bytes(array.filename(number)), number, of: document)
            elements += try value(array.segment(number)) ?? []
        }
        return elements
    }

    /// Appends to a segmented array, by writing its last file and new ones only.
    ///
    /// - Parameters:
    ///   - elements: What comes last.
    ///   - array: The array.
    /// - Throws: ``HoldfastError`` where an element can't be encoded, a file is missing between others, or the last one is empty or
    ///   can't be read.
    public mutating func append<Element>(_ elements: [Element], to array: SegmentedArray<Element>) throws(HoldfastError)
    {
        let count = try array.segmentCount(among: managedFiles(), of: document)
        let last = count > 0 ? try bytes(array.filename(count)) : nil
        try array.checkHasLines(last, count, of: document)
        try write(elements, to: array, after: count, bytes: last)
    }

    /// Replaces a segmented array, also one of which files are missing; those whose bytes stay the same are not written
    /// again.
    ///
    /// - Parameters:
    ///   - elements: All its elements.
    ///   - array: The array.
    /// - Throws: ``HoldfastError`` where an element can't be encoded.
    public mutating func setElements<Element>(_ elements: [Element], of array: SegmentedArray<Element>)
        throws(HoldfastError)
    {
        let before = try array.numbers(among: managedFiles(), of: document)
        let after = try write(elements, to: array, after: 0, bytes: nil)
        // From the end, so that the draft gets no gap.
        for number in before.sorted(by: >) where number > after { try remove(array.filename(number)) }
    }

    /// Fills up the last file and then new ones; returns the last one's number.
    @discardableResult
    private mutating func write<Element>(
        _ elements: [Element], to array: SegmentedArray<Element>, after last: Int, bytes: Data?
    ) throws(HoldfastError) -> Int {
        // All is encoded first: where an element can't be, the draft is as before.
        let lines = try self.lines(of: elements, array.codec, array.filename(last + 1))
        var number = max(last, 1)
        var segment = bytes ?? Data()
        // A person's editor may have left out the last line break.
        if let end = segment.last, end != UInt8(ascii: "\n") { segment.append(UInt8(ascii: "\n")) }
        var isChanged = false
        for line in lines {
            if !segment.isEmpty, segment.count + line.count > array.segmentSize {
                if isChanged { try setBytes(segment, for: array.filename(number)) }
                number += 1
                segment = Data()
            }
            segment.append(line)
            isChanged = true
        }
        if isChanged { try setBytes(segment, for: array.filename(number)) }
        return isChanged ? number : last
    }

    private func lines<Element: Encodable>(
        of elements: [Element], _ codec: JSONLinesCodec, _ filename: String
    ) throws(HoldfastError) -> [Data] {
        do {
            return try codec.lines(of: elements, in: CodecContext(filename: filename, userInfo: userInfo))
        } catch {
            throw HoldfastError(
                .encodingFailed, "an element can't be encoded as \(codec.format); nothing was saved",
                document: document, file: filename, underlying: error)
        }
    }
}

extension Snapshot {
    /// Reads a segmented array.
    ///
    /// - Parameter array: The array.
    /// - Returns: Its elements; none where there is no file of it.
    /// - Throws: ``HoldfastError`` where a file is missing between others or empty, something else stands in its place, or it can't
    ///   be decoded.
    public func elements<Element>(of array: SegmentedArray<Element>) throws(HoldfastError) -> [Element] {
        var elements: [Element] = []
        let count = try array.segmentCount(among: managedFiles, of: document)
        for number in 1...count + 1 {
            try array.checkHasLines(bytes(array.filename(number)), number, of: document)
            elements += try value(array.segment(number)) ?? []
        }
        return elements
    }
}
