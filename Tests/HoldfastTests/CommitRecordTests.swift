import Foundation
import Testing

@testable import Holdfast

@Suite struct CommitRecordTests {
    private func entry(_ name: EntryName, inode: UInt64 = 7) -> CommitRecord.Entry {
        let time = Timestamp(seconds: 1_700_000_000, nanoseconds: 123_456_789)
        return CommitRecord.Entry(
            name,
            FileStatus(
                identity: FileIdentity(device: 1, inode: inode), kind: .file, mode: 0o600, linkCount: 1, user: 0,
                group: 0, size: 42, access: time, modification: time, change: time))
    }

    @Test func `a record comes back whole, whatever the names`() throws {
        var record = CommitRecord()
        record.settled = [
            entry(EntryName("QUERY_MESSAGE.md")), entry(EntryName("with space\nand line")),
            entry(EntryName(bytes: [0xFF, 0x25, 0x20])),
        ]
        record.origin = CommitRecord.Origin(document: try DocumentName("a b%c"), inode: 12)
        #expect(CommitRecord(record.data) == record)
        #expect(CommitRecord(CommitRecord().data) == CommitRecord())
    }

    @Test func `a record that was cut off anywhere, or altered in its frame, is no record`() throws {
        var record = CommitRecord()
        record.settled = [entry(EntryName("QUERY_MESSAGE.md"))]
        record.origin = CommitRecord.Origin(document: try DocumentName("X"), inode: 12)
        let data = record.data
        for count in 0..<data.count { #expect(CommitRecord(data.prefix(count)) == nil, "\(count)") }
        #expect(CommitRecord(Data("holdfast commit 2\nend\n".utf8)) == nil)
        #expect(CommitRecord(Data("holdfast commit 1\nsettled\nend\n".utf8)) == nil)
        #expect(CommitRecord(Data("holdfast commit 1\nrenamed-from 1 .hidden\nend\n".utf8)) == nil)
        #expect(CommitRecord(Data("holdfast commit 1\nrenamed-from 1 %zz\nend\n".utf8)) == nil)
    }
}
