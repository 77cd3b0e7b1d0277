/// Calls a function for each entry of a directory but `.` and `..`.
#ifndef ENTRIES_H
#define ENTRIES_H

/// Returns 0, or -1 with errno, also where the function returns -1.
int for_each_entry(int directory, int (*function)(void *context, const char *name), void *context);

#endif
