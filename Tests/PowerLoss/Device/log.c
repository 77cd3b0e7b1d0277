#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// On disk: one header, then for each record its head and, for a write, its data. Byte order is the machine's own: a log
// is made and replayed on one machine.
static const char MAGIC[8] = {'p', 'o', 'w', 'l', 'o', 'g', '0', '1'};

struct log_header {
    char magic[8];
    uint64_t device_size;
    uint64_t sector_size;
};

struct record_head {
    uint64_t number;
    uint64_t kind;
    uint64_t offset;
    uint64_t length;
    uint64_t nanoseconds;
};

static void put(struct log_writer *writer, const void *bytes, size_t length) {
    if (writer->error == 0 && fwrite(bytes, 1, length, writer->file) != length) {
        writer->error = errno != 0 ? errno : EIO;
    }
}

int log_create(struct log_writer *writer, const char *path, uint64_t device_size, uint64_t sector_size) {
    *writer = (struct log_writer){.file = fopen(path, "wb")};
    if (writer->file == NULL) {
        return errno;
    }
    struct log_header header = {.device_size = device_size, .sector_size = sector_size};
    memcpy(header.magic, MAGIC, sizeof MAGIC);
    put(writer, &header, sizeof header);
    return writer->error;
}

int log_append(struct log_writer *writer, enum record_kind kind, uint64_t offset, uint64_t length, const void *data) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct record_head head = {
        .number = ++writer->count,
        .kind = kind,
        .offset = offset,
        .length = length,
        .nanoseconds = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
    };
    put(writer, &head, sizeof head);
    if (kind == RECORD_WRITE) {
        put(writer, data, length);
    }
    return writer->error;
}

int log_close(struct log_writer *writer) {
    if (fclose(writer->file) != 0 && writer->error == 0) {
        writer->error = errno;
    }
    writer->file = NULL;
    return writer->error;
}

// Reads the records of a mapped log; EINVAL where it ends inside one or is out of order.
static int read_records(struct log *log) {
    const uint8_t *bytes = log->mapping;
    size_t at = sizeof(struct log_header);
    size_t capacity = 0;
    while (at < log->mapping_size) {
        struct record_head head;
        if (log->mapping_size - at < sizeof head) {
            return EINVAL;
        }
        memcpy(&head, bytes + at, sizeof head);
        at += sizeof head;
        if (head.number != log->count + 1 || head.kind < RECORD_WRITE || head.kind > RECORD_MARK) {
            return EINVAL;
        }
        const uint8_t *data = NULL;
        if (head.kind == RECORD_WRITE) {
            if (log->mapping_size - at < head.length) {
                return EINVAL;
            }
            data = bytes + at;
            at += head.length;
        }
        if (head.kind == RECORD_WRITE || head.kind == RECORD_DISCARD) {
            if (head.offset > log->device_size || head.length > log->device_size - head.offset) {
                return EINVAL;
            }
        }
        if (log->count == capacity) {
            capacity = capacity == 0 ? 4096 : capacity * 2;
            struct record *grown = realloc(log->records, capacity * sizeof *grown);
            if (grown == NULL) {
                return ENOMEM;
            }
            log->records = grown;
        }
        log->records[log->count++] = (struct record){
            .kind = (enum record_kind)head.kind,
            .offset = head.offset,
            .length = head.length,
            .nanoseconds = head.nanoseconds,
            .data = data,
        };
    }
    return 0;
}

int log_open(struct log *log, const char *path) {
    *log = (struct log){0};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno;
    }
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        int error = errno;
        close(descriptor);
        return error;
    }
    log->mapping_size = (size_t)status.st_size;
    if (log->mapping_size < sizeof(struct log_header)) {
        close(descriptor);
        return EINVAL;
    }
    void *mapping = mmap(NULL, log->mapping_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    int error = mapping == MAP_FAILED ? errno : 0;
    close(descriptor);
    if (error != 0) {
        return error;
    }
    log->mapping = mapping;
    struct log_header header;
    memcpy(&header, mapping, sizeof header);
    log->device_size = header.device_size;
    log->sector_size = header.sector_size;
    error = memcmp(header.magic, MAGIC, sizeof MAGIC) == 0 && header.sector_size > 0 ? read_records(log) : EINVAL;
    if (error != 0) {
        log_release(log);
    }
    return error;
}

void log_release(struct log *log) {
    free(log->records);
    munmap(log->mapping, log->mapping_size);
    *log = (struct log){0};
}

size_t log_count(const struct log *log, enum record_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < log->count; i++) {
        count += log->records[i].kind == kind;
    }
    return count;
}

size_t log_last_flush(const struct log *log, size_t cut) {
    while (cut > 0 && log->records[cut - 1].kind != RECORD_FLUSH) {
        cut--;
    }
    return cut;
}

int64_t log_last_mark(const struct log *log, size_t cut) {
    while (cut > 0 && log->records[cut - 1].kind != RECORD_MARK) {
        cut--;
    }
    return cut == 0 ? -1 : (int64_t)log->records[cut - 1].offset;
}
