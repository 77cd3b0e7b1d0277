// A FUSE mount with two files: `disk`, the content of a block device for a loop device to sit on, and `marks`, into
// which a workload writes lines "mark N".
#ifndef POWERLOSS_DEVICE_H
#define POWERLOSS_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

// What the device does with each request. Calls come one at a time, in the order in which they were received, and a
// request is answered only when its call has returned. Each returns 0 or an errno.
struct device_operations {
    int (*read)(void *context, uint64_t offset, uint64_t length, void *data);
    int (*write)(void *context, uint64_t offset, uint64_t length, const void *data);
    int (*flush)(void *context);
    int (*discard)(void *context, uint64_t offset, uint64_t length);
    int (*mark)(void *context, uint64_t number);
};

struct device {
    struct fuse_session *session;
    const char *folder;
    const struct device_operations *operations;
    void *context;
    uint64_t size;
    pthread_t thread;
};

// Mounts on the folder; nothing is answered before `device_serve` or `device_start`.
int device_mount(struct device *device, const char *folder, uint64_t size, const struct device_operations *operations,
                 void *context);

// Answers requests until the folder is unmounted.
int device_serve(struct device *device);

// Answers requests on a thread of its own until `device_stop`.
int device_start(struct device *device);
void device_stop(struct device *device);

void device_unmount(struct device *device);

#endif
