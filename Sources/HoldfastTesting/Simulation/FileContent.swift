import Holdfast

/// The bytes of a simulated file: blocks, with holes between them.
package struct FileContent: Sendable {
    /// What real file systems allocate at a time, and so how fine `SEEK_DATA` sees.
    package static let blockSize = 4096

    package private(set) var size: Int64 = 0
    /// Allocated blocks by number; a block that is shorter than ``blockSize`` ends in zeros.
    private var blocks: [Int64: [UInt8]] = [:]

    package init(_ bytes: some Sequence<UInt8> = []) {
        write(Array(bytes), at: 0)
    }

    /// Copies bytes out; returns how many there were.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        let count = Int(min(Int64(buffer.count), max(0, size - offset)))
        var done = 0
        while done < count {
            let at = offset + Int64(done)
            let (number, start) = (at / Int64(Self.blockSize), Int(at % Int64(Self.blockSize)))
            let length = min(count - done, Self.blockSize - start)
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + length])
            let block = blocks[number] ?? []
            let present = max(0, min(length, block.count - start))
            if present > 0 { target.copyBytes(from: block[start..<start + present]) }
            for index in present..<length { target[index] = 0 }
            done += length
        }
        return count
    }

    package func read(_ count: Int, at offset: Int64) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
        }
    }

    package var bytes: [UInt8] { read(Int(size), at: 0) }

    /// Calls a body with all bytes; without a copy where they are one block.
    func withBytes(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        if let block = blocks[0], block.count == size { return block.withUnsafeBufferPointer(body) }
        bytes.withUnsafeBufferPointer(body)
    }

    package mutating func write(_ bytes: [UInt8], at offset: Int64) {
        var done = 0
        while done < bytes.count {
            let at = offset + Int64(done)
            let (number, start) = (at / Int64(Self.blockSize), Int(at % Int64(Self.blockSize)))
            let length = min(bytes.count - done, Self.blockSize - start)
            let piece = bytes[done..<done + length]
            if start == 0, length >= blocks[number]?.count ?? 0 {
                blocks[number] = Array(piece)
            } else {
                var block = blocks.removeValue(forKey: number) ?? []
                if block.count < start + length {
                    block.append(contentsOf: repeatElement(0, count: start + length - block.count))
                }
                block.replaceSubrange(start..<start + length, with: piece)
                blocks[number] = block
            }
            done += length
        }
        if !bytes.isEmpty { size = max(size, offset + Int64(bytes.count)) }
    }

    package mutating func resize(to newSize: Int64) {
        if newSize < size {
            let kept = newSize / Int64(Self.blockSize)
            blocks = blocks.filter { $0.key <= kept }
            if let last = blocks[kept] {
                let length = Int(newSize % Int64(Self.blockSize))
                blocks[kept] = length == 0 ? nil : Array(last.prefix(length))
            }
        }
        size = newSize
    }

    /// The next run of allocated blocks at or behind an offset.
    package func nextData(from offset: Int64) -> Range<Int64>? {
        guard offset < size else { return nil }
        let blockSize = Int64(Self.blockSize)
        guard let first = blocks.keys.filter({ $0 >= offset / blockSize }).min(), first * blockSize < size else {
            return nil
        }
        var end = first
        while blocks[end] != nil { end += 1 }
        return max(offset, first * blockSize)..<min(end * blockSize, size)
    }
}
