#define _GNU_SOURCE
#include "entries.h"
#include "calls.h"

#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct kernel_entry { // struct linux_dirent64 of getdents(2)
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

int for_each_entry(int directory, int (*function)(void *context, const char *name), void *context) {
    char buffer[32768] __attribute__((aligned(8)));
    for (;;) {
        long count = CALL(syscall(SYS_getdents64, directory, buffer, sizeof buffer));
        if (count <= 0) return (int)count;
        for (long at = 0; at < count;) {
            struct kernel_entry *entry = (struct kernel_entry *)(buffer + at);
            at += entry->length;
            if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0) continue;
            if (function(context, entry->name) < 0) return -1;
        }
    }
}
