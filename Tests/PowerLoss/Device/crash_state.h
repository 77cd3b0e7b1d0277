// What may be on a device after the power failed: everything up to the last flush, and some of what came after it.
#ifndef POWERLOSS_CRASH_STATE_H
#define POWERLOSS_CRASH_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "log.h"

// What becomes of the records between the last flush before the cut and the cut. Records are always applied in their
// order: with a subset of them, every sector ends as any one of the contents that a device with a write cache can leave.
enum crash_kind {
    CRASH_WHOLE,   // all of them are there
    CRASH_OMIT,    // all but one
    CRASH_SUBSET,  // a random subset
    CRASH_TORN,    // a random subset, in which some writes are there only in some of their sectors
};

enum { CRASH_KINDS = 4 };

struct crash_state {
    size_t cut;  // the power fails when records 1…cut have been received
    enum crash_kind kind;
    uint64_t seed;
};

// A write that touches one of these ranges is never torn: the file systems take their superblocks' writes for atomic.
struct whole_ranges {
    struct {
        uint64_t offset;
        uint64_t length;
    } items[8];
    size_t count;
};

const char *crash_kind_name(enum crash_kind kind);

// As text, "CUT:KIND:SEED".
enum { CRASH_STATE_TEXT = 64 };
void crash_state_print(struct crash_state state, char text[CRASH_STATE_TEXT]);
bool crash_state_parse(struct crash_state *state, const char *text);

// Applies records `from`+1…cut, of which the state decides, to an overlay that shows records 1…from, the last flush.
void crash_state_apply(struct crash_state state, const struct log *log, size_t from, const struct whole_ranges *whole,
                       struct overlay *overlay);

// A small random generator with 64 bits of state, splitmix64: the same seed gives the same state everywhere.
uint64_t random_next(uint64_t *generator);
uint64_t random_below(uint64_t *generator, uint64_t bound);

#endif
