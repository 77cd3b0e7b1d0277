#include "checker.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MILLISECONDS = 60000 };

int checker_start(struct checker *checker, const char *command) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return errno;
    }
    pid_t process = fork();
    if (process < 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return error;
    }
    if (process == 0) {
        // A group of its own, so that a hung check ends with everything that it has started.
        setpgid(0, 0);
        dup2(ends[1], STDIN_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    setpgid(process, process);
    close(ends[1]);
    *checker = (struct checker){.command = command, .process = process, .channel = ends[0]};
    return 0;
}

int checker_stop(struct checker *checker) {
    int status = 0;
    shutdown(checker->channel, SHUT_WR);
    while (waitpid(checker->process, &status, 0) < 0 && errno == EINTR) {
    }
    close(checker->channel);
    return status;
}

static void bad(struct verdict *verdict, const char *category, const char *text) {
    verdict->good = false;
    snprintf(verdict->category, sizeof verdict->category, "%s", category);
    snprintf(verdict->text, sizeof verdict->text, "%s", text);
}

// Ends what is left of the process and starts another.
static void replace(struct checker *checker, const char *category, struct verdict *verdict) {
    kill(-checker->process, SIGKILL);
    int status = checker_stop(checker);
    char text[128];
    if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "the check was ended by signal %d", WTERMSIG(status));
    } else {
        snprintf(text, sizeof text, "the check ended with status %d", WEXITSTATUS(status));
    }
    int error = checker_start(checker, checker->command);
    if (error != 0) {
        fprintf(stderr, "logdevice: the check can't be started again: %s\n", strerror(error));
        _exit(2);
    }
    bad(verdict, category, text);
}

// Reads up to the end of an answer into a string. Returns NULL, or what is wrong with the checker.
static const char *receive(const struct checker *checker, char answer[VERDICT_TEXT]) {
    size_t length = 0;
    for (;;) {
        struct pollfd wait = {.fd = checker->channel, .events = POLLIN};
        int ready = poll(&wait, 1, PATIENCE_MILLISECONDS);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            return "hung";
        }
        ssize_t got = read(checker->channel, answer + length, VERDICT_TEXT - 1 - length);
        if (got <= 0) {
            return length == VERDICT_TEXT - 1 ? "protocol" : "died";
        }
        length += (size_t)got;
        answer[length] = '\0';
        if (strcmp(answer, "ok\n") == 0 || (length > 3 && strcmp(answer + length - 3, "\n.\n") == 0)) {
            return NULL;
        }
    }
}

void checker_ask(struct checker *checker, const char *mountpoint, int64_t mark, struct verdict *verdict) {
    char *text = verdict->text;
    int length = snprintf(text, VERDICT_TEXT, "%s %" PRId64 "\n", mountpoint, mark);
    bool sent = send(checker->channel, text, (size_t)length, MSG_NOSIGNAL) == length;
    const char *failure = sent ? receive(checker, text) : "died";
    int category_end = 0;
    verdict->good = failure == NULL && strcmp(text, "ok\n") == 0;
    if (verdict->good) {
        return;
    }
    if (failure == NULL && sscanf(text, "bad %31[^ \n]%n", verdict->category, &category_end) != 1) {
        failure = "protocol";
    }
    if (failure != NULL) {
        replace(checker, failure, verdict);
        return;
    }
    text[strlen(text) - strlen("\n.\n")] = '\0';
    const char *rest = text + category_end;
    rest += *rest == ' ';
    memmove(text, rest, strlen(rest) + 1);
}
