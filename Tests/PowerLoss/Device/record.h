// `logdevice record`: serves an empty device and logs what it is asked to do.
#ifndef POWERLOSS_RECORD_H
#define POWERLOSS_RECORD_H

#include <stdint.h>

// Serves until the folder is unmounted; returns the process's exit status.
int record(const char *folder, uint64_t size, uint64_t sector_size, const char *log_path);

#endif
