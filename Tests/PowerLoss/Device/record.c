#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "image.h"
#include "log.h"

struct recorder {
    struct image image;
    struct log_writer log;
};

static int on_read(void *context, uint64_t offset, uint64_t length, void *data) {
    const struct recorder *recorder = context;
    memcpy(data, recorder->image.bytes + offset, length);
    return 0;
}

static int on_write(void *context, uint64_t offset, uint64_t length, const void *data) {
    struct recorder *recorder = context;
    image_write(&recorder->image, offset, length, data);
    return log_append(&recorder->log, RECORD_WRITE, offset, length, data);
}

static int on_flush(void *context) {
    struct recorder *recorder = context;
    return log_append(&recorder->log, RECORD_FLUSH, 0, 0, NULL);
}

static int on_discard(void *context, uint64_t offset, uint64_t length) {
    struct recorder *recorder = context;
    image_discard(&recorder->image, offset, length);
    return log_append(&recorder->log, RECORD_DISCARD, offset, length, NULL);
}

static int on_mark(void *context, uint64_t number) {
    struct recorder *recorder = context;
    return log_append(&recorder->log, RECORD_MARK, number, 0, NULL);
}

static const struct device_operations OPERATIONS = {
    .read = on_read,
    .write = on_write,
    .flush = on_flush,
    .discard = on_discard,
    .mark = on_mark,
};

int record(const char *folder, uint64_t size, uint64_t sector_size, const char *log_path) {
    struct recorder recorder;
    struct device device;
    int error = log_create(&recorder.log, log_path, size, sector_size);
    if (error != 0) {
        fprintf(stderr, "logdevice: %s: %s\n", log_path, strerror(error));
        return 1;
    }
    error = image_open(&recorder.image, size);
    if (error == 0) {
        error = device_mount(&device, folder, size, &OPERATIONS, &recorder);
    }
    if (error == 0) {
        error = device_serve(&device);
        device_unmount(&device);
        image_release(&recorder.image);
    }
    int log_error = log_close(&recorder.log);
    if (error != 0 || log_error != 0) {
        fprintf(stderr, "logdevice: recording failed: %s\n", strerror(error != 0 ? error : log_error));
        return 1;
    }
    return 0;
}
