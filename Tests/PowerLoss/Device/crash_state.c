#include "crash_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[CRASH_KINDS] = {"whole", "omit", "subset", "torn"};

uint64_t random_next(uint64_t *generator) {
    uint64_t mixed = *generator += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint64_t random_below(uint64_t *generator, uint64_t bound) {
    return random_next(generator) % bound;
}

const char *crash_kind_name(enum crash_kind kind) {
    return NAMES[kind];
}

void crash_state_print(struct crash_state state, char text[CRASH_STATE_TEXT]) {
    snprintf(text, CRASH_STATE_TEXT, "%zu:%s:%" PRIu64, state.cut, NAMES[state.kind], state.seed);
}

bool crash_state_parse(struct crash_state *state, const char *text) {
    char name[16];
    uint64_t cut;
    int used = 0;
    if (sscanf(text, "%" SCNu64 ":%15[a-z]:%" SCNu64 "%n", &cut, name, &state->seed, &used) != 3 || text[used] != '\0') {
        return false;
    }
    state->cut = (size_t)cut;
    for (int kind = 0; kind < CRASH_KINDS; kind++) {
        if (strcmp(name, NAMES[kind]) == 0) {
            state->kind = (enum crash_kind)kind;
            return true;
        }
    }
    return false;
}

static bool changes_content(const struct record *record) {
    return record->kind == RECORD_WRITE || record->kind == RECORD_DISCARD;
}

static void apply_whole(const struct record *record, struct overlay *overlay) {
    if (record->kind == RECORD_WRITE) {
        overlay_write(overlay, record->offset, record->length, record->data);
    } else {
        overlay_discard(overlay, record->offset, record->length);
    }
}

static bool may_tear(const struct record *record, const struct whole_ranges *whole) {
    for (size_t i = 0; i < whole->count; i++) {
        uint64_t start = whole->items[i].offset;
        uint64_t end = start + whole->items[i].length;
        if (record->offset < end && start < record->offset + record->length) {
            return false;
        }
    }
    return record->kind == RECORD_WRITE;
}

// Half of the torn writes end early, as when a disk stops; the others miss sectors anywhere, as when a cache does.
static void apply_torn(const struct record *record, uint64_t sector_size, uint64_t *generator,
                       struct overlay *overlay) {
    uint64_t sectors = (record->length + sector_size - 1) / sector_size;
    bool ends_early = random_below(generator, 2) == 0;
    uint64_t kept = ends_early ? random_below(generator, sectors + 1) : sectors;
    for (uint64_t sector = 0; sector < kept; sector++) {
        if (ends_early || random_below(generator, 2) == 0) {
            uint64_t start = sector * sector_size;
            uint64_t rest = record->length - start;
            uint64_t length = rest < sector_size ? rest : sector_size;
            overlay_write(overlay, record->offset + start, length, record->data + start);
        }
    }
}

void crash_state_apply(struct crash_state state, const struct log *log, size_t from, const struct whole_ranges *whole,
                       struct overlay *overlay) {
    uint64_t generator = state.seed;
    uint64_t changes = 0;
    for (size_t i = from; i < state.cut; i++) {
        changes += changes_content(&log->records[i]);
    }
    // How much survives differs from state to state: most of it, half, or little.
    uint64_t survivors_of_eight = (uint64_t[]){1, 4, 7}[random_below(&generator, 3)];
    uint64_t omitted = changes > 0 ? random_below(&generator, changes) : 0;
    uint64_t change = 0;
    for (size_t i = from; i < state.cut; i++) {
        const struct record *record = &log->records[i];
        if (!changes_content(record)) {
            continue;
        }
        bool survives = true;
        bool torn = false;
        switch (state.kind) {
        case CRASH_WHOLE:
            break;
        case CRASH_OMIT:
            survives = change != omitted;
            break;
        case CRASH_TORN:
            torn = random_below(&generator, 3) == 0 && may_tear(record, whole);
            survives = random_below(&generator, 8) < survivors_of_eight;
            break;
        case CRASH_SUBSET:
            survives = random_below(&generator, 8) < survivors_of_eight;
            break;
        }
        change++;
        if (torn) {
            apply_torn(record, log->sector_size, &generator, overlay);
        } else if (survives) {
            apply_whole(record, overlay);
        }
    }
}
