// `logdevice replay`: shows crash states of a log, mounts each, and has it checked.
#ifndef POWERLOSS_REPLAY_H
#define POWERLOSS_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash_state.h"

struct replay_options {
    const char *log_path;
    const char *filesystem;      // as for mount(2)
    const char *mount_options;   // the same, may be NULL
    const char *check;           // a command, see checker.h
    const char *work;            // a folder; `replayed` and `mounted` are made in it
    size_t replays;
    uint64_t seed;
    bool alone;                  // only `state`
    struct crash_state state;
    struct whole_ranges whole;
};

// Returns the process's exit status: 0 without a violation, 1 with, 2 where the replay itself failed.
int replay(const struct replay_options *options);

#endif
