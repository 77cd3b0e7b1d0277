#define _GNU_SOURCE
#include "calls.h"
#include "contenders.h"
#include "entries.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t plain_list(int store) {
    int own = CALL(openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR *directory = own < 0 ? NULL : fdopendir(own);
    if (!directory) return -1;
    int64_t count = 0;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.') count++;
    int error = errno;
    closedir(directory);
    errno = error;
    return error ? -1 : count;
}

struct scan {
    int store;
    char **names;
    size_t count, capacity;
    _Atomic size_t next;
    _Atomic int64_t entries;
    _Atomic int error;
};

static int remember(void *context, const char *name) {
    struct scan *scan = context;
    if (name[0] == '.') return 0;
    if (scan->count == scan->capacity) {
        size_t capacity = scan->capacity ? scan->capacity * 2 : 1024;
        char **names = realloc(scan->names, capacity * sizeof *names);
        if (!names) return -1;
        scan->names = names;
        scan->capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy) return -1;
    scan->names[scan->count++] = copy;
    return 0;
}

static int count_entry(void *context, const char *name) {
    (void)name;
    ++*(int64_t *)context;
    return 0;
}

static void *work(void *context) {
    struct scan *scan = context;
    int64_t entries = 0;
    for (;;) {
        size_t at = atomic_fetch_add(&scan->next, 1);
        if (at >= scan->count) break;
        int directory = CALL(openat(scan->store, scan->names[at], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (directory < 0 || for_each_entry(directory, count_entry, &entries) < 0) {
            atomic_store(&scan->error, errno);
            break;
        }
        CALL(close(directory));
    }
    atomic_fetch_add(&scan->entries, entries);
    return NULL;
}

int64_t plain_scan(int store, int threads) {
    enum { THREAD_LIMIT = 256 };
    pthread_t others[THREAD_LIMIT];
    struct scan scan = {.store = store};
    int own = CALL(openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (own < 0 || for_each_entry(own, remember, &scan) < 0) return -1;
    TRY(close(own));
    int started = 0;
    while (started < threads - 1 && started < THREAD_LIMIT && pthread_create(&others[started], NULL, work, &scan) == 0)
        started++;
    work(&scan);
    for (int i = 0; i < started; i++) pthread_join(others[i], NULL);
    for (size_t i = 0; i < scan.count; i++) free(scan.names[i]);
    free(scan.names);
    if (scan.error) {
        errno = scan.error;
        return -1;
    }
    return scan.entries;
}
