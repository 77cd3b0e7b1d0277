// The log of everything a block device was asked to do, in order.
#ifndef POWERLOSS_LOG_H
#define POWERLOSS_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum record_kind {
    RECORD_WRITE = 1,    // `length` bytes at `offset`
    RECORD_FLUSH = 2,    // everything recorded before is durable
    RECORD_DISCARD = 3,  // `length` bytes at `offset` read as zeros from now on
    RECORD_MARK = 4,     // the workload says that it has reached mark number `offset`
};

struct record {
    enum record_kind kind;
    uint64_t offset;
    uint64_t length;
    uint64_t nanoseconds;  // CLOCK_MONOTONIC
    const uint8_t *data;   // of a write, else NULL
};

// Writing: append-only; the first failure stays in `error`, as an errno.
struct log_writer {
    FILE *file;
    uint64_t count;
    int error;
};

// The sector size is what the device writes whole or not at all.
int log_create(struct log_writer *writer, const char *path, uint64_t device_size, uint64_t sector_size);
int log_append(struct log_writer *writer, enum record_kind kind, uint64_t offset, uint64_t length, const void *data);
int log_close(struct log_writer *writer);

// Reading: the whole file is mapped; records[0] is number 1, and a "cut" K means that records 1…K were reached.
struct log {
    uint64_t device_size;
    uint64_t sector_size;
    struct record *records;
    size_t count;
    void *mapping;
    size_t mapping_size;
};

int log_open(struct log *log, const char *path);
void log_release(struct log *log);

size_t log_count(const struct log *log, enum record_kind kind);

// The last flush at or before the cut, as a cut; 0 where there is none.
size_t log_last_flush(const struct log *log, size_t cut);

// The number of the last mark at or before the cut; -1 where there is none.
int64_t log_last_mark(const struct log *log, size_t cut);

#endif
