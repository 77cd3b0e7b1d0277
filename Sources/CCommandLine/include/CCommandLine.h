/// What Swift's Glibc module does not show: getopt_long(3), with its global variables behind functions, and wcwidth(3).
#ifndef CCOMMANDLINE_H
#define CCOMMANDLINE_H

#include <stddef.h>
#include <stdint.h>

/// What command_line_next_option found.
enum {
    OPTION_END = -1,
    OPTION_UNKNOWN = -2,
    OPTION_AMBIGUOUS = -3,
    OPTION_MISSING_ARGUMENT = -4,
    OPTION_UNWANTED_ARGUMENT = -5,
};

/// A long option.
struct command_line_option {
    const char *name;
    /// A letter, or 0.
    int letter;
    int takes_argument;
};

/// Starts over with other arguments.
void command_line_reset(void);

/// Finds the next option; moves other arguments behind all options, unless stops_at_first says to stop at the first.
///
/// Returns its place in options, or one of the values above. The argument is NULL where there is none; for a fault it is
/// the option as it was written.
int command_line_next_option(
    int argc, char **argv, const struct command_line_option *options, size_t count, int stops_at_first, const char **argument);

/// Where the arguments begin that are no options.
int command_line_index(void);

/// How many columns of a terminal a character takes: wcwidth(3), with 0 for what can't be printed.
int command_line_columns(uint32_t character);

#endif
