// The device's own test: the smallest correct way to replace a file, and the same without flushes. It is called as
// PowerLossWorkload is:
//
//   probe run powerLoss SEED MOUNTPOINT MARKS FIRST COUNT      write NAME.tmp, fsync, rename, fsync the folder, mark
//   probe run processCrash SEED MOUNTPOINT MARKS FIRST COUNT   the same without the two flushes
//   probe check DURABILITY SEED                                a check for `logdevice replay`
//
// The device is sound only if replays of the first lose nothing, and if replays of the second do.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 4, NUMBERS = 1500 };

// A file of commit N is N, over and over: one number that differs tells a torn file from a whole one.
struct content {
    uint32_t numbers[NUMBERS];
};

static void stop(const char *what) {
    perror(what);
    exit(2);
}

static void name_of(uint32_t commit, char name[32]) {
    snprintf(name, 32, "file-%u", commit % FILES);
}

static void save(int folder, uint32_t commit, bool flushes) {
    struct content content;
    char name[32];
    char temporary[40];
    for (size_t i = 0; i < NUMBERS; i++) {
        content.numbers[i] = commit;
    }
    name_of(commit, name);
    snprintf(temporary, sizeof temporary, "%s.tmp", name);
    int file = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || write(file, &content, sizeof content) != (ssize_t)sizeof content) {
        stop(temporary);
    }
    if ((flushes && fsync(file) != 0) || close(file) != 0 || renameat(folder, temporary, folder, name) != 0) {
        stop(temporary);
    }
    if (flushes && fsync(folder) != 0) {
        stop("fsync of the folder");
    }
}

static int work(const char *mountpoint, const char *marks_path, uint32_t first, uint32_t count, bool flushes) {
    int folder = open(mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int marks = open(marks_path, O_WRONLY | O_CLOEXEC);
    if (folder < 0 || marks < 0) {
        stop(marks_path);
    }
    for (uint32_t commit = first; commit < first + count; commit++) {
        save(folder, commit, flushes);
        if (dprintf(marks, "mark %u\n", commit) < 0) {
            stop(marks_path);
        }
    }
    return 0;
}

// Judges the file that commits N, N-FILES, … wrote; `due` is the last of them that was acknowledged.
static void judge(int folder, uint32_t due, int64_t mark, char verdict[256]) {
    struct content content;
    char name[32];
    name_of(due, name);
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        if ((int64_t)due <= mark) {
            snprintf(verdict, 256, "bad lost %s: %s, commit %u was acknowledged", name, strerror(errno), due);
        }
        return;
    }
    ssize_t length = read(file, &content, sizeof content);
    close(file);
    bool whole = length == (ssize_t)sizeof content;
    for (size_t i = 1; whole && i < NUMBERS; i++) {
        whole = content.numbers[i] == content.numbers[0];
    }
    if (!whole || content.numbers[0] == 0) {
        snprintf(verdict, 256, "bad torn %s: %zd bytes, not all of one commit", name, length);
    } else if ((int64_t)due <= mark && content.numbers[0] < due) {
        snprintf(verdict, 256, "bad lost %s: commit %u, but %u was acknowledged", name, content.numbers[0], due);
    }
}

static int check(void) {
    char line[4096];
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin) != NULL) {
        char verdict[256] = "ok";
        char mountpoint[3000];
        int64_t mark;
        if (sscanf(line, "%2999s %" SCNd64, mountpoint, &mark) != 2) {
            return 2;
        }
        int folder = open(mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0) {
            stop(mountpoint);
        }
        // The last commits up to the mark, one for each file; before there were so many, numbers behind the mark.
        uint32_t newest = mark < FILES ? FILES : (uint32_t)mark;
        for (uint32_t back = 0; back < FILES; back++) {
            judge(folder, newest - back, mark, verdict);
        }
        close(folder);
        puts(verdict);
        if (strcmp(verdict, "ok") != 0) {
            puts(".");
        }
    }
    return 0;
}

int main(int count, char *arguments[]) {
    if (count == 8 && strcmp(arguments[1], "run") == 0) {
        bool flushes = strcmp(arguments[2], "powerLoss") == 0;
        uint32_t first = (uint32_t)strtoul(arguments[6], NULL, 10);
        return work(arguments[4], arguments[5], first, (uint32_t)strtoul(arguments[7], NULL, 10), flushes);
    }
    if (count == 4 && strcmp(arguments[1], "check") == 0) {
        return check();
    }
    fputs("usage: probe run DURABILITY SEED MOUNTPOINT MARKS FIRST COUNT | probe check DURABILITY SEED\n", stderr);
    return 2;
}
