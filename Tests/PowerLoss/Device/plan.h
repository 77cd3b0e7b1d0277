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
    size_t boundaries;        // distinct record boundaries since the first mark
    size_t boundaries_tried;  // of which this many are tried whole
};

// At most half of the replays, and only as many as there are, go to the record boundaries themselves; the rest are
// states in which something since the last flush is missing or torn. Cuts begin at the first mark: before it, the
// file system was being made.
int plan_make(struct plan *plan, const struct log *log, size_t replays, uint64_t seed);
void plan_release(struct plan *plan);

#endif
