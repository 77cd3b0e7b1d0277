internal import Dispatch
internal import FoundationEssentials
internal import Holdfast
internal import Synchronization

/// The scan of a text while Foundation parses it: on two cores, both take as long as Foundation alone.
///
/// A text is scanned once: by a thread of libdispatch's, or, where none has come to it when the result is needed, by the one
/// that needs it. So it never waits for a thread to be free.
final class ConcurrentScan: Sendable {
    /// From so many bytes on, the scan takes longer than to wake a thread for it (some 10 µs).
    private static let threshold = 64 << 10

    private final class Fault: Sendable {
        let error: CodecError
        init(_ error: CodecError) { self.error = error }
    }

    /// Whether the text may have wide numbers, as is known at once of a short one alone.
    let mayHaveWideNumbers: Bool

    private let bytes: Data
    private let maximumDepth: Int
    private let isTaken = Atomic(false)
    private let fault = AtomicLazyReference<Fault>()
    private let done = DispatchGroup()

    /// Begins the scan; of a short text, it does it all.
    ///
    /// - Throws: What it has found in a short text.
    init(_ bytes: Data, maximumDepth: Int) throws(CodecError) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
        if bytes.count < Self.threshold {
            isTaken.store(true, ordering: .relaxed)
            mayHaveWideNumbers = try JSONScanner.check(bytes, maximumDepth: maximumDepth, comparing: .strings)
            return
        }
        mayHaveWideNumbers = true
        done.enter()
        // Weak: the text is not to stay until the queue comes to what has been done already.
        DispatchQueue.global().async { [weak self] in self?.perform() }
    }

    /// Ends the scan.
    ///
    /// - Throws: What it has found.
    func finish() throws(CodecError) {
        perform()
        done.wait()
        if let fault = fault.load() { throw fault.error }
    }

    private func perform() {
        if isTaken.exchange(true, ordering: .relaxed) { return }
        do throws(CodecError) {
            try JSONScanner.check(bytes, maximumDepth: maximumDepth, comparing: .strings)
        } catch {
            _ = fault.storeIfNil(Fault(error))
        }
        done.leave()
    }
}
