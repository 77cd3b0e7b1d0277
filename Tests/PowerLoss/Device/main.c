// logdevice: a block device that logs what it is asked to do, and that log replayed up to any moment.
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash_state.h"
#include "image.h"
#include "log.h"
#include "record.h"
#include "replay.h"

static const char USAGE[] =
    "usage: logdevice record --size BYTES [--sector BYTES] --log FILE FOLDER\n"
    "           serve an empty device as FOLDER/disk until FOLDER is unmounted; log every request,\n"
    "           and every line \"mark N\" written to FOLDER/marks\n"
    "       logdevice replay --log FILE --filesystem TYPE [--options MOUNT-OPTIONS] --check COMMAND --work FOLDER\n"
    "                        [--replays N] [--seed N] [--state CUT:KIND:SEED] [--whole OFFSET:LENGTH]…\n"
    "           mount crash states of the log and have each checked\n"
    "       logdevice image --log FILE --state CUT:KIND:SEED [--whole OFFSET:LENGTH]… IMAGE\n"
    "           save one crash state\n"
    "       logdevice list --log FILE\n"
    "           print the log, one request a line\n";

enum { OPTION_SIZE = 1, OPTION_SECTOR, OPTION_LOG, OPTION_FILESYSTEM, OPTION_OPTIONS, OPTION_CHECK, OPTION_WORK, OPTION_REPLAYS,
       OPTION_SEED, OPTION_STATE, OPTION_WHOLE };

static const struct option OPTIONS[] = {
    {"size", required_argument, NULL, OPTION_SIZE},
    {"sector", required_argument, NULL, OPTION_SECTOR},
    {"log", required_argument, NULL, OPTION_LOG},
    {"filesystem", required_argument, NULL, OPTION_FILESYSTEM},
    {"options", required_argument, NULL, OPTION_OPTIONS},
    {"check", required_argument, NULL, OPTION_CHECK},
    {"work", required_argument, NULL, OPTION_WORK},
    {"replays", required_argument, NULL, OPTION_REPLAYS},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"state", required_argument, NULL, OPTION_STATE},
    {"whole", required_argument, NULL, OPTION_WHOLE},
    {0},
};

static _Noreturn void misuse(void) {
    fputs(USAGE, stderr);
    exit(2);
}

static uint64_t number(const char *text) {
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0') {
        misuse();
    }
    return value;
}

static void add_whole_range(struct whole_ranges *whole, const char *text) {
    uint64_t offset;
    uint64_t length;
    if (whole->count == sizeof whole->items / sizeof whole->items[0] ||
        sscanf(text, "%" SCNu64 ":%" SCNu64, &offset, &length) != 2) {
        misuse();
    }
    whole->items[whole->count].offset = offset;
    whole->items[whole->count].length = length;
    whole->count++;
}

static int save_image(const struct replay_options *options, const char *path) {
    struct log log;
    struct image below;
    struct overlay overlay;
    int error = log_open(&log, options->log_path);
    if (error != 0) {
        fprintf(stderr, "logdevice: %s: %s\n", options->log_path, strerror(error));
        return 2;
    }
    size_t flush = log_last_flush(&log, options->state.cut);
    error = options->state.cut > log.count ? ERANGE : image_open(&below, log.device_size);
    if (error == 0) {
        error = overlay_open(&overlay, &below);
    }
    if (error == 0) {
        struct crash_state durable = {.cut = flush, .kind = CRASH_WHOLE};
        crash_state_apply(durable, &log, 0, &options->whole, &overlay);
        crash_state_apply(options->state, &log, flush, &options->whole, &overlay);
        error = overlay_save(&overlay, path);
    }
    if (error != 0) {
        fprintf(stderr, "logdevice: %s: %s\n", path, strerror(error));
    }
    return error == 0 ? 0 : 2;
}

static int list(const struct replay_options *options) {
    static const char *const names[] = {"", "write", "flush", "discard", "mark"};
    struct log log;
    int error = log_open(&log, options->log_path);
    if (error != 0) {
        fprintf(stderr, "logdevice: %s: %s\n", options->log_path, strerror(error));
        return 2;
    }
    for (size_t i = 0; i < log.count; i++) {
        const struct record *record = &log.records[i];
        uint64_t microseconds = (record->nanoseconds - log.records[0].nanoseconds) / 1000;
        printf("%zu %" PRIu64 " µs %s", i + 1, microseconds, names[record->kind]);
        if (record->kind == RECORD_MARK) {
            printf(" %" PRIu64, record->offset);
        } else if (record->kind != RECORD_FLUSH) {
            printf(" %" PRIu64 " +%" PRIu64, record->offset, record->length);
        }
        putchar('\n');
    }
    return fflush(stdout) == 0 ? 0 : 2;
}

int main(int count, char *arguments[]) {
    struct replay_options options = {.replays = 2000, .seed = 1};
    uint64_t size = 0;
    uint64_t sector_size = 512;
    int option;
    while ((option = getopt_long(count, arguments, "", OPTIONS, NULL)) != -1) {
        switch (option) {
        case OPTION_SIZE:
            size = number(optarg);
            break;
        case OPTION_SECTOR:
            sector_size = number(optarg);
            break;
        case OPTION_LOG:
            options.log_path = optarg;
            break;
        case OPTION_FILESYSTEM:
            options.filesystem = optarg;
            break;
        case OPTION_OPTIONS:
            options.mount_options = optarg;
            break;
        case OPTION_CHECK:
            options.check = optarg;
            break;
        case OPTION_WORK:
            options.work = optarg;
            break;
        case OPTION_REPLAYS:
            options.replays = number(optarg);
            break;
        case OPTION_SEED:
            options.seed = number(optarg);
            break;
        case OPTION_STATE:
            options.alone = true;
            if (!crash_state_parse(&options.state, optarg)) {
                misuse();
            }
            break;
        case OPTION_WHOLE:
            add_whole_range(&options.whole, optarg);
            break;
        default:
            misuse();
        }
    }
    const char *command = optind < count ? arguments[optind] : "";
    const char *path = optind + 1 < count ? arguments[optind + 1] : NULL;
    if (options.log_path == NULL) {
        misuse();
    }
    // Pages of 4096 bytes are what image.c keeps.
    if (strcmp(command, "record") == 0 && path != NULL && size > 0 && size % 4096 == 0 &&
        (sector_size == 512 || sector_size == 4096)) {
        return record(path, size, sector_size, options.log_path);
    }
    if (strcmp(command, "replay") == 0 && options.filesystem != NULL && options.check != NULL && options.work != NULL) {
        return replay(&options);
    }
    if (strcmp(command, "image") == 0 && path != NULL && options.alone) {
        return save_image(&options, path);
    }
    if (strcmp(command, "list") == 0) {
        return list(&options);
    }
    misuse();
}
