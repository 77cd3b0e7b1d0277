#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

// One try; EBUSY where someone else has taken the device in the meantime.
static int attach_free(int control, int file, uint32_t sector_size, char path[LOOP_PATH]) {
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    if (number < 0) {
        return errno;
    }
    snprintf(path, LOOP_PATH, "/dev/loop%d", number);
    int device = open(path, O_RDWR | O_CLOEXEC);
    if (device < 0) {
        return errno;
    }
    struct loop_config config = {
        .fd = (unsigned)file,
        .block_size = sector_size,
        .info = {.lo_flags = LO_FLAGS_DIRECT_IO},
    };
    int error = ioctl(device, LOOP_CONFIGURE, &config) == 0 ? 0 : errno;
    close(device);
    return error;
}

int loop_attach(const char *file, uint32_t sector_size, char path[LOOP_PATH]) {
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) {
        return errno;
    }
    int descriptor = open(file, O_RDWR | O_CLOEXEC);
    int error = descriptor < 0 ? errno : EBUSY;
    while (descriptor >= 0 && error == EBUSY) {
        error = attach_free(control, descriptor, sector_size, path);
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    close(control);
    return error;
}

static int device_call(const char *path, unsigned long call) {
    int device = open(path, O_RDONLY | O_CLOEXEC);
    if (device < 0) {
        return errno;
    }
    int error = ioctl(device, call, 0) == 0 ? 0 : errno;
    close(device);
    return error;
}

int loop_detach(const char *path) {
    return device_call(path, LOOP_CLR_FD);
}

int loop_forget(const char *path) {
    return device_call(path, BLKFLSBUF);
}
