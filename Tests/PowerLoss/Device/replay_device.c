#include "replay_device.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "image.h"

enum order { ORDER_SHOW, ORDER_UNSEAL };

struct message {
    enum order order;
    struct crash_state state;
};

// The server's side.
struct server {
    const struct log *log;
    const struct whole_ranges *whole;
    struct image durable;  // records 1…durable_cut
    size_t durable_cut;
    struct overlay overlay;
    bool sealed;
    uint64_t refused;
    pthread_mutex_t lock;  // between the device's thread and the one that takes orders
};

static int on_read(void *context, uint64_t offset, uint64_t length, void *data) {
    struct server *server = context;
    pthread_mutex_lock(&server->lock);
    overlay_read(&server->overlay, offset, length, data);
    pthread_mutex_unlock(&server->lock);
    return 0;
}

static int on_write(void *context, uint64_t offset, uint64_t length, const void *data) {
    struct server *server = context;
    pthread_mutex_lock(&server->lock);
    bool sealed = server->sealed;
    if (sealed) {
        server->refused++;
    } else {
        overlay_write(&server->overlay, offset, length, data);
    }
    pthread_mutex_unlock(&server->lock);
    return sealed ? EIO : 0;
}

static int on_flush(void *context) {
    (void)context;
    return 0;
}

static int on_discard(void *context, uint64_t offset, uint64_t length) {
    struct server *server = context;
    pthread_mutex_lock(&server->lock);
    bool sealed = server->sealed;
    if (sealed) {
        server->refused++;
    } else {
        overlay_discard(&server->overlay, offset, length);
    }
    pthread_mutex_unlock(&server->lock);
    return sealed ? EIO : 0;
}

static int on_mark(void *context, uint64_t number) {
    (void)context;
    (void)number;
    return EROFS;
}

static const struct device_operations OPERATIONS = {
    .read = on_read,
    .write = on_write,
    .flush = on_flush,
    .discard = on_discard,
    .mark = on_mark,
};

static int show(struct server *server, struct crash_state state) {
    if (state.cut > server->log->count) {
        return ERANGE;
    }
    size_t flush = log_last_flush(server->log, state.cut);
    overlay_reset(&server->overlay);
    if (flush < server->durable_cut) {
        image_discard(&server->durable, 0, server->durable.size);
        server->durable_cut = 0;
    }
    for (; server->durable_cut < flush; server->durable_cut++) {
        const struct record *record = &server->log->records[server->durable_cut];
        if (record->kind == RECORD_WRITE) {
            image_write(&server->durable, record->offset, record->length, record->data);
        } else if (record->kind == RECORD_DISCARD) {
            image_discard(&server->durable, record->offset, record->length);
        }
    }
    crash_state_apply(state, server->log, flush, server->whole, &server->overlay);
    server->sealed = true;
    server->refused = 0;
    return 0;
}

static int obey(struct server *server, const struct message *message) {
    int error = EINVAL;
    pthread_mutex_lock(&server->lock);
    switch (message->order) {
    case ORDER_SHOW:
        error = show(server, message->state);
        break;
    case ORDER_UNSEAL:
        server->sealed = false;
        error = server->refused == 0 ? 0 : EBUSY;
        break;
    }
    pthread_mutex_unlock(&server->lock);
    return error;
}

// Takes orders until the other end is closed; returns the process's exit status.
static int serve(struct server *server, const char *folder, int control) {
    struct device device;
    int error = image_open(&server->durable, server->log->device_size);
    if (error == 0) {
        error = overlay_open(&server->overlay, &server->durable);
    }
    if (error == 0) {
        error = device_mount(&device, folder, server->log->device_size, &OPERATIONS, server);
    }
    bool mounted = error == 0;
    if (mounted) {
        error = device_start(&device);
    }
    struct message message;
    while (write(control, &error, sizeof error) == sizeof error && error != EPIPE) {
        if (read(control, &message, sizeof message) != sizeof message) {
            break;
        }
        error = obey(server, &message);
    }
    if (mounted) {
        device_stop(&device);
    }
    return mounted ? 0 : 1;
}

static int receive(const struct replay_device *device) {
    int error;
    return read(device->control, &error, sizeof error) == sizeof error ? error : EPIPE;
}

static int order(const struct replay_device *device, const struct message *message) {
    // MSG_NOSIGNAL: a server that has died is an error to report, not a reason to die.
    if (send(device->control, message, sizeof *message, MSG_NOSIGNAL) != (ssize_t)sizeof *message) {
        return errno;
    }
    return receive(device);
}

int replay_device_open(struct replay_device *device, const char *folder, const struct log *log,
                       const struct whole_ranges *whole) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return errno;
    }
    pid_t server = fork();
    if (server < 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return error;
    }
    if (server == 0) {
        close(ends[0]);
        // Ctrl-C is for the process that has the device mounted; this one must outlive it.
        setsid();
        struct server state = {.log = log, .whole = whole, .sealed = true, .lock = PTHREAD_MUTEX_INITIALIZER};
        _exit(serve(&state, folder, ends[1]));
    }
    close(ends[1]);
    *device = (struct replay_device){.server = server, .control = ends[0]};
    int error = receive(device);
    if (error != 0) {
        replay_device_close(device);
    }
    return error;
}

void replay_device_close(struct replay_device *device) {
    close(device->control);
    int status;
    while (waitpid(device->server, &status, 0) < 0 && errno == EINTR) {
    }
    *device = (struct replay_device){.control = -1};
}

int replay_device_show(const struct replay_device *device, struct crash_state state) {
    struct message message = {.order = ORDER_SHOW, .state = state};
    return order(device, &message);
}

int replay_device_unseal(const struct replay_device *device) {
    struct message message = {.order = ORDER_UNSEAL};
    return order(device, &message);
}
