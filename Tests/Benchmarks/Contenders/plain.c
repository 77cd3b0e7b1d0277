#define _GNU_SOURCE
#include "calls.h"
#include "contenders.h"
#include "entries.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLAIN_NAME_SIZE = 256 };

struct copying {
    int from, to;
    const struct floor_file *files;
    size_t count;
    int flushing;
};

static int write_file(int directory, const char *name, const void *bytes, size_t size, int flushing) {
    int fd = CALL(openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (fd < 0) return -1;
    for (size_t written = 0; written < size;) {
        ssize_t count = CALL(write(fd, (const char *)bytes + written, size - written));
        if (count <= 0) return -1;
        written += (size_t)count;
    }
    if (flushing) TRY(fsync(fd));
    TRY(close(fd));
    return 0;
}

/// Reads a file whole. The caller frees what is returned; NULL with errno where it fails.
static void *read_file(int directory, const char *name, size_t *size) {
    struct stat status;
    int fd = CALL(openat(directory, name, O_RDONLY | O_CLOEXEC));
    if (fd < 0) return NULL;
    if (CALL(fstat(fd, &status)) < 0) return NULL;
    char *bytes = malloc((size_t)status.st_size + 1);
    *size = 0;
    while (bytes && *size < (size_t)status.st_size) {
        ssize_t count = CALL(read(fd, bytes + *size, (size_t)status.st_size - *size));
        if (count <= 0) break;
        *size += (size_t)count;
    }
    CALL(close(fd));
    return bytes;
}

static int copy_entry(void *context, const char *name) {
    const struct copying *copying = context;
    for (size_t i = 0; i < copying->count; i++)
        if (strcmp(name, copying->files[i].name) == 0) return 0;
    size_t size;
    void *bytes = read_file(copying->from, name, &size);
    if (!bytes) return -1;
    int result = write_file(copying->to, name, bytes, size, copying->flushing);
    free(bytes);
    return result;
}

static int delete_entry(void *context, const char *name) {
    TRY(unlinkat(*(int *)context, name, 0));
    return 0;
}

int plain_swap(int store, const char *document, const struct floor_file *files, size_t count, int flushing) {
    char staging[PLAIN_NAME_SIZE], old[PLAIN_NAME_SIZE];
    snprintf(staging, sizeof staging, ".staging-%s", document);
    snprintf(old, sizeof old, ".old-%s", document);
    TRY(mkdirat(store, staging, 0777));
    int to = CALL(openat(store, staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int from = CALL(openat(store, document, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (to < 0 || from < 0) return -1;
    for (size_t i = 0; i < count; i++)
        if (write_file(to, files[i].name, files[i].bytes, files[i].size, flushing) < 0) return -1;
    struct copying copying = {from, to, files, count, flushing};
    if (for_each_entry(from, copy_entry, &copying) < 0) return -1;
    if (flushing) TRY(fsync(to));
    TRY(close(to));
    TRY(renameat(store, document, store, old));
    TRY(renameat(store, staging, store, document));
    if (flushing) TRY(fsync(store));
    TRY(lseek(from, 0, SEEK_SET));
    if (for_each_entry(from, delete_entry, &from) < 0) return -1;
    TRY(close(from));
    TRY(unlinkat(store, old, AT_REMOVEDIR));
    return 0;
}

int64_t plain_read(int store, const char *document, const char *const *names, size_t count) {
    int64_t total = 0;
    int directory = CALL(openat(store, document, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory < 0) return -1;
    for (size_t i = 0; i < count; i++) {
        size_t size;
        void *bytes = read_file(directory, names[i], &size);
        if (!bytes) return -1;
        free(bytes);
        total += (int64_t)size;
    }
    TRY(close(directory));
    return total;
}
