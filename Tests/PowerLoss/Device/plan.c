#include "plan.h"

#include <errno.h>
#include <stdbool.h>
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

// Lists the cuts that are boundaries of their own, and those of them behind which something isn't flushed yet. Right
// after a flush the device holds what it held right before it, whole: no boundary of its own.
static void find_cuts(const struct log *log, size_t *whole, size_t *whole_count, size_t *pending,
                      size_t *pending_count) {
    bool unflushed = false;
    size_t first = first_mark(log);
    for (size_t cut = 1; cut <= log->count; cut++) {
        enum record_kind kind = log->records[cut - 1].kind;
        unflushed = kind != RECORD_FLUSH && (unflushed || kind != RECORD_MARK);
        if (cut < first || kind == RECORD_FLUSH) {
            continue;
        }
        whole[(*whole_count)++] = cut;
        if (unflushed) {
            pending[(*pending_count)++] = cut;
        }
    }
}

int plan_make(struct plan *plan, const struct log *log, size_t replays, uint64_t seed) {
    *plan = (struct plan){0};
    size_t *whole = calloc(log->count + 1, sizeof *whole);
    size_t *pending = calloc(log->count + 1, sizeof *pending);
    plan->states = calloc(2 * log->count + replays + 1, sizeof *plan->states);
    if (whole == NULL || pending == NULL || plan->states == NULL) {
        free(whole);
        free(pending);
        plan_release(plan);
        return ENOMEM;
    }
    size_t pending_count = 0;
    find_cuts(log, whole, &plan->boundaries, pending, &pending_count);
    for (; plan->count < plan->boundaries; plan->count++) {
        plan->states[plan->count] = (struct crash_state){.cut = whole[plan->count], .kind = CRASH_WHOLE, .seed = 0};
    }
    size_t least = plan->boundaries + plan->boundaries / 2;
    size_t total = least > replays ? least : replays;
    uint64_t generator = seed;
    while (plan->count < total && pending_count > 0) {
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
