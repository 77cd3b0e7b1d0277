// Loop devices: loop(4).
#ifndef POWERLOSS_LOOP_H
#define POWERLOSS_LOOP_H

#include <stdint.h>

enum { LOOP_PATH = 32 };

// Attaches a free loop device, with direct I/O and sectors of a size, to a file; each returns 0 or an errno.
int loop_attach(const char *file, uint32_t sector_size, char path[LOOP_PATH]);
int loop_detach(const char *path);

// Drops the pages of the block device that the kernel may still hold.
int loop_forget(const char *path);

#endif
