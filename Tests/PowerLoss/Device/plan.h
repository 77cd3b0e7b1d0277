// Which crash states to try.
#ifndef POWERLOSS_PLAN_H
#define POWERLOSS_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "crash_state.h"
#include "log.h"

struct plan {
    struct crash_state *states;  // in order of their cuts, so that a device can go through them forwards
    size_t count;
    size_t boundaries;  // distinct record boundaries since the first mark
};

// Every record boundary is tried whole; then half as many states again, or enough to make `replays` of them in all, in
// which something since the last flush is missing or torn. Cuts begin at the first mark: before it, the file system was being
// made. The same log and seed give the same plan.
int plan_make(struct plan *plan, const struct log *log, size_t replays, uint64_t seed);
void plan_release(struct plan *plan);

#endif
