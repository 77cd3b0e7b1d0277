import CLibYAML
import Holdfast

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Builds a tape from libyaml's events, and refuses what the limits, the schema or the YAML rules refuse.
struct TapeBuilder: ~Copyable {
    /// What a tape is built with.
    struct Rules {
        var limits = YAMLLimits()
        var schema = YAMLSchema.core
        var mergeKeys = false
        var refusesUnknownTags = true
        /// Whether the end of each node is kept.
        var keepsEnds = false
        /// Whether the keys of the root are compared: not in a part of a text.
        var checksRootKeys = true
    }

    /// A sequence or mapping that is still open.
    private struct Frame {
        var node: Int
        var children = 0
        /// The latest key of a mapping.
        var key = 0
        /// How deep it is below: one for a container of scalars.
        var height = 1
        /// How much there was before it, in nodes, those of aliases counted each time.
        var producedBefore: Int
        var anchor: Int?
        var flags: UInt32 = 0
        /// Where its last descendant ends.
        var end: UInt32 = 0
        var isMapping: Bool
        var isFlow = false
        /// Where the entries of the nearest collection in block style stand; -1 for none.
        var blockColumn = -1
        /// Whether they may stand further right: where that collection has an anchor or a tag.
        var blockColumnIsLeast = false
    }

    /// As many bytes of a scalar count as a node.
    private static let bytesOfNode = 16

    private struct Anchor {
        var node: Int
        /// How much it stands for, in nodes.
        var produced = 1
        var height = 0
        var isComplete = false
    }

    private let source: SourceText
    private let rules: Rules
    private var cursor: CharacterCursor
    private let text: UnsafePointer<UInt8>
    private var nodes: GrowableBuffer<TapeNode>
    private var side: GrowableBuffer<UInt8>
    private var ends = GrowableBuffer<UInt32>()
    private var frames: [Frame] = []
    private var anchors: [Anchor] = []
    private var anchorNames: [String: Int] = [:]
    private var roots: [Int] = []
    private var produced = 0
    private var expanded = 0
    private var keys = KeyTable()
    /// Whether the document before ended without `...`.
    private var endIsImplicit = false
    /// Whether the latest event is a node's, which is not counted yet, or a fault of the syntax behind all that is.
    private var isEntering = false

    private init(_ source: SourceText, _ rules: Rules, empty: UnsafePointer<UInt8>) {
        self.source = source
        self.rules = rules
        cursor = CharacterCursor(source)
        text = source.bytes.baseAddress.map { $0.assumingMemoryBound(to: UInt8.self) } ?? empty
        nodes = GrowableBuffer(capacity: min(source.bytes.count / 24 + 16, 1 << 20))
        side = GrowableBuffer(capacity: 16)
    }

    /// Parses a text.
    ///
    /// - Parameters:
    ///   - source: The text.
    ///   - rules: What is allowed, and how scalars are to be understood.
    /// - Returns: The tape, which borrows the source's bytes.
    /// - Throws: A `CodecError` that says where the first fault is.
    static func tape(of source: SourceText, _ rules: Rules) throws -> Tape {
        guard source.bytes.count <= min(rules.limits.bytes, 1 << 30) else {
            throw CodecError(
                "the text has \(source.bytes.count) bytes, but at most \(min(rules.limits.bytes, 1 << 30)) are allowed",
                line: 1,
                column: 1)
        }
        try DirectiveCheck.check(source)
        if !rules.keepsEnds, let parts = TextParts(of: source.bytes), let tape = tape(of: source, in: parts, rules) {
            return tape
        }
        return try build(source, rules) { try $0.run() }
    }

    /// Parses a text in parts, on all cores.
    ///
    /// - Returns: The tape that ``tape(of:_:)`` would make; nil where it would find a fault, and where a cut is none.
    static func tape(of source: SourceText, in parts: TextParts, _ rules: Rules) -> Tape? {
        var partial = rules
        partial.checksRootKeys = false
        // Nobody changes it while its parts are read.
        nonisolated(unsafe) let text = source
        let tapes = parts.tapes { [partial] part in
            do {
                return try build(SourceText(part: part, of: text), partial) { builder in
                    let tape = try builder.run()
                    // What begins as an entry is one, unless it is a scalar.
                    guard tape.roots == [0], tape.nodes[0].style == .block,
                        builder.endIsImplicit || part.upperBound == text.bytes.count
                    else { return nil }
                    return tape
                }
            } catch {
                return nil
            }
        }
        guard let tapes else { return nil }
        do {
            return try build(source, rules) { try $0.join(tapes, at: parts.ranges.map(\.lowerBound)) }
        } catch {
            return nil
        }
    }

    private static func build<Result>(
        _ source: SourceText, _ rules: Rules, _ body: (inout TapeBuilder) throws -> Result
    ) throws -> Result {
        let empty: [UInt8] = [0]
        return try empty.withUnsafeBufferPointer { empty in
            guard let base = empty.baseAddress else { throw CodecError("out of memory") }
            var builder = TapeBuilder(source, rules, empty: base)
            return try body(&builder)
        }
    }

    /// Makes one tape of those of a text's parts: one root, with the entries of all.
    private mutating func join(_ tapes: [Tape], at starts: [Int]) throws -> Tape {
        roots = [0]
        nodes.append(tapes[0].nodes[0])
        for (tape, start) in zip(tapes, starts) {
            let root = tape.nodes[0]
            if start > 0 {
                nodes[0].payload += root.payload
                nodes[0].bits |= root.bits & (TapeNode.hasMergeKey | TapeNode.hasComplexKey)
            }
            guard side.count + tape.side.count < Int(UInt32.max) else {
                throw error("the text is too large", at: start)
            }
            // What is counted from a part's beginning is counted from the text's now.
            let text = UInt32(truncatingIfNeeded: start)
            let shift = UInt32(truncatingIfNeeded: nodes.count - 1)
            let copied = UInt32(truncatingIfNeeded: side.count)
            nodes.reserve(tape.count - 1)
            for index in 1..<max(tape.count, 1) {
                var node = tape.nodes[index]
                node.start += text
                switch node.kind {
                case .scalar: node.payload += node.has(TapeNode.inSideBuffer) ? copied : text
                case .sequence, .mapping: node.extent += shift
                case .alias:
                    node.extent += shift
                    node.payload += shift
                }
                nodes.append(node)
            }
            side.append(contentsOf: UnsafeBufferPointer(start: tape.side.base, count: tape.side.count))
        }
        nodes[0].extent = UInt32(truncatingIfNeeded: nodes.count)
        if nodes[0].kind == .mapping {
            var root = Frame(node: 0, producedBefore: 0, isMapping: true)
            root.children = Int(nodes[0].payload)
            frames.append(root)
            try checkKeys(root)
        }
        return finish()
    }

    private mutating func run() throws -> Tape {
        let parser = try LibYAMLParser(source.bytes)
        let event = UnsafeMutablePointer<yaml_event_t>.allocate(capacity: 1)
        defer { event.deallocate() }
        while true {
            guard parser.next(event) else { throw syntaxError(parser.fault()) }
            let type = event.pointee.type
            isEntering = type != YAML_MAPPING_END_EVENT && type != YAML_SEQUENCE_END_EVENT
            if type == YAML_SCALAR_EVENT {
                defer { Self.deleteScalar(event) }
                try scalar(&event.pointee)
                continue
            }
            // The end of a collection owns nothing.
            if type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT {
                try close(&event.pointee)
                continue
            }
            defer { yaml_event_delete(event) }
            switch type {
            case YAML_MAPPING_START_EVENT: try open(&event.pointee, isMapping: true)
            case YAML_SEQUENCE_START_EVENT: try open(&event.pointee, isMapping: false)
            case YAML_ALIAS_EVENT: try alias(&event.pointee)
            case YAML_DOCUMENT_START_EVENT:
                try startDocument(&event.pointee)
                // An anchor belongs to its document (section 3.2.2.2).
                anchors.removeAll(keepingCapacity: true)
                anchorNames.removeAll(keepingCapacity: true)
                roots.append(nodes.count)
            case YAML_DOCUMENT_END_EVENT: endIsImplicit = event.pointee.data.document_end.implicit == 1
            case YAML_STREAM_END_EVENT: return finish()
            default: break
            }
        }
    }

    /// Deletes a scalar's event; most own but their value, which libyaml takes from `malloc` (its `yaml_malloc`).
    @inline(__always)
    private static func deleteScalar(_ event: UnsafeMutablePointer<yaml_event_t>) {
        if event.pointee.data.scalar.anchor == nil, event.pointee.data.scalar.tag == nil {
            free(event.pointee.data.scalar.value)
        } else {
            yaml_event_delete(event)
        }
    }

    private mutating func finish() -> Tape {
        var kept: [UInt32] = []
        if rules.keepsEnds { kept = Array(UnsafeBufferPointer(start: ends.base, count: ends.count)) }
        return Tape(
            source: source, schema: rules.schema, mergeKeys: rules.mergeKeys, nodes: nodes.take(),
            side: side.take(), roots: roots, ends: kept)
    }

    // MARK: Events

    private mutating func scalar(_ event: inout yaml_event_t) throws {
        let start = cursor.offset(of: event.start_mark.index)
        let scalar = event.data.scalar
        let length = scalar.length
        guard length <= rules.limits.scalarBytes else {
            throw error(
                "this scalar has \(length) bytes, but at most \(rules.limits.scalarBytes) are allowed", at: start)
        }
        guard let value = scalar.value else { throw error("libyaml gave a scalar without a value", at: start) }
        let style: TapeNode.Style
        switch scalar.style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: style = .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: style = .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: style = .literal
        case YAML_FOLDED_SCALAR_STYLE: style = .folded
        default: style = .plain
        }
        let isInFlow = frames.last?.isFlow ?? false
        if isInFlow || style == .singleQuoted || style == .doubleQuoted {
            try checkFlowScalar(&event, style, start, isInFlow: isInFlow)
        } else if length == 0, style == .literal || style == .folded {
            try checkEmptyBlock(at: start)
        }
        try enter(anchor: scalar.anchor, at: start, node: nodes.count)
        // A long text takes as much memory as many nodes, each time it is decoded.
        let weight = length / Self.bytesOfNode
        produced += weight
        if scalar.anchor != nil {
            anchors[anchors.count - 1].produced += weight
            anchors[anchors.count - 1].isComplete = true
        }
        var tag = TapeNode.Tag.none
        if let name = scalar.tag { tag = try scalarTag(name, value, length, style, at: start) }

        // Most content stands in the text as it is, which a comparison proves; the rest is copied.
        let content = UnsafeBufferPointer(start: value, count: length)
        let node: TapeNode
        let hasProperties = scalar.anchor != nil || scalar.tag != nil
        let inner = start + (style == .singleQuoted || style == .doubleQuoted ? 1 : 0)
        let followsQuestionMark = isInFlow && length > 0 && start > 0 && text[start - 1] == UInt8(ascii: "?")
        if length == 0 {
            node = TapeNode(
                start: start, extent: 0, kind: .scalar, style: style, tag: tag, flags: TapeNode.inSideBuffer)
        } else if !hasProperties, style != .literal, style != .folded, inner + length <= source.bytes.count,
            memcmp(text + inner, value, length) == 0
        {
            let extra = followsQuestionMark ? try questionMark(before: start, of: style) : 0
            node = TapeNode(
                start: start - extra, payload: inner - extra, extent: length + extra, kind: .scalar, style: style,
                tag: tag)
        } else if !hasProperties, style == .literal, let place = LiteralPlace(of: content, in: source.bytes, at: start)
        {
            node = TapeNode(
                start: start, payload: place.start, extent: length, kind: .scalar, style: style, tag: tag,
                flags: TapeNode.indentedInText, number: place.indent)
        } else {
            guard side.count + length < Int(UInt32.max) else { throw error("the text is too large", at: start) }
            if followsQuestionMark { throw misplacedQuestionMark(at: start - 1) }
            node = TapeNode(
                start: start, payload: side.count, extent: length, kind: .scalar, style: style, tag: tag,
                flags: TapeNode.inSideBuffer)
            side.append(contentsOf: content)
        }
        let isMerge = rules.mergeKeys && style == .plain && length == 2 && value[0] == 0x3C && value[1] == 0x3C
        append(node, end: event.end_mark.index, isMerge: isMerge, isComplex: false, height: 0)
    }

    private mutating func open(_ event: inout yaml_event_t, isMapping: Bool) throws {
        let start = cursor.offset(of: event.start_mark.index)
        guard frames.count < rules.limits.depth else {
            throw error("nested deeper than the \(rules.limits.depth) levels that are allowed", at: start)
        }
        let anchor = isMapping ? event.data.mapping_start.anchor : event.data.sequence_start.anchor
        let tag = isMapping ? event.data.mapping_start.tag : event.data.sequence_start.tag
        let isFlow =
            isMapping
            ? event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
            : event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
        if let tag {
            let name = String(cString: tag)
            let expected = Self.tagPrefix + (isMapping ? "map" : "seq")
            if name != expected, name != "!", rules.refusesUnknownTags {
                throw unknownTag(name, of: isMapping ? "a mapping" : "a sequence", at: start)
            }
        }
        let node = nodes.count
        try enter(anchor: anchor, at: start, node: node)
        var frame = Frame(node: node, producedBefore: produced, isMapping: isMapping)
        frame.anchor = anchor == nil ? nil : anchors.count - 1
        frame.isFlow = isFlow
        frame.blockColumn = frames.last?.blockColumn ?? -1
        frame.blockColumnIsLeast = frames.last?.blockColumnIsLeast ?? false
        if isFlow {
            if frames.last?.isFlow == true { try checkIndentation(at: start) }
        } else if anchor == nil, tag == nil {
            frame.blockColumn = event.start_mark.column
            frame.blockColumnIsLeast = false
        } else {
            // It may stand on another line than the entries.
            frame.blockColumnIsLeast = true
        }
        append(
            TapeNode(start: start, kind: isMapping ? .mapping : .sequence, style: isFlow ? .flow : .block),
            end: event.end_mark.index, isMerge: false, isComplex: true, height: 0)
        frames.append(frame)
    }

    private mutating func close(_ event: inout yaml_event_t) throws {
        guard let frame = frames.last else { throw error("libyaml closed what was not open", at: 0) }
        nodes[frame.node].payload = UInt32(truncatingIfNeeded: frame.children)
        nodes[frame.node].extent = UInt32(truncatingIfNeeded: nodes.count)
        nodes[frame.node].bits |= frame.flags
        if frame.isMapping, rules.checksRootKeys || frames.count > 1 { try checkKeys(frame) }
        frames.removeLast()
        if frame.isFlow {
            try checkComment(after: cursor.offset(of: event.end_mark.index), isInFlow: frames.last?.isFlow ?? false)
        }
        if let anchor = frame.anchor {
            anchors[anchor].isComplete = true
            anchors[anchor].height = frame.height
            anchors[anchor].produced = produced - frame.producedBefore
        }
        if !frames.isEmpty {
            frames[frames.count - 1].height = max(frames[frames.count - 1].height, frame.height + 1)
        }
        if rules.keepsEnds {
            // A block ends with its last child; its end event comes only at the next token.
            let isFlow = nodes[frame.node].style == .flow
            let end = isFlow ? UInt32(truncatingIfNeeded: cursor.offset(of: event.end_mark.index)) : frame.end
            ends[frame.node] = end
            if let parent = frames.indices.last { frames[parent].end = max(frames[parent].end, end) }
        }
    }

    private mutating func alias(_ event: inout yaml_event_t) throws {
        let start = cursor.offset(of: event.start_mark.index)
        let name = event.data.alias.anchor.map { String(cString: $0) } ?? ""
        guard let number = anchorNames[name] else {
            throw error("there is no anchor &\(name) before this alias", at: start)
        }
        let anchor = anchors[number]
        guard anchor.isComplete else {
            throw error("the alias *\(name) stands inside the node that it names", at: start)
        }
        guard frames.count + anchor.height <= rules.limits.depth else {
            throw error(
                "the alias *\(name) nests deeper than the \(rules.limits.depth) levels that are allowed", at: start)
        }
        expanded += anchor.produced
        guard expanded / max(source.bytes.count, 1024) < min(max(rules.limits.aliasExpansion, 0), 1 << 30) else {
            throw error(
                "the aliases up to here stand for as much as \(expanded) nodes, "
                    + "more than \(rules.limits.aliasExpansion) for each byte",
                at: start)
        }
        produced += anchor.produced - 1
        let isComplex = nodes[anchor.node].kind != .scalar
        append(
            TapeNode(start: start, payload: anchor.node, extent: nodes.count + 1, kind: .alias, style: .plain),
            end: event.end_mark.index, isMerge: false, isComplex: isComplex, height: anchor.height)
    }

    private mutating func enter(anchor: UnsafeMutablePointer<UInt8>?, at start: Int, node: Int) throws {
        guard let anchor else { return }
        anchorNames[String(cString: anchor)] = anchors.count
        anchors.append(Anchor(node: node))
    }

    @inline(__always)
    private mutating func append(_ node: TapeNode, end: Int, isMerge: Bool, isComplex: Bool, height: Int) {
        if !frames.isEmpty {
            let last = frames.count - 1
            if frames[last].isMapping, frames[last].children & 1 == 0 {
                frames[last].key = nodes.count
                if isMerge { frames[last].flags |= TapeNode.hasMergeKey }
                if isComplex { frames[last].flags |= TapeNode.hasComplexKey }
            }
            frames[last].children += 1
            if height >= frames[last].height { frames[last].height = height + 1 }
        }
        produced += 1
        nodes.append(node)
        if rules.keepsEnds {
            let end = UInt32(truncatingIfNeeded: cursor.offset(of: end))
            ends.append(end)
            if let parent = frames.indices.last { frames[parent].end = max(frames[parent].end, end) }
        }
    }

    // MARK: What libyaml takes, but YAML 1.2 does not

    /// A directive after a document that no `...` ends is a part of it (section 9.1.2).
    private mutating func startDocument(_ event: inout yaml_event_t) throws {
        let start = event.data.document_start
        guard start.version_directive != nil || start.tag_directives.start != start.tag_directives.end else { return }
        let begin = cursor.offset(of: event.start_mark.index)
        guard roots.isEmpty || !endIsImplicit else {
            throw error("expected `...` at the end of the document before this directive", at: begin)
        }
        guard start.version_directive != nil else { return }
        // A comment after the version needs a space before it.
        let end = cursor.offset(of: event.end_mark.index)
        var index = begin
        while index + 5 < end {
            if text[index] == 0x25, memcmp(text + index, "%YAML", 5) == 0 {
                index += 5
                while index < end, text[index] == 0x20 || text[index] == 0x09 { index += 1 }
                while index < end, text[index] &- 0x30 < 10 || text[index] == 0x2E { index += 1 }
                guard index >= end || text[index] != 0x23 else {
                    throw error("expected a space before this comment", at: index)
                }
                return
            }
            guard let newline = memchr(text + index, 0x0A, end - index) else { return }
            index = UnsafeRawPointer(newline) - UnsafeRawPointer(text) + 1
        }
    }

    private mutating func checkFlowScalar(
        _ event: inout yaml_event_t, _ style: TapeNode.Style, _ start: Int, isInFlow: Bool
    ) throws {
        let end = cursor.offset(of: event.end_mark.index)
        // What was left out has no place of its own: it is said to be where the next token is.
        if isInFlow, end > start {
            try checkIndentation(at: start)
            if style == .plain, end - start == 1, text[start] == UInt8(ascii: "-") {
                throw error("expected a value, found a dash alone", at: start)
            }
        }
        if style != .plain, event.start_mark.line != event.end_mark.line { try checkContinuation(from: start, to: end) }
        if style != .plain || isInFlow { try checkComment(after: end, isInFlow: isInFlow) }
    }

    /// A node that is the first of its line stands right of the block collection that it is in (section 7.4).
    private func checkIndentation(at start: Int) throws {
        guard let column = frames.last?.blockColumn, column >= 0 else { return }
        var index = start
        while index > 0, text[index - 1] == 0x20 || text[index - 1] == 0x09 { index -= 1 }
        guard index > 0, text[index - 1] == 0x0A, indentation(at: index, before: start) <= column else { return }
        throw error("expected more than \(column) spaces before this", at: start)
    }

    /// The lines of a quoted scalar do too (section 7.3.1).
    private func checkContinuation(from start: Int, to end: Int) throws {
        guard let column = frames.last?.blockColumn, column >= 0 else { return }
        var index = start
        while index < end, let newline = memchr(text + index, 0x0A, end - index) {
            let line = UnsafeRawPointer(newline) - UnsafeRawPointer(text) + 1
            let spaces = indentation(at: line, before: end)
            index = line + spaces
            while index < end, text[index] == 0x20 || text[index] == 0x09 { index += 1 }
            guard index < end, spaces <= column, text[index] != 0x0A, text[index] != 0x0D else { continue }
            throw error("expected more than \(column) spaces before this line", at: index)
        }
    }

    private func indentation(at line: Int, before end: Int) -> Int {
        var index = line
        while index < end, text[index] == 0x20 { index += 1 }
        return index - line
    }

    /// A comment needs a space before it (section 6.6).
    private func checkComment(after end: Int, isInFlow: Bool) throws {
        var index = end
        let count = source.bytes.count
        if index < count, text[index] == 0x23 { throw error("expected a space before this comment", at: index) }
        guard isInFlow else { return }
        while index < count, text[index] == 0x20 || text[index] == 0x09 { index += 1 }
        guard index + 1 < count, text[index] == UInt8(ascii: ","), text[index + 1] == 0x23 else { return }
        throw error("expected a space before this comment", at: index + 1)
    }

    /// The empty lines that a block scalar starts with have no more spaces than its first line (section 8.1.1.1).
    private func checkEmptyBlock(at start: Int) throws {
        // Whether the first line that is not empty belongs to the scalar is not known then.
        if frames.last?.blockColumnIsLeast == true { return }
        guard let newline = memchr(text + start, 0x0A, source.bytes.count - start) else { return }
        var line = UnsafeRawPointer(newline) - UnsafeRawPointer(text) + 1
        guard !(start..<line).contains(where: { text[$0] &- 0x31 < 9 }) else { return }
        var most = 0
        while line < source.bytes.count {
            let spaces = indentation(at: line, before: source.bytes.count)
            let first = line + spaces
            guard first < source.bytes.count, text[first] == 0x0A || text[first] == 0x0D else {
                guard first < source.bytes.count, spaces > frames.last?.blockColumn ?? -1, spaces < most,
                    spaces > 0 || !endsDocument(at: first)
                else { return }
                throw error("expected \(most) space\(most == 1 ? "" : "s"), as in an empty line before", at: first)
            }
            most = max(most, spaces)
            guard let end = memchr(text + first, 0x0A, source.bytes.count - first) else { return }
            line = UnsafeRawPointer(end) - UnsafeRawPointer(text) + 1
        }
    }

    /// Whether a line begins with a document's marker (section 9.1.2).
    private func endsDocument(at line: Int) -> Bool {
        let rest = UnsafeRawBufferPointer(rebasing: source.bytes[line...])
        guard rest.starts(with: "---".utf8) || rest.starts(with: "...".utf8) else { return false }
        return rest.count == 3 || [0x20, 0x09, 0x0A, 0x0D].contains(rest[3])
    }

    /// A question mark right before a plain scalar is its first character, though libyaml takes it for a key's mark.
    private func questionMark(before start: Int, of style: TapeNode.Style) throws -> Int {
        // Only as a key of a flow mapping are libyaml's events the same but for this character.
        guard style == .plain, let frame = frames.last, frame.isMapping, frame.children & 1 == 0,
            nodes[frame.node].start != UInt32(truncatingIfNeeded: start - 1)
        else { throw misplacedQuestionMark(at: start - 1) }
        return 1
    }

    private func misplacedQuestionMark(at offset: Int) -> CodecError {
        error("expected a space after this question mark, or quotes around the scalar", at: offset)
    }

    // MARK: Checks

    /// Refuses a mapping with two keys of the same text (section 3.2.1.3 wants them unique).
    private mutating func checkKeys(_ frame: Frame) throws {
        guard frame.children > 2 else { return }
        keys.removeAll()
        keys.reserve(frame.children / 2)
        var index = frame.node + 1
        while index < nodes.count {
            let key = nodes[index].kind == .alias ? Int(nodes[index].payload) : index
            if nodes[key].kind == .scalar {
                let isNew = insertKey(key)
                guard isNew || (rules.mergeKeys && isMergeKey(key)) else {
                    frames[frames.count - 1].key = index
                    frames[frames.count - 1].children = 2
                    throw error(
                        "the key \(keyText(key).debugDescription) occurs twice in this mapping",
                        at: Int(nodes[index].start))
                }
            }
            index = after(after(index))
        }
    }

    private func isMergeKey(_ key: Int) -> Bool {
        nodes[key].style == .plain && nodes[key].extent == 2 && keyText(key) == "<<"
    }

    private mutating func insertKey(_ key: Int) -> Bool {
        let node = nodes[key]
        guard !node.has(TapeNode.indentedInText) else {
            // A literal as a key: rare enough to be copied.
            var bytes = Array(keyText(key).utf8)
            let place = side.count
            bytes.withUnsafeMutableBufferPointer { side.append(contentsOf: UnsafeBufferPointer($0)) }
            nodes[key] = TapeNode(
                start: Int(node.start), payload: place, extent: Int(node.extent), kind: .scalar, style: node.style,
                tag: node.tag, flags: TapeNode.inSideBuffer)
            return insertKey(key)
        }
        let base = UnsafePointer(side.base)
        let text = text
        let all = nodes.base
        func content(_ node: TapeNode) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(
                start: (node.has(TapeNode.inSideBuffer) ? base : text) + Int(node.payload), count: Int(node.extent))
        }
        let bytes = content(node)
        let found = keys.insert(hash: KeyTable.hash(bytes), token: UInt32(truncatingIfNeeded: key)) { other in
            let candidate = content(all[Int(other)])
            guard candidate.count == bytes.count else { return false }
            guard let left = candidate.baseAddress, let right = bytes.baseAddress else { return true }
            return memcmp(left, right, bytes.count) == 0
        }
        return found == nil
    }

    private func after(_ index: Int) -> Int {
        nodes[index].kind == .scalar ? index + 1 : Int(nodes[index].extent)
    }

    private func keyText(_ key: Int) -> String {
        let node = nodes[key]
        guard node.has(TapeNode.indentedInText) else {
            let base = node.has(TapeNode.inSideBuffer) ? UnsafePointer(side.base) : text
            return String(
                decoding: UnsafeBufferPointer(start: base + Int(node.payload), count: Int(node.extent)), as: UTF8.self)
        }
        // The lines without their indentation.
        var lines: [UInt8] = []
        var offset = Int(node.payload)
        while lines.count < Int(node.extent) {
            var spaces = 0
            while spaces < node.number, offset < source.bytes.count, text[offset] == 0x20 {
                offset += 1
                spaces += 1
            }
            while lines.count < Int(node.extent), offset < source.bytes.count {
                lines.append(text[offset])
                offset += 1
                if lines.last == 0x0A { break }
            }
        }
        return String(decoding: lines, as: UTF8.self)
    }

    private func scalarTag(
        _ name: UnsafeMutablePointer<UInt8>, _ value: UnsafeMutablePointer<UInt8>, _ length: Int,
        _ style: TapeNode.Style, at start: Int
    ) throws -> TapeNode.Tag {
        let name = String(cString: name)
        let content = UnsafeBufferPointer(start: UnsafePointer(value), count: length)
        let prefix = Self.tagPrefix
        guard name.hasPrefix(prefix) else {
            // The tag `!` alone makes a string of a scalar (section 6.9.1).
            if name == "!" { return .string }
            if rules.refusesUnknownTags { throw unknownTag(name, of: "a scalar", at: start) }
            return style == .plain ? .none : .string
        }
        let kind = ScalarKind(plain: content, schema: rules.schema)
        func require(_ holds: Bool, _ tag: TapeNode.Tag) throws -> TapeNode.Tag {
            guard !holds else { return tag }
            let shown = String(decoding: content.prefix(40), as: UTF8.self)
            throw error(
                "\(shown.debugDescription) is not what its tag !!\(name.dropFirst(prefix.utf8.count)) says", at: start)
        }
        switch name.dropFirst(prefix.utf8.count) {
        case "str", "timestamp": return .string
        case "int": return try require(kind == .integer, .integer)
        case "float":
            // Decimal digits alone are a float too (section 10.3.2 of YAML 1.2.2).
            let isWhole = kind == .integer && content.allSatisfy { "+-0123456789_".utf8.contains($0) }
            return try require(kind == .float || isWhole, .float)
        case "bool": return try require(kind == .true || kind == .false, .boolean)
        case "null": return try require(kind == .null, .null)
        case "binary": return .binary
        default:
            if rules.refusesUnknownTags { throw unknownTag(name, of: "a scalar", at: start) }
            return style == .plain ? .none : .string
        }
    }

    // MARK: Errors

    private static let tagPrefix = "tag:yaml.org,2002:"

    private func unknownTag(_ name: String, of kind: String, at start: Int) -> CodecError {
        let scalars = ["str", "int", "float", "bool", "null", "binary", "timestamp"]
        let collections = ["seq", "map"]
        if name.hasPrefix(Self.tagPrefix) {
            let short = name.dropFirst(Self.tagPrefix.utf8.count)
            if collections.contains(String(short)) || scalars.contains(String(short)) {
                return error("the tag !!\(short) is not one for \(kind)", at: start)
            }
        }
        let known = kind == "a scalar" ? scalars : collections
        let expected = known.map { "!!\($0)" }.joined(separator: ", ")
        return error(
            "the tag \(name) is not known here; expected one of \(expected), unless `unknownTags` is `.ignore`",
            at: start)
    }

    private mutating func syntaxError(_ fault: LibYAMLParser.Fault) -> CodecError {
        isEntering = true
        // libyaml's offset of a fault in the encoding is one of bytes.
        let offset = fault.isByte ? fault.index : cursor.offset(of: fault.index)
        guard let beginning = fault.beginning else {
            if fault.reason == LibYAMLParser.unexpectedCharacter, offset < source.bytes.count {
                return error(Self.misplaced(source.bytes[offset]), at: offset)
            }
            return error(fault.reason, at: offset)
        }
        let place = source.position(of: cursor.offset(of: beginning))
        return error("\(fault.reason) that begins at line \(place.line), column \(place.column)", at: offset)
    }

    /// What a character that no value begins with is doing here.
    private static func misplaced(_ character: UInt8) -> String {
        if character == 0x09 { return "a tab can't indent: use spaces" }
        return "a value can't begin with `\(UnicodeScalar(character))`: quote it"
    }

    private func error(_ reason: String, at offset: Int) -> CodecError {
        let place = source.position(of: offset)
        var path: [PathKey] = []
        for (depth, frame) in frames.enumerated() {
            let isNext = isEntering && depth == frames.count - 1
            if !frame.isMapping {
                path.append(PathKey(index: isNext ? frame.children : frame.children - 1))
            } else if frame.children > 0, !isNext || frame.children & 1 == 1 {
                // Behind a whole entry, what comes is not in that one.
                let key = nodes[frame.key].kind == .alias ? Int(nodes[frame.key].payload) : frame.key
                path.append(PathKey(nodes[key].kind == .scalar ? keyText(key) : "?"))
            }
        }
        return CodecError(reason, line: place.line, column: place.column, codingPath: path)
    }
}
