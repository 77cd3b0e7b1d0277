// Kills a process with SIGKILL just before its Nth call that changes files: what a crash at that point is.
//
// Loaded with LD_PRELOAD into a program that knows nothing of it:
//
//     KILL_BEFORE=7 KILL_NOTE=note LD_PRELOAD=./kill_before.so conversations say …
//
// The call it died before is in the file KILL_NOTE.
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int calls;

static void die_before(const char *call, const char *from, const char *arrow, const char *to) {
    const char *limit = getenv("KILL_BEFORE");
    if (limit == NULL || atomic_fetch_add(&calls, 1) + 1 != atoi(limit)) return;
    const char *note = getenv("KILL_NOTE");
    if (note != NULL) {
        FILE *file = fopen(note, "w");
        if (file != NULL) {
            fprintf(file, "%s %s%s%s\n", call, from, arrow, to);
            fclose(file);
        }
    }
    kill(getpid(), SIGKILL);
}

// A call about a name.
static void named(const char *call, const char *name) {
    die_before(call, name, "", "");
}

// A call about an open file; its name is where the descriptor leads.
static void opened(const char *call, int fd) {
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = '\0';
    const char *slash = strrchr(path, '/');
    named(call, slash == NULL ? path : slash + 1);
}

#define NEXT(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

int openat(int dir, const char *name, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    // Without O_EXCL it is the lock file, which is there for good, and is opened as often as timing has it.
    if ((flags & O_EXCL) != 0) named("create", name);
    return NEXT(openat)(dir, name, flags, mode);
}

int mkdir(const char *path, mode_t mode) {
    named("mkdir", path);
    return NEXT(mkdir)(path, mode);
}

int mkdirat(int dir, const char *name, mode_t mode) {
    named("mkdir", name);
    return NEXT(mkdirat)(dir, name, mode);
}

int unlinkat(int dir, const char *name, int flags) {
    named((flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", name);
    return NEXT(unlinkat)(dir, name, flags);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
    die_before("rename", from, " -> ", to);
    return NEXT(renameat)(from_dir, from, to_dir, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
    die_before("rename", from, (flags & RENAME_EXCHANGE) != 0 ? " <-> " : " -> ", to);
    return NEXT(renameat2)(from_dir, from, to_dir, to, flags);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
    named("link", to);
    return NEXT(linkat)(from_dir, from, to_dir, to, flags);
}

int symlinkat(const char *target, int dir, const char *name) {
    named("symlink", name);
    return NEXT(symlinkat)(target, dir, name);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    opened("write", fd);
    return NEXT(pwrite)(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    opened("write", fd);
    return NEXT(pwrite64)(fd, bytes, count, offset);
}

ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t count, unsigned flags) {
    opened("copy", to);
    return NEXT(copy_file_range)(from, from_offset, to, to_offset, count, flags);
}

int ftruncate(int fd, off_t size) {
    opened("truncate", fd);
    return NEXT(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    opened("truncate", fd);
    return NEXT(ftruncate64)(fd, size);
}

int fchmod(int fd, mode_t mode) {
    opened("chmod", fd);
    return NEXT(fchmod)(fd, mode);
}

int fchown(int fd, uid_t user, gid_t group) {
    opened("chown", fd);
    return NEXT(fchown)(fd, user, group);
}

int futimens(int fd, const struct timespec times[2]) {
    opened("utimens", fd);
    return NEXT(futimens)(fd, times);
}

int utimensat(int dir, const char *name, const struct timespec times[2], int flags) {
    named("utimens", name);
    return NEXT(utimensat)(dir, name, times, flags);
}

int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags);
int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags) {
    opened("setxattr", fd);
    return NEXT(fsetxattr)(fd, name, value, size, flags);
}

int fsync(int fd) {
    opened("fsync", fd);
    return NEXT(fsync)(fd);
}

int syncfs(int fd) {
    opened("syncfs", fd);
    return NEXT(syncfs)(fd);
}

int sync_file_range(int fd, off64_t offset, off64_t count, unsigned flags) {
    opened("writeback", fd);
    return NEXT(sync_file_range)(fd, offset, count, flags);
}
