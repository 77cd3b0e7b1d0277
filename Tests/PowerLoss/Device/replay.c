#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "checker.h"
#include "loop.h"
#include "plan.h"
#include "replay_device.h"

// How many violations are told, and after how many states it is told how far the replay is.
enum { SHOWN_VIOLATIONS = 10, SHOWN_STEP = 1000, CATEGORIES = 16 };

struct tally {
    size_t replays;
    size_t of_kind[CRASH_KINDS];
    size_t violations;
    struct {
        char name[32];
        size_t count;
    } categories[CATEGORIES];
};

struct replayer {
    const struct replay_options *options;
    struct log log;
    struct replay_device device;
    struct checker checker;
    struct tally tally;
    struct verdict verdict;  // the last one
    char loop[LOOP_PATH];
    char device_folder[PATH_MAX];
    char mountpoint[PATH_MAX];
};

static volatile sig_atomic_t interrupted = 0;

static void interrupt(int signal) {
    interrupted = signal;
}

static int fail(const char *what, int error) {
    fprintf(stderr, "logdevice: %s: %s\n", what, strerror(error));
    return error;
}

// btrfs remembers a device by the file system's id and refuses one that is older than what it remembers.
static void forget_btrfs(const struct replayer *replayer) {
    if (strcmp(replayer->options->filesystem, "btrfs") != 0) {
        return;
    }
    int control = open("/dev/btrfs-control", O_RDWR | O_CLOEXEC);
    if (control < 0) {
        return;
    }
    struct btrfs_ioctl_vol_args arguments = {0};
    // Without a name: every device that isn't mounted. One that was never seen is no error.
    ioctl(control, BTRFS_IOC_FORGET_DEV, &arguments);
    close(control);
}

static void count_violation(struct tally *tally, const char *category) {
    tally->violations++;
    for (size_t i = 0; i < CATEGORIES; i++) {
        if (tally->categories[i].count == 0) {
            snprintf(tally->categories[i].name, sizeof tally->categories[i].name, "%s", category);
        }
        if (strcmp(tally->categories[i].name, category) == 0) {
            tally->categories[i].count++;
            return;
        }
    }
}

// Prints a violation; `logdevice image` makes the image of its state.
static void report(struct replayer *replayer, struct crash_state state, int64_t mark) {
    const struct verdict *verdict = &replayer->verdict;
    struct tally *tally = &replayer->tally;
    count_violation(tally, verdict->category);
    if (tally->violations > SHOWN_VIOLATIONS) {
        return;
    }
    char text[CRASH_STATE_TEXT];
    crash_state_print(state, text);
    printf("VIOLATION %s, --state %s, last mark %" PRId64 ": %s: %s\n", replayer->options->filesystem, text, mark,
           verdict->category, verdict->text);
    fflush(stdout);
}

// Mounts what the device shows now, has it checked and unmounts it.
static int judge(struct replayer *replayer, int64_t mark) {
    const struct replay_options *options = replayer->options;
    // Times of access are nobody's here, and cost writes.
    if (mount(replayer->loop, replayer->mountpoint, options->filesystem, MS_NOATIME, options->mount_options) != 0) {
        struct verdict *verdict = &replayer->verdict;
        const char *reason = strerror(errno);
        verdict->good = false;
        snprintf(verdict->category, sizeof verdict->category, "mount");
        snprintf(verdict->text, sizeof verdict->text, "the file system can't be mounted: %s", reason);
        forget_btrfs(replayer);
        return 0;
    }
    checker_ask(&replayer->checker, replayer->mountpoint, mark, &replayer->verdict);
    if (umount2(replayer->mountpoint, 0) != 0) {
        return fail("the check left something open: umount", errno);
    }
    forget_btrfs(replayer);
    return 0;
}

// Makes the device show a state, and the kernel forget what it showed before.
static int show(struct replayer *replayer, struct crash_state state) {
    int error = replay_device_show(&replayer->device, state);
    if (error != 0) {
        return fail("showing a state", error);
    }
    error = loop_forget(replayer->loop);
    if (error != 0) {
        return fail("forgetting the state before", error);
    }
    error = replay_device_unseal(&replayer->device);
    return error == 0 ? 0 : fail("something was written to a device that nobody had mounted", error);
}

static int replay_one(struct replayer *replayer, struct crash_state state) {
    int64_t mark = log_last_mark(&replayer->log, state.cut);
    int error = show(replayer, state);
    if (error == 0) {
        error = judge(replayer, mark);
    }
    if (error != 0) {
        return error;
    }
    replayer->tally.replays++;
    replayer->tally.of_kind[state.kind]++;
    if (!replayer->verdict.good) {
        report(replayer, state, mark);
    }
    return 0;
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void summarize(const struct replayer *replayer, const struct plan *plan, double seconds) {
    const struct tally *tally = &replayer->tally;
    const char *filesystem = replayer->options->filesystem;
    size_t writes = log_count(&replayer->log, RECORD_WRITE);
    size_t flushes = log_count(&replayer->log, RECORD_FLUSH);
    size_t discards = log_count(&replayer->log, RECORD_DISCARD);
    // Mark 0 says that the workload begins; the others are acknowledged commits.
    int64_t last_mark = log_last_mark(&replayer->log, replayer->log.count);
    size_t commits = last_mark < 0 ? 0 : (size_t)last_mark;
    printf("%s: %zu records (%zu writes, %zu flushes, %zu discards, %zu commits); %zu replays", filesystem,
           replayer->log.count, writes, flushes, discards, commits, tally->replays);
    printf(" (%zu record boundaries whole, %zu with one write missing, %zu subsets, %zu torn)",
           tally->of_kind[CRASH_WHOLE], tally->of_kind[CRASH_OMIT], tally->of_kind[CRASH_SUBSET],
           tally->of_kind[CRASH_TORN]);
    printf("; %zu violations", tally->violations);
    size_t lost = 0;
    for (size_t i = 0; i < CATEGORIES && tally->categories[i].count > 0; i++) {
        printf("%s%zu %s", i == 0 ? " (" : ", ", tally->categories[i].count, tally->categories[i].name);
        lost += strcmp(tally->categories[i].name, "lost") == 0 ? tally->categories[i].count : 0;
    }
    printf("%s; %.1f s, %.1f ms each\n", tally->violations > 0 ? ")" : "", seconds,
           tally->replays > 0 ? seconds * 1000 / (double)tally->replays : 0);
    // For programs to read.
    printf("result replays=%zu boundaries=%zu commits=%zu lost=%zu violations=%zu\n", tally->replays, plan->boundaries,
           commits, lost, tally->violations);
    fflush(stdout);
}

static int replay_all(struct replayer *replayer) {
    const struct replay_options *options = replayer->options;
    struct plan plan = {0};
    int error = 0;
    if (options->alone) {
        plan.states = calloc(1, sizeof *plan.states);
        error = plan.states == NULL ? ENOMEM : 0;
        if (error == 0) {
            plan.states[0] = options->state;
            plan.count = 1;
        }
    } else {
        error = plan_make(&plan, &replayer->log, options->replays, options->seed);
    }
    if (error != 0) {
        return fail("planning", error);
    }
    double start = seconds_now();
    for (size_t i = 0; error == 0 && interrupted == 0 && i < plan.count; i++) {
        error = replay_one(replayer, plan.states[i]);
        if ((i + 1) % SHOWN_STEP == 0) {
            fprintf(stderr, "power loss: %s: %zu of %zu states, %zu violations\n", options->filesystem, i + 1, plan.count,
                    replayer->tally.violations);
        }
    }
    if (error == 0 && interrupted == 0) {
        summarize(replayer, &plan, seconds_now() - start);
    }
    plan_release(&plan);
    return interrupted != 0 ? EINTR : error;
}

static int make_folder(char path[PATH_MAX], const char *work, const char *name) {
    int length = snprintf(path, PATH_MAX, "%s/%s", work, name);
    if (length < 0 || length >= PATH_MAX) {
        return fail(work, ENAMETOOLONG);
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : fail(path, errno);
}

// The device, the loop device and the checker, in this order, around the replays.
static int with_checker(struct replayer *replayer) {
    int error = checker_start(&replayer->checker, replayer->options->check);
    if (error != 0) {
        return fail("starting the check", error);
    }
    error = replay_all(replayer);
    checker_stop(&replayer->checker);
    return error;
}

static int with_loop(struct replayer *replayer) {
    char disk[PATH_MAX];
    int length = snprintf(disk, sizeof disk, "%s/disk", replayer->device_folder);
    if (length < 0 || (size_t)length >= sizeof disk) {
        return fail(replayer->device_folder, ENAMETOOLONG);
    }
    int error = loop_attach(disk, (uint32_t)replayer->log.sector_size, replayer->loop);
    if (error != 0) {
        return fail("attaching a loop device", error);
    }
    error = with_checker(replayer);
    int detached = loop_detach(replayer->loop);
    if (detached != 0) {
        fail("detaching the loop device", detached);
    }
    return error != 0 ? error : detached;
}

static int with_device(struct replayer *replayer) {
    const struct replay_options *options = replayer->options;
    int error = make_folder(replayer->device_folder, options->work, "replayed");
    if (error == 0) {
        error = make_folder(replayer->mountpoint, options->work, "mounted");
    }
    if (error != 0) {
        return error;
    }
    error = replay_device_open(&replayer->device, replayer->device_folder, &replayer->log, &options->whole);
    if (error != 0) {
        return fail("opening the device", error);
    }
    error = with_loop(replayer);
    replay_device_close(&replayer->device);
    return error;
}

int replay(const struct replay_options *options) {
    // A signal ends the loop between two replays, so that nothing stays mounted.
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct replayer replayer = {.options = options};
    int error = log_open(&replayer.log, options->log_path);
    if (error != 0) {
        fail(options->log_path, error);
        return 2;
    }
    error = with_device(&replayer);
    log_release(&replayer.log);
    return error != 0 ? 2 : replayer.tally.violations > 0 ? 1 : 0;
}
