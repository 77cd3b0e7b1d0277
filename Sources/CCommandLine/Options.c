#include "CCommandLine.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

// Values of long options lie above all letters.
enum { FIRST_VALUE = 256 };

void command_line_reset(void) {
    // 0 and not 1: glibc and musl then forget their own state too (getopt(3), NOTES).
    optind = 0;
    opterr = 0;
}

int command_line_index(void) {
    return optind;
}

// Tells why getopt_long refused a long option; it says '?' for three different faults.
static int fault(const char *written, const struct command_line_option *options, size_t count) {
    if (strncmp(written, "--", 2) != 0) return OPTION_UNKNOWN;
    const char *name = written + 2;
    size_t length = strcspn(name, "=");
    size_t matches = 0;
    for (size_t index = 0; index < count; index++) {
        if (strncmp(options[index].name, name, length) != 0) continue;
        if (options[index].name[length] == '\0') return OPTION_UNWANTED_ARGUMENT;
        matches++;
    }
    return matches == 0 ? OPTION_UNKNOWN : matches == 1 ? OPTION_UNWANTED_ARGUMENT : OPTION_AMBIGUOUS;
}

int command_line_next_option(
    int argc, char **argv, const struct command_line_option *options, size_t count, int stops_at_first, const char **argument)
{
    static char letter_text[] = "-?";
    struct option *longs = calloc(count + 1, sizeof *longs);
    char *letters = calloc(count * 2 + 3, 1);
    if (longs == NULL || letters == NULL) abort();
    char *end = letters;
    if (stops_at_first) *end++ = '+';
    *end++ = ':';
    for (size_t index = 0; index < count; index++) {
        longs[index].name = options[index].name;
        longs[index].has_arg = options[index].takes_argument ? required_argument : no_argument;
        longs[index].val = FIRST_VALUE + (int)index;
        if (options[index].letter != 0) {
            *end++ = (char)options[index].letter;
            if (options[index].takes_argument) *end++ = ':';
        }
    }
    optarg = NULL;
    int found = getopt_long(argc, argv, letters, longs, NULL);
    free(longs);
    free(letters);
    *argument = optarg;
    if (found == -1) return OPTION_END;
    if (found >= FIRST_VALUE) return found - FIRST_VALUE;
    if (found != '?' && found != ':') {
        for (size_t index = 0; index < count; index++) {
            if (options[index].letter == found) return (int)index;
        }
    }
    // A fault: optopt is the letter, or 0 or a long option's value.
    if (optopt < 0 || (optopt > 127 && optopt < FIRST_VALUE)) {
        // A byte of a character beyond ASCII: the whole word is told. It is the next one while more bytes of it follow.
        const char *next = optind < argc ? argv[optind] : "";
        *argument = next[0] == '-' && strchr(next, (char)optopt) != NULL ? next : argv[optind - 1];
        return OPTION_UNKNOWN;
    }
    if (optopt > 0 && optopt < FIRST_VALUE) {
        letter_text[1] = (char)optopt;
        *argument = letter_text;
        return found == ':' ? OPTION_MISSING_ARGUMENT : OPTION_UNKNOWN;
    }
    *argument = argv[optind - 1];
    return found == ':' ? OPTION_MISSING_ARGUMENT : fault(*argument, options, count);
}
