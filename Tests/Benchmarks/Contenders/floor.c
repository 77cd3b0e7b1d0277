#define _GNU_SOURCE
#include "calls.h"
#include "contenders.h"
#include "entries.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Atomic uint64_t call_count;

uint64_t contender_calls(void) { return atomic_load_explicit(&call_count, memory_order_relaxed); }

enum { NAME_SIZE = 256, FILE_LIMIT = 16 };

static int write_all(int fd, const struct floor_file *file) {
    size_t written = 0;
    while (written < file->size) {
        ssize_t count = CALL(pwrite(fd, (const char *)file->bytes + written, file->size - written, (off_t)written));
        if (count <= 0) return -1;
        written += (size_t)count;
    }
    return 0;
}

static int write_back(int fd) {
    return sync_file_range(fd, 0, 0,
                           SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

/// Step 4 for one file.
static int settle(int fd, enum floor_protocol protocol) {
    if (protocol == FLOOR_EACH_FILE) TRY(fsync(fd));
    if (protocol == FLOOR_ORDERED_JOURNAL) TRY(write_back(fd));
    return 0;
}

struct carrying {
    int from, to;
    const struct floor_file *files;
    size_t count;
};

static int carry(void *context, const char *name) {
    const struct carrying *carrying = context;
    for (size_t i = 0; i < carrying->count; i++)
        if (strcmp(name, carrying->files[i].name) == 0) return 0;
    TRY(linkat(carrying->from, name, carrying->to, name, 0));
    return 0;
}

/// Steps 3 to 5; the previous generation is in `.staging-X` afterwards.
static int stage_and_exchange(int store, const char *document, const struct floor_file *files, size_t count,
                              enum floor_protocol protocol) {
    char staging[NAME_SIZE];
    int open_files[FILE_LIMIT];
    if (count > FILE_LIMIT) {
        errno = EINVAL;
        return -1;
    }
    snprintf(staging, sizeof staging, ".staging-%s", document);
    TRY(mkdirat(store, staging, 0777));
    int to = CALL(openat(store, staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int from = CALL(openat(store, document, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (to < 0 || from < 0) return -1;
    for (size_t i = 0; i < count; i++) {
        int fd = open_files[i] = CALL(openat(to, files[i].name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
        if (fd < 0 || write_all(fd, &files[i]) < 0) return -1;
        if (protocol != FLOOR_NONE) TRY(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
    }
    struct carrying carrying = {from, to, files, count};
    if (for_each_entry(from, carry, &carrying) < 0) return -1;
    for (size_t i = 0; i < count; i++) {
        if (settle(open_files[i], protocol) < 0) return -1;
        TRY(close(open_files[i]));
    }
    if (protocol == FLOOR_EACH_FILE) TRY(fsync(to));
    TRY(close(from));
    TRY(close(to));
    TRY(renameat2(store, staging, store, document, RENAME_EXCHANGE));
    return 0;
}

static int remove_entry(void *context, const char *name) {
    TRY(unlinkat(*(int *)context, name, 0));
    return 0;
}

/// Step 7.
static int remove_previous(int store, const char *document) {
    char staging[NAME_SIZE];
    snprintf(staging, sizeof staging, ".staging-%s", document);
    int old = CALL(openat(store, staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (old < 0 || for_each_entry(old, remove_entry, &old) < 0) return -1;
    TRY(close(old));
    TRY(unlinkat(store, staging, AT_REMOVEDIR));
    return 0;
}

int floor_swap_batch(int store, const char *const *documents, size_t document_count, const struct floor_file *files,
                     size_t count, enum floor_protocol protocol) {
    for (size_t i = 0; i < document_count; i++)
        if (stage_and_exchange(store, documents[i], files, count, protocol) < 0) return -1;
    if (protocol != FLOOR_NONE) TRY(fsync(store));
    for (size_t i = 0; i < document_count; i++)
        if (remove_previous(store, documents[i]) < 0) return -1;
    return 0;
}

int floor_swap(int store, const char *document, const struct floor_file *files, size_t count,
               enum floor_protocol protocol) {
    return floor_swap_batch(store, &document, 1, files, count, protocol);
}

int floor_replace(int store, const char *document, const struct floor_file *file, enum floor_protocol protocol) {
    char temporary[NAME_SIZE];
    snprintf(temporary, sizeof temporary, "%s.tmp", file->name);
    int directory = CALL(openat(store, document, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory < 0) return -1;
    int fd = CALL(openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (fd < 0 || write_all(fd, file) < 0 || settle(fd, protocol) < 0) return -1;
    TRY(close(fd));
    TRY(renameat(directory, temporary, directory, file->name));
    if (protocol != FLOOR_NONE) TRY(fsync(directory));
    TRY(close(directory));
    return 0;
}
