#include "plan.h"

#include <errno.h>
#include <stdlib.h>

static int by_cut(const void *left, const void *right) {
    size_t a = ((const struct crash_state *)left)->cut;
    size_t b = ((const struct crash_state *)right)->cut;
    return (a > b) - (a < b);
}

// The first mark as a cut; behind the last record where there is none.
static size_t first_mark(const struct log *log) {
    size_t cut = 1;
    while (cut <= log->count && log->records[cut - 1].kind != RECORD_MARK) {
        cut++;
    }
    return cut;
}

int plan_make(struct plan *plan, const struct log *log, size_t replays, uint64_t seed) {
    *plan = (struct plan){0};
    size_t *whole = calloc(log->count + 1, sizeof *whole);
    size_t *pending = calloc(log->count + 1, sizeof *pending);
    plan->states = calloc(replays + 1, sizeof *plan->states);
    if (whole == NULL || pending == NULL || plan->states == NULL) {
        free(whole);
        free(pending);
        plan_release(plan);
        return ENOMEM;
    }
    // Right after a flush the device holds what it held right before it, whole: no boundary of its own.
    size_t whole_count = 0;
    size_t pending_count = 0;
    bool unflushed = false;
    size_t first = first_mark(log);
    for (size_t cut = 1; cut <= log->count; cut++) {
        enum record_kind kind = log->records[cut - 1].kind;
        unflushed = kind != RECORD_FLUSH && (unflushed || kind != RECORD_MARK);
        if (cut >= first && kind != RECORD_FLUSH) {
            whole[whole_count++] = cut;
            if (unflushed) {
                pending[pending_count++] = cut;
            }
        }
    }
    plan->boundaries = whole_count;
    size_t half = pending_count > 0 ? (replays + 1) / 2 : replays;
    plan->boundaries_tried = whole_count < half ? whole_count : half;
    uint64_t generator = seed;
    for (size_t i = 0; i < plan->boundaries_tried; i++) {
        // Evenly spread, and from another start with each seed.
        size_t shift = (size_t)(seed % whole_count);
        size_t cut = whole[(i * whole_count / plan->boundaries_tried + shift) % whole_count];
        plan->states[plan->count++] = (struct crash_state){.cut = cut, .kind = CRASH_WHOLE, .seed = 0};
    }
    while (plan->count < replays && pending_count > 0) {
        plan->states[plan->count++] = (struct crash_state){
            .cut = pending[random_below(&generator, pending_count)],
            .kind = (enum crash_kind)(CRASH_OMIT + random_below(&generator, CRASH_KINDS - CRASH_OMIT)),
            .seed = random_next(&generator) >> 32,
        };
    }
    free(whole);
    free(pending);
    qsort(plan->states, plan->count, sizeof *plan->states, by_cut);
    return 0;
}

void plan_release(struct plan *plan) {
    free(plan->states);
    *plan = (struct plan){0};
}
