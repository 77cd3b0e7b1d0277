import CLibCBOR
import Holdfast

/// Gathers the events of libcbor's streaming decoder as a flat list of items.
final class CBORReader {
    private(set) var items: [CBORItem] = []
    /// The content of strings that come in chunks.
    private(set) var joined: [UInt8] = []

    private let maximumDepth: Int
    private var fault: CodecError?
    private var offset = 0
    private var file = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    private var frames: [Frame] = []
    /// How many of the frames are arrays and maps.
    private var depth = 0
    private var isDone = false

    /// An item that is not complete yet.
    private struct Frame {
        enum Kind {
            case array, map, tag
            case chunks(isText: Bool, start: Int)
        }

        var kind: Kind
        var item: Int
        /// How many items it holds in all; nil until a break ends it.
        var total: Int?
        var count = 0
        var keys: Set<String> = []
    }

    init(maximumDepth: Int) {
        self.maximumDepth = maximumDepth
    }

    /// Reads a whole file; returns what is wrong with it.
    func read(_ bytes: UnsafeBufferPointer<UInt8>) -> CodecError? {
        file = bytes
        var callbacks = Self.callbacks
        while fault == nil, !isDone {
            guard let start = bytes.baseAddress, offset < bytes.count else {
                fail("the bytes end where \(frames.isEmpty ? "a value" : "more of a value") is expected")
                break
            }
            let context = Unmanaged.passUnretained(self).toOpaque()
            let result = cbor_stream_decode(start + offset, bytes.count - offset, &callbacks, context)
            switch result.status {
            case CBOR_DECODER_FINISHED: offset += result.read
            case CBOR_DECODER_NEDATA:
                fail("the value that starts here is longer than the \(bytes.count - offset) bytes left")
            default: fail("the byte 0x\(String(bytes[offset], radix: 16)) starts no value")
            }
        }
        if fault == nil, offset < bytes.count { fail("more bytes follow the value") }
        return fault
    }

    private func fail(_ reason: String) {
        if fault == nil { fault = CBORDocument.fault(reason, at: offset) }
    }

    // MARK: - Events

    /// An item that holds no others.
    private func add(_ kind: CBORItem.Kind) {
        guard admits(kind) else { return }
        items.append(CBORItem(kind: kind, offset: offset, end: items.count + 1))
        finishItem()
    }

    private func addString(_ content: UnsafeBufferPointer<UInt8>, isText: Bool) {
        if isText, String(validating: content, as: UTF8.self) == nil { return fail("text that is not UTF-8") }
        if let frame = frames.last, case .chunks(let wantsText, _) = frame.kind {
            guard wantsText == isText else { return fail("a string's chunks are of two kinds") }
            joined.append(contentsOf: content)
            return
        }
        // libcbor's pointer leads into the file.
        var start = offset
        if let first = content.baseAddress, let base = file.baseAddress { start = first - base }
        let range = start..<start + content.count
        add(isText ? .text(range, isJoined: false) : .bytes(range, isJoined: false))
    }

    private func openChunks(isText: Bool) {
        let kind: CBORItem.Kind = isText ? .text(0..<0, isJoined: true) : .bytes(0..<0, isJoined: true)
        guard admits(kind) else { return }
        frames.append(Frame(kind: .chunks(isText: isText, start: joined.count), item: items.count))
        items.append(CBORItem(kind: kind, offset: offset, end: 0))
    }

    /// An array or a map; the claim is a number of elements or of pairs.
    private func open(_ kind: Frame.Kind, _ item: CBORItem.Kind, claiming claim: Int?) {
        guard admits(item) else { return }
        guard depth < maximumDepth else { return fail("nested more than \(maximumDepth) deep, which is the limit") }
        var total = claim
        if let claim {
            // Each item takes a byte at least, so a claim can't make the reader ask for more memory than the file did.
            // Claims beyond `Int` arrive as negative numbers.
            var perClaim = 1
            if case .map = kind { perClaim = 2 }
            guard claim >= 0, claim <= (file.count - offset) / perClaim else {
                return fail("it claims more elements than bytes are left")
            }
            total = claim * perClaim
        }
        depth += 1
        frames.append(Frame(kind: kind, item: items.count, total: total))
        items.append(CBORItem(kind: item, offset: offset, end: 0))
        if total == 0 {
            closeFrame()
            finishItem()
        }
    }

    private func openTag(_ number: UInt64) {
        guard admits(.tag(number)) else { return }
        frames.append(Frame(kind: .tag, item: items.count, total: 1))
        items.append(CBORItem(kind: .tag(number), offset: offset, end: 0))
    }

    private func breakOff() {
        guard let frame = frames.last, frame.total == nil else { return fail("a break where nothing is open") }
        if case .map = frame.kind, frame.count % 2 == 1 { return fail("a map's last key has no value") }
        closeFrame()
        finishItem()
    }

    // MARK: - Structure

    /// Whether an item may stand here.
    private func admits(_ kind: CBORItem.Kind) -> Bool {
        guard fault == nil, let frame = frames.last else { return fault == nil }
        switch frame.kind {
        case .chunks:
            fail("a string's chunks hold something that is no string")
            return false
        case .map where frame.count % 2 == 0:
            switch kind {
            case .text, .unsigned, .negative: return true
            default:
                fail("a map's key that is neither text nor an integer")
                return false
            }
        case .map, .array, .tag: return true
        }
    }

    /// Counts an item that is complete in the frame around it, and that one in the next where it completes it.
    ///
    /// A loop, since tags may nest by thousands.
    private func finishItem() {
        while let last = frames.indices.last {
            if case .map = frames[last].kind, frames[last].count % 2 == 0 {
                let key = key(of: items[items.count - 1].kind)
                guard frames[last].keys.insert(key).inserted else {
                    return fail("the key \(key.debugDescription) stands twice in one map")
                }
            }
            frames[last].count += 1
            guard frames[last].total == frames[last].count else { return }
            closeFrame()
        }
        isDone = true
    }

    private func key(of kind: CBORItem.Kind) -> String {
        switch kind {
        case .unsigned(let number): String(number)
        case .negative(let number): String(-1 - Int128(number))
        case .text(let range, true): String(decoding: joined[range], as: UTF8.self)
        case .text(let range, false): String(decoding: file[range], as: UTF8.self)
        default: ""
        }
    }

    private func closeFrame() {
        let frame = frames.removeLast()
        items[frame.item].end = items.count
        switch frame.kind {
        case .array:
            items[frame.item].kind = .array(count: frame.count)
            depth -= 1
        case .map:
            items[frame.item].kind = .map(count: frame.count / 2)
            depth -= 1
        case .chunks(let isText, let start):
            let range = start..<joined.count
            items[frame.item].kind = isText ? .text(range, isJoined: true) : .bytes(range, isJoined: true)
        case .tag: break
        }
    }

    // MARK: - libcbor

    private static var callbacks: cbor_callbacks {
        cbor_callbacks(
            uint8: { CBORReader.of($0)?.add(.unsigned(UInt64($1))) },
            uint16: { CBORReader.of($0)?.add(.unsigned(UInt64($1))) },
            uint32: { CBORReader.of($0)?.add(.unsigned(UInt64($1))) },
            uint64: { CBORReader.of($0)?.add(.unsigned($1)) },
            negint64: { CBORReader.of($0)?.add(.negative($1)) },
            negint32: { CBORReader.of($0)?.add(.negative(UInt64($1))) },
            negint16: { CBORReader.of($0)?.add(.negative(UInt64($1))) },
            negint8: { CBORReader.of($0)?.add(.negative(UInt64($1))) },
            byte_string_start: { CBORReader.of($0)?.openChunks(isText: false) },
            byte_string: { CBORReader.of($0)?.addString(UnsafeBufferPointer(start: $1, count: $2), isText: false) },
            string: { CBORReader.of($0)?.addString(UnsafeBufferPointer(start: $1, count: $2), isText: true) },
            string_start: { CBORReader.of($0)?.openChunks(isText: true) },
            indef_array_start: { CBORReader.of($0)?.open(.array, .array(count: 0), claiming: nil) },
            array_start: { CBORReader.of($0)?.open(.array, .array(count: 0), claiming: $1) },
            indef_map_start: { CBORReader.of($0)?.open(.map, .map(count: 0), claiming: nil) },
            map_start: { CBORReader.of($0)?.open(.map, .map(count: 0), claiming: $1) },
            tag: { CBORReader.of($0)?.openTag($1) },
            float2: { CBORReader.of($0)?.add(.number(Double($1))) },
            float4: { CBORReader.of($0)?.add(.number(Double($1))) },
            float8: { CBORReader.of($0)?.add(.number($1)) },
            undefined: { CBORReader.of($0)?.add(.null) },
            null: { CBORReader.of($0)?.add(.null) },
            boolean: { CBORReader.of($0)?.add(.bool($1)) },
            indef_break: { CBORReader.of($0)?.breakOff() }
        )
    }

    /// The reader whose address `read` passes as the context; it outlives the call.
    private static func of(_ context: UnsafeMutableRawPointer?) -> CBORReader? {
        context.map { Unmanaged<CBORReader>.fromOpaque($0).takeUnretainedValue() }
    }
}
