/// What Holdfast is measured against, in C: each does one job with the fewest system calls that do it.
#ifndef CONTENDERS_H
#define CONTENDERS_H

#include <stddef.h>
#include <stdint.h>

/// How a save becomes durable: the same as Holdfast's protocols of these names.
enum floor_protocol { FLOOR_NONE, FLOOR_EACH_FILE, FLOOR_ORDERED_JOURNAL };

/// A file to save.
struct floor_file {
    const char *name;
    const void *bytes;
    size_t size;
};

/// Saves files of a document as its next generation; every other entry of it is carried over by link. No lock, no
/// comparison, no metadata kept, nothing looked at twice: what any swap with this durability costs at least.
/// `store` is the store's open directory. Returns 0, or -1 with errno.
int floor_swap(int store, const char *document, const struct floor_file *files, size_t count,
               enum floor_protocol protocol);

/// The same for several documents, whose swaps share the flush behind them.
int floor_swap_batch(int store, const char *const *documents, size_t document_count, const struct floor_file *files,
                     size_t count, enum floor_protocol protocol);

/// Saves one file of a document: a temporary file beside it, and a rename over it.
int floor_replace(int store, const char *document, const struct floor_file *file, enum floor_protocol protocol);

/// The plain design: a directory beside the document gets the files and a copy of everything else, the document is
/// renamed aside, the new one into its place, and the old one is deleted. With `flushing`, files and directories are
/// flushed one after the other.
int plain_swap(int store, const char *document, const struct floor_file *files, size_t count, int flushing);

/// Reads files of a document by open, fstat, read and close. Returns how many bytes, or -1 with errno.
int64_t plain_read(int store, const char *document, const char *const *names, size_t count);

/// Counts the entries of a directory by readdir(3). Returns how many, or -1 with errno.
int64_t plain_list(int store);

/// Lists a store and every directory in it, on `threads` threads. Returns how many entries, or -1 with errno.
int64_t plain_scan(int store, int threads);

/// How many system calls these functions have made in this process.
uint64_t contender_calls(void);

#endif
