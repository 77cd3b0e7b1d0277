/// Counts system calls where they are made.
#ifndef CALLS_H
#define CALLS_H

#include <stdatomic.h>
#include <stdint.h>

extern _Atomic uint64_t call_count;

/// Evaluates a system call, and counts it.
#define CALL(expression) (atomic_fetch_add_explicit(&call_count, 1, memory_order_relaxed), (expression))

/// Leaves the function with -1 where a system call fails.
#define TRY(expression)                                                                                                \
    do {                                                                                                               \
        if (CALL(expression) < 0) return -1;                                                                           \
    } while (0)

#endif
