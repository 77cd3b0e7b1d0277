// A program that judges a mounted file system after a crash; it is started once and asked many times.
//
// It reads lines "MOUNTPOINT MARK" from its standard input, where MARK is the number of the last mark that the workload
// had written before the crash (-1: none), and answers each with a line "ok", or with a line "bad CATEGORY TEXT", any
// number of lines for a person to read, and a line ".". When it has answered it must have nothing open below the mount
// point.
#ifndef POWERLOSS_CHECKER_H
#define POWERLOSS_CHECKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct checker {
    const char *command;  // for sh -c
    pid_t process;
    int channel;  // questions out, answers in
};

enum { VERDICT_TEXT = 1 << 16 };

struct verdict {
    bool good;
    char category[32];
    char text[VERDICT_TEXT];  // lines, without the last line's end
};

int checker_start(struct checker *checker, const char *command);
int checker_stop(struct checker *checker);

// A checker that ends or doesn't answer for a minute gives a bad verdict, "died" or "hung", and is started again.
void checker_ask(struct checker *checker, const char *mountpoint, int64_t mark, struct verdict *verdict);

#endif
