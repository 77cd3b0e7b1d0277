#define FUSE_USE_VERSION 312

#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { ROOT = FUSE_ROOT_ID, DISK = 2, MARKS = 3, BLOCK = 4096, MAX_REQUEST = 1 << 20 };

// Nothing changes behind the kernel's back, so what it has looked up stays valid.
static const double FOREVER = 86400.0;

static struct device *device_of(fuse_req_t request) {
    return fuse_req_userdata(request);
}

static bool attributes(const struct device *device, fuse_ino_t inode, struct stat *status) {
    *status = (struct stat){.st_ino = inode, .st_nlink = 1, .st_blksize = BLOCK};
    switch (inode) {
    case ROOT:
        status->st_mode = S_IFDIR | 0755;
        status->st_nlink = 2;
        return true;
    case DISK:
        status->st_mode = S_IFREG | 0600;
        status->st_size = (off_t)device->size;
        return true;
    case MARKS:
        status->st_mode = S_IFREG | 0622;
        return true;
    default:
        return false;
    }
}

static void on_init(void *context, struct fuse_conn_info *connection) {
    (void)context;
    connection->max_write = MAX_REQUEST;
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name) {
    struct fuse_entry_param entry = {.attr_timeout = FOREVER, .entry_timeout = FOREVER};
    entry.ino = strcmp(name, "disk") == 0 ? DISK : strcmp(name, "marks") == 0 ? MARKS : 0;
    if (parent != ROOT || !attributes(device_of(request), entry.ino, &entry.attr)) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    fuse_reply_entry(request, &entry);
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file) {
    (void)file;
    struct stat status;
    if (attributes(device_of(request), inode, &status)) {
        fuse_reply_attr(request, &status, FOREVER);
    } else {
        fuse_reply_err(request, ENOENT);
    }
}

// A shell's `echo … > marks` truncates; times may be set; the disk keeps its size.
static void on_setattr(fuse_req_t request, fuse_ino_t inode, struct stat *wanted, int which,
                       struct fuse_file_info *file) {
    const struct device *device = device_of(request);
    bool resizes = (which & FUSE_SET_ATTR_SIZE) != 0 && inode == DISK && (uint64_t)wanted->st_size != device->size;
    if (resizes) {
        fuse_reply_err(request, EPERM);
    } else {
        on_getattr(request, inode, file);
    }
}

static void on_readdir(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *file) {
    (void)file;
    static const struct {
        const char *name;
        fuse_ino_t inode;
    } entries[] = {{".", ROOT}, {"..", ROOT}, {"disk", DISK}, {"marks", MARKS}};
    if (inode != ROOT) {
        fuse_reply_err(request, ENOTDIR);
        return;
    }
    char buffer[512];
    size_t used = 0;
    size_t limit = size < sizeof buffer ? size : sizeof buffer;
    for (size_t i = (size_t)offset; i < sizeof entries / sizeof entries[0]; i++) {
        struct stat status = {0};
        attributes(device_of(request), entries[i].inode, &status);
        size_t need = fuse_add_direntry(request, buffer + used, limit - used, entries[i].name, &status, (off_t)i + 1);
        if (need > limit - used) {
            break;
        }
        used += need;
    }
    fuse_reply_buf(request, buffer, used);
}

// Direct: the kernel keeps no page of these files, so every read and write comes here, in order, before it returns.
static void on_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file) {
    if (inode != DISK && inode != MARKS) {
        fuse_reply_err(request, EISDIR);
        return;
    }
    file->direct_io = 1;
    fuse_reply_open(request, file);
}

static bool in_range(const struct device *device, off_t offset, uint64_t length) {
    return offset >= 0 && (uint64_t)offset <= device->size && length <= device->size - (uint64_t)offset;
}

static void on_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *file) {
    (void)file;
    static uint8_t buffer[MAX_REQUEST];
    const struct device *device = device_of(request);
    if (inode != DISK || offset < 0 || (uint64_t)offset >= device->size) {
        fuse_reply_buf(request, NULL, 0);
        return;
    }
    uint64_t rest = device->size - (uint64_t)offset;
    uint64_t length = size < rest ? size : rest;
    length = length < sizeof buffer ? length : sizeof buffer;
    int error = device->operations->read(device->context, (uint64_t)offset, length, buffer);
    if (error != 0) {
        fuse_reply_err(request, error);
    } else {
        fuse_reply_buf(request, (const char *)buffer, length);
    }
}

static int write_mark(const struct device *device, const char *text, size_t length) {
    char line[64];
    if (length >= sizeof line) {
        return EINVAL;
    }
    memcpy(line, text, length);
    line[length] = '\0';
    char *end = line;
    if (strncmp(line, "mark ", 5) != 0) {
        return EINVAL;
    }
    errno = 0;
    unsigned long long number = strtoull(line + 5, &end, 10);
    if (errno != 0 || end == line + 5 || strcmp(end, "\n") != 0) {
        return EINVAL;
    }
    return device->operations->mark(device->context, number);
}

static void on_write(fuse_req_t request, fuse_ino_t inode, const char *data, size_t length, off_t offset,
                     struct fuse_file_info *file) {
    (void)file;
    const struct device *device = device_of(request);
    int error = EFBIG;
    if (inode == MARKS) {
        error = write_mark(device, data, length);
    } else if (in_range(device, offset, length)) {
        error = device->operations->write(device->context, (uint64_t)offset, length, data);
    }
    if (error != 0) {
        fuse_reply_err(request, error);
    } else {
        fuse_reply_write(request, length);
    }
}

// The loop driver turns a flush of the block device (and the one that ends a forced unit access) into vfs_fsync(), which
// arrives here. FUSE_FLUSH, sent at close(2), is no promise of durability and isn't recorded.
static void on_fsync(fuse_req_t request, fuse_ino_t inode, int data_only, struct fuse_file_info *file) {
    (void)data_only;
    (void)file;
    const struct device *device = device_of(request);
    fuse_reply_err(request, inode == DISK ? device->operations->flush(device->context) : 0);
}

// The loop driver turns a discard and "write zeroes" into these; each leaves zeros.
static void on_fallocate(fuse_req_t request, fuse_ino_t inode, int mode, off_t offset, off_t length,
                         struct fuse_file_info *file) {
    (void)file;
    const struct device *device = device_of(request);
    bool punches = (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0;
    int error = EOPNOTSUPP;
    if (inode == DISK && punches && (mode & FALLOC_FL_KEEP_SIZE) != 0) {
        bool fits = length >= 0 && in_range(device, offset, (uint64_t)length);
        error = fits ? device->operations->discard(device->context, (uint64_t)offset, (uint64_t)length) : EFBIG;
    }
    fuse_reply_err(request, error);
}

static void on_statfs(fuse_req_t request, fuse_ino_t inode) {
    (void)inode;
    const struct device *device = device_of(request);
    // The loop driver takes its discard granularity from f_bsize.
    struct statvfs status = {.f_bsize = BLOCK, .f_frsize = BLOCK, .f_namemax = 255};
    status.f_blocks = device->size / BLOCK;
    fuse_reply_statfs(request, &status);
}

static const struct fuse_lowlevel_ops OPERATIONS = {
    .init = on_init,
    .lookup = on_lookup,
    .getattr = on_getattr,
    .setattr = on_setattr,
    .readdir = on_readdir,
    .open = on_open,
    .read = on_read,
    .write = on_write,
    .fsync = on_fsync,
    .fallocate = on_fallocate,
    .statfs = on_statfs,
};

int device_mount(struct device *device, const char *folder, uint64_t size, const struct device_operations *operations,
                 void *context) {
    *device = (struct device){
        .folder = folder,
        .operations = operations,
        .context = context,
        .size = size,
    };
    char *arguments[] = {"logdevice", "-o", "fsname=logdevice,subtype=logdevice,default_permissions", NULL};
    struct fuse_args args = FUSE_ARGS_INIT(3, arguments);
    device->session = fuse_session_new(&args, &OPERATIONS, sizeof OPERATIONS, device);
    fuse_opt_free_args(&args);
    if (device->session == NULL) {
        return EIO;
    }
    if (fuse_session_mount(device->session, folder) != 0) {
        fuse_session_destroy(device->session);
        return EIO;
    }
    return 0;
}

int device_serve(struct device *device) {
    // One thread, so one request at a time: the order of the log is the order of the answers.
    int result = fuse_session_loop(device->session);
    return result < 0 ? -result : 0;
}

static void *serve(void *argument) {
    struct device *device = argument;
    int error = device_serve(device);
    if (error != 0) {
        fprintf(stderr, "logdevice: serving the device: %s\n", strerror(error));
    }
    return NULL;
}

int device_start(struct device *device) {
    return pthread_create(&device->thread, NULL, serve, device);
}

void device_stop(struct device *device) {
    // The next read of /dev/fuse fails with ENODEV, which ends the thread's loop. fuse_session_unmount() would close the
    // descriptor under it. Detached, because a loop device may still be letting go of the disk.
    if (umount2(device->folder, MNT_DETACH) != 0) {
        perror("logdevice: unmounting the device");
        fuse_session_exit(device->session);
    }
    pthread_join(device->thread, NULL);
    device_unmount(device);
}

void device_unmount(struct device *device) {
    fuse_session_unmount(device->session);
    fuse_session_destroy(device->session);
    device->session = NULL;
}
