// A device that shows one crash state after another; what is written to it is thrown away with the next state.
//
// It is served by a process of its own: a process that both waited in mount(2) and served the device could not be killed.
#ifndef POWERLOSS_REPLAY_DEVICE_H
#define POWERLOSS_REPLAY_DEVICE_H

#include <sys/types.h>

#include "crash_state.h"
#include "log.h"

struct replay_device {
    pid_t server;
    int control;
};

// Mounts on the folder. Each returns 0 or an errno.
int replay_device_open(struct replay_device *device, const char *folder, const struct log *log,
                       const struct whole_ranges *whole);
void replay_device_close(struct replay_device *device);

// Shows another state, sealed: until `replay_device_unseal`, nobody may write. Between the two the caller makes the kernel
// forget the state before; a write that still comes from there is refused, and unsealing then fails with EBUSY.
int replay_device_show(const struct replay_device *device, struct crash_state state);
int replay_device_unseal(const struct replay_device *device);

#endif
