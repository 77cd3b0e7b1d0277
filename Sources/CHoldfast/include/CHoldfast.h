/// What Swift's Glibc module does not show.
#ifndef CHOLDFAST_H
#define CHOLDFAST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// One entry of a directory, for holdfast_read_directory.
typedef int (*holdfast_entry_function)(void *context, const char *name, size_t length, unsigned char type);

/// Rename modes of holdfast_rename.
enum { HOLDFAST_RENAME_REPLACE = 0, HOLDFAST_RENAME_NOREPLACE = 1, HOLDFAST_RENAME_EXCHANGE = 2 };

/// renameat2(2) on Linux, renameatx_np(2) on Darwin. Returns 0, or -1 with errno.
int holdfast_rename(int from_dir, const char *from, int to_dir, const char *to, int mode);

/// ioctl(FICLONE) on Linux; ENOTSUP elsewhere. Returns 0, or -1 with errno.
int holdfast_clone(int source, int destination);

/// copy_file_range(2) at the same offset on both sides; ENOSYS where there is none.
ssize_t holdfast_copy_range(int source, int destination, int64_t offset, size_t count);

/// fsync(2); on Darwin fcntl(F_FULLFSYNC), since fsync does not reach the platter there.
int holdfast_flush(int fd);

/// syncfs(2) on Linux; ENOSYS elsewhere.
int holdfast_flush_file_system(int fd);

/// sync_file_range(2) on the whole file, start only or start and wait; ENOSYS elsewhere.
int holdfast_write_back(int fd, int wait);

/// A lock of the open file description on bytes: type 0 unlock, 1 shared, 2 exclusive. Returns 0, or -1 with errno.
int holdfast_lock(int fd, int64_t start, int64_t count, int type, int wait);

/// getdents64(2) from where the descriptor is, at its start where it was only just opened, to the end. Calls the function for each entry but . and .., with its d_type.
/// Returns 0, or -1 with errno, or what the function returned where that is not 0.
int holdfast_read_directory(int fd, void *context, holdfast_entry_function function);

/// flistxattr(2), fgetxattr(2), fsetxattr(2) and fremovexattr(2), whose signatures differ between systems.
ssize_t holdfast_list_attributes(int fd, char *names, size_t size);
ssize_t holdfast_get_attribute(int fd, const char *name, void *value, size_t size);
int holdfast_set_attribute(int fd, const char *name, const void *value, size_t size);
int holdfast_remove_attribute(int fd, const char *name);

/// The file system's magic number as fstatfs(2) gives it (0 where there is none). Returns 0, or -1 with errno.
int holdfast_file_system_magic(int fd, int64_t *magic);

/// Whether a directory's file system, ext4 or xfs by its magic number, has one journal for all that happens in the
/// directory. ext4: /proc/fs/jbd2/ lists each journal that is in the file system itself (inode 8). xfs: new files go to
/// the realtime device where the directory says so (ioctl_xfs_fsgetxattr(2)). Returns 1, or 0, also where it can't tell.
int holdfast_has_ordered_journal(int fd, int64_t magic);

/// The calling thread's stack: pthread_getattr_np(3), pthread_get_stackaddr_np on Darwin. Returns 0, or an error number.
int holdfast_thread_stack(void **base, size_t *size);

/// Where the calling function's frame is; under a sanitizer the address of a variable would not say.
static inline void *holdfast_frame_address(void) {
    return __builtin_frame_address(0);
}

/// Whether the calling thread's stack has so many bytes left; 1 where the system does not say.
int holdfast_has_stack(size_t bytes);

/// What holdfast_status tells.
struct holdfast_status {
    uint64_t device, inode, link_count;
    uint32_t mode, user, group;
    int64_t size;
    int64_t access_seconds, modification_seconds, change_seconds;
    int64_t access_nanoseconds, modification_nanoseconds, change_nanoseconds;
    int is_mount_point;
    /// Immutable or append-only.
    int is_fixed;
};

/// statx(2) on Linux, fstat(2) or fstatat(2) elsewhere: of an entry without following a link, or of fd itself where name
/// is NULL. Returns 0, or -1 with errno.
int holdfast_get_status(int fd, const char *name, struct holdfast_status *status);

/// SEEK_DATA and SEEK_HOLE of lseek(2).
int64_t holdfast_seek_data(int fd, int64_t offset);
int64_t holdfast_seek_hole(int fd, int64_t offset);

#endif
