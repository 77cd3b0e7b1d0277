#include "checker.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
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
    FILE *answers = fdopen(ends[0], "r");
    if (answers == NULL) {
        int error = errno;
        close(ends[0]);
        kill(-process, SIGKILL);
        waitpid(process, NULL, 0);
        return error;
    }
    *checker = (struct checker){.command = command, .process = process, .questions = ends[0], .answers = answers};
    return 0;
}

int checker_stop(struct checker *checker) {
    int status = 0;
    shutdown(checker->questions, SHUT_WR);
    while (waitpid(checker->process, &status, 0) < 0 && errno == EINTR) {
    }
    fclose(checker->answers);
    return status;
}

static struct verdict bad(const char *category, const char *text) {
    struct verdict verdict = {.good = false};
    snprintf(verdict.category, sizeof verdict.category, "%s", category);
    snprintf(verdict.text, sizeof verdict.text, "%s", text);
    return verdict;
}

// Ends what is left of the process and starts another.
static struct verdict replace(struct checker *checker, const char *category) {
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
        _exit(1);
    }
    return bad(category, text);
}

static bool has_answer(const struct checker *checker) {
    struct pollfd wait = {.fd = checker->questions, .events = POLLIN};
    int result;
    while ((result = poll(&wait, 1, PATIENCE_MILLISECONDS)) < 0 && errno == EINTR) {
    }
    return result > 0;
}

struct verdict checker_ask(struct checker *checker, const char *mountpoint, int64_t mark) {
    char line[VERDICT_TEXT];
    int length = snprintf(line, sizeof line, "%s %" PRId64 "\n", mountpoint, mark);
    if (send(checker->questions, line, (size_t)length, MSG_NOSIGNAL) != length) {
        return replace(checker, "died");
    }
    if (!has_answer(checker)) {
        return replace(checker, "hung");
    }
    if (fgets(line, sizeof line, checker->answers) == NULL) {
        return replace(checker, "died");
    }
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "ok") == 0) {
        return (struct verdict){.good = true};
    }
    char category[32];
    int used = 0;
    if (sscanf(line, "bad %31s %n", category, &used) != 1) {
        return bad("protocol", line);
    }
    return bad(category, line + used);
}
