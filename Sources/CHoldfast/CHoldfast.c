#define _GNU_SOURCE
#include "CHoldfast.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#if defined(__linux__)
#include <dirent.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#else
#include <dirent.h>
#include <sys/mount.h>
#include <sys/param.h>
#endif

int holdfast_rename(int from_dir, const char *from, int to_dir, const char *to, int mode) {
#if defined(__linux__)
    if (mode == HOLDFAST_RENAME_REPLACE) return renameat(from_dir, from, to_dir, to);
    unsigned flags = mode == HOLDFAST_RENAME_EXCHANGE ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    return renameat2(from_dir, from, to_dir, to, flags);
#else
    unsigned flags = mode == HOLDFAST_RENAME_EXCHANGE ? RENAME_SWAP : mode == HOLDFAST_RENAME_NOREPLACE ? RENAME_EXCL : 0;
    return renameatx_np(from_dir, from, to_dir, to, flags);
#endif
}

int holdfast_clone(int source, int destination) {
#if defined(__linux__)
    return ioctl(destination, FICLONE, source);
#else
    (void)source, (void)destination;
    errno = ENOTSUP;
    return -1;
#endif
}

ssize_t holdfast_copy_range(int source, int destination, int64_t offset, size_t count) {
#if defined(__linux__)
    loff_t from = offset, to = offset;
    return copy_file_range(source, &from, destination, &to, count, 0);
#else
    (void)source, (void)destination, (void)offset, (void)count;
    errno = ENOSYS;
    return -1;
#endif
}

int holdfast_flush(int fd) {
#if defined(__APPLE__)
    // Not every file system has it (fcntl(2)); any other failure is one of the disk.
    int result = fcntl(fd, F_FULLFSYNC);
    return result == -1 && (errno == ENOTSUP || errno == ENOTTY || errno == EINVAL) ? fsync(fd) : result;
#else
    return fsync(fd);
#endif
}

int holdfast_thread_stack(void **base, size_t *size) {
#if defined(__APPLE__)
    *size = pthread_get_stacksize_np(pthread_self());
    *base = (char *)pthread_get_stackaddr_np(pthread_self()) - *size;
    return 0;
#else
    // glibc reads /proc/self/maps for the main thread's.
    static _Thread_local void *known_base;
    static _Thread_local size_t known_size;
    if (known_size == 0) {
        pthread_attr_t attributes;
        int error = pthread_getattr_np(pthread_self(), &attributes);
        if (error != 0) return error;
        error = pthread_attr_getstack(&attributes, &known_base, &known_size);
        pthread_attr_destroy(&attributes);
        if (error != 0) return error;
    }
    *base = known_base;
    *size = known_size;
    return 0;
#endif
}

int holdfast_has_stack(size_t bytes) {
    void *base;
    size_t size;
    if (holdfast_thread_stack(&base, &size) != 0) return 1;
    size_t here = (size_t)holdfast_frame_address(), lowest = (size_t)base;
    // Code on a stack of its own making can't be judged.
    if (here < lowest || here > lowest + size) return 1;
    return here - lowest > bytes;
}

int holdfast_flush_file_system(int fd) {
#if defined(__linux__)
    return syncfs(fd);
#else
    return fsync_volume_np(fd, SYNC_VOLUME_FULLSYNC | SYNC_VOLUME_WAIT);
#endif
}

int holdfast_write_back(int fd, int wait) {
#if defined(__linux__)
    unsigned flags = SYNC_FILE_RANGE_WRITE;
    if (wait) flags |= SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WAIT_AFTER;
    return sync_file_range(fd, 0, 0, flags);
#else
    (void)fd, (void)wait;
    errno = ENOSYS;
    return -1;
#endif
}

int holdfast_lock(int fd, int64_t start, int64_t count, int type, int wait) {
    struct flock lock;
    memset(&lock, 0, sizeof lock); // l_pid must be 0 for locks of an open file description: fcntl_locking(2)
    lock.l_type = type == 0 ? F_UNLCK : type == 1 ? F_RDLCK : F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = start;
    lock.l_len = count;
    return fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
}

#if defined(__linux__)

struct kernel_entry { // struct linux_dirent64 of getdents(2)
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

int holdfast_read_directory(int fd, void *context, holdfast_entry_function function) {
    char buffer[32768] __attribute__((aligned(8)));
    for (;;) {
        long count = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue; // Nothing was read: the position is where it was.
        if (count < 0 && errno == ENOENT) return 0; // The directory was removed: nothing is in it (POSIX, readdir).
        if (count <= 0) return (int)count;
        for (long at = 0; at < count;) {
            struct kernel_entry *entry = (struct kernel_entry *)(buffer + at);
            at += entry->length;
            if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0) continue;
            int stop = function(context, entry->name, strlen(entry->name), entry->type);
            if (stop != 0) return stop;
        }
    }
}

#else

int holdfast_read_directory(int fd, void *context, holdfast_entry_function function) {
    int copy = dup(fd);
    if (copy < 0) return -1;
    DIR *directory = fdopendir(copy);
    if (!directory) {
        int error = errno;
        close(copy);
        errno = error;
        return -1;
    }
    rewinddir(directory);
    int result = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(directory);
        if (!entry) {
            result = errno ? -1 : 0;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        result = function(context, entry->d_name, strlen(entry->d_name), entry->d_type);
        if (result != 0) break;
    }
    int error = errno;
    closedir(directory);
    errno = error;
    return result;
}

#endif

ssize_t holdfast_list_attributes(int fd, char *names, size_t size) {
#if defined(__APPLE__)
    return flistxattr(fd, names, size, 0);
#else
    return flistxattr(fd, names, size);
#endif
}

ssize_t holdfast_get_attribute(int fd, const char *name, void *value, size_t size) {
#if defined(__APPLE__)
    return fgetxattr(fd, name, value, size, 0, 0);
#else
    return fgetxattr(fd, name, value, size);
#endif
}

int holdfast_set_attribute(int fd, const char *name, const void *value, size_t size) {
#if defined(__APPLE__)
    return fsetxattr(fd, name, value, size, 0, 0);
#else
    return fsetxattr(fd, name, value, size, 0);
#endif
}

int holdfast_remove_attribute(int fd, const char *name) {
#if defined(__APPLE__)
    return fremovexattr(fd, name, 0);
#else
    return fremovexattr(fd, name);
#endif
}

#if defined(__linux__)

/// The name by which the kernel knows the block device that a file is on. Returns 0, or -1.
static int device_name(int fd, char *name, size_t size) {
    struct stat status;
    char path[64], target[512];
    if (fstat(fd, &status) < 0) return -1;
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u", major(status.st_dev), minor(status.st_dev));
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) return -1;
    target[length] = 0;
    const char *slash = strrchr(target, '/');
    int count = snprintf(name, size, "%s", slash ? slash + 1 : target);
    return count > 0 && (size_t)count < size ? 0 : -1;
}

int holdfast_has_ordered_journal(int fd, int64_t magic) {
    if ((magic & 0xFFFFFFFF) == XFS_SUPER_MAGIC) {
        struct fsxattr attributes;
        if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0) return 0;
        return (attributes.fsx_xflags & (FS_XFLAG_REALTIME | FS_XFLAG_RTINHERIT)) == 0;
    }
    char name[256], path[512];
    if (device_name(fd, name, sizeof name) < 0) return 0;
    snprintf(path, sizeof path, "/proc/fs/jbd2/%s-8", name);
    return access(path, F_OK) == 0;
}

#else

int holdfast_has_ordered_journal(int fd, int64_t magic) {
    (void)fd, (void)magic;
    return 0;
}

#endif

int holdfast_file_system_magic(int fd, int64_t *magic) {
#if defined(__linux__)
    struct statfs status;
    if (fstatfs(fd, &status) < 0) return -1;
    *magic = (int64_t)status.f_type;
#else
    (void)fd;
    *magic = 0;
#endif
    return 0;
}

#if defined(__linux__)

int holdfast_get_status(int fd, const char *name, struct holdfast_status *status) {
    struct statx found;
    // As fresh as the file system gives it to stat(2): AT_STATX_SYNC_AS_STAT is the default (statx(2)).
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name ? 0 : AT_EMPTY_PATH);
    if (statx(fd, name ? name : "", flags, STATX_BASIC_STATS, &found) < 0) return -1;
    status->device = ((uint64_t)found.stx_dev_major << 32) | found.stx_dev_minor;
    status->inode = found.stx_ino;
    status->link_count = found.stx_nlink;
    status->mode = found.stx_mode;
    status->user = found.stx_uid;
    status->group = found.stx_gid;
    status->size = (int64_t)found.stx_size;
    status->access_seconds = found.stx_atime.tv_sec;
    status->access_nanoseconds = found.stx_atime.tv_nsec;
    status->modification_seconds = found.stx_mtime.tv_sec;
    status->modification_nanoseconds = found.stx_mtime.tv_nsec;
    status->change_seconds = found.stx_ctime.tv_sec;
    status->change_nanoseconds = found.stx_ctime.tv_nsec;
    status->is_mount_point = (found.stx_attributes & found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
    status->is_fixed = (found.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
    return 0;
}

#else

int holdfast_get_status(int fd, const char *name, struct holdfast_status *status) {
    struct stat found;
    if ((name ? fstatat(fd, name, &found, AT_SYMLINK_NOFOLLOW) : fstat(fd, &found)) < 0) return -1;
    status->device = (uint64_t)found.st_dev;
    status->inode = found.st_ino;
    status->link_count = found.st_nlink;
    status->mode = found.st_mode;
    status->user = found.st_uid;
    status->group = found.st_gid;
    status->size = found.st_size;
    status->access_seconds = found.st_atimespec.tv_sec;
    status->access_nanoseconds = found.st_atimespec.tv_nsec;
    status->modification_seconds = found.st_mtimespec.tv_sec;
    status->modification_nanoseconds = found.st_mtimespec.tv_nsec;
    status->change_seconds = found.st_ctimespec.tv_sec;
    status->change_nanoseconds = found.st_ctimespec.tv_nsec;
    status->is_mount_point = 0;
    status->is_fixed = (found.st_flags & (UF_IMMUTABLE | SF_IMMUTABLE | UF_APPEND | SF_APPEND)) != 0;
    return 0;
}

#endif

int64_t holdfast_seek_data(int fd, int64_t offset) { return lseek(fd, offset, SEEK_DATA); }

int64_t holdfast_seek_hole(int fd, int64_t offset) { return lseek(fd, offset, SEEK_HOLE); }
