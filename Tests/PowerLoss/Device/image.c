#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static const uint8_t ZEROS[PAGE];

int image_open(struct image *image, uint64_t size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (bytes == MAP_FAILED) {
        return errno;
    }
    *image = (struct image){.bytes = bytes, .size = size};
    return 0;
}

void image_release(struct image *image) {
    munmap(image->bytes, image->size);
    *image = (struct image){0};
}

void image_write(struct image *image, uint64_t offset, uint64_t length, const void *data) {
    memcpy(image->bytes + offset, data, length);
}

void image_discard(struct image *image, uint64_t offset, uint64_t length) {
    uint64_t end = offset + length;
    uint64_t first = (offset + PAGE - 1) / PAGE * PAGE;
    uint64_t last = end / PAGE * PAGE;
    if (first >= last) {
        memset(image->bytes + offset, 0, length);
        return;
    }
    memset(image->bytes + offset, 0, first - offset);
    memset(image->bytes + last, 0, end - last);
    // On a private anonymous mapping the pages are zero-filled on the next access: madvise(2).
    if (madvise(image->bytes + first, last - first, MADV_DONTNEED) != 0) {
        memset(image->bytes + first, 0, last - first);
    }
}

int overlay_open(struct overlay *overlay, const struct image *below) {
    size_t count = (below->size + PAGE - 1) / PAGE;
    *overlay = (struct overlay){
        .below = below,
        .pages = calloc(count, sizeof *overlay->pages),
        .dirty = calloc(count, sizeof *overlay->dirty),
        .spare = calloc(count, sizeof *overlay->spare),
    };
    return overlay->pages == NULL || overlay->dirty == NULL || overlay->spare == NULL ? ENOMEM : 0;
}

void overlay_release(struct overlay *overlay) {
    overlay_reset(overlay);
    while (overlay->spare_count > 0) {
        free(overlay->spare[--overlay->spare_count]);
    }
    free(overlay->pages);
    free(overlay->dirty);
    free(overlay->spare);
    *overlay = (struct overlay){0};
}

void overlay_reset(struct overlay *overlay) {
    while (overlay->dirty_count > 0) {
        uint32_t page = overlay->dirty[--overlay->dirty_count];
        overlay->spare[overlay->spare_count++] = overlay->pages[page];
        overlay->pages[page] = NULL;
    }
}

// The bytes of a page of the image below; the last one may be short, so sizes are multiples of a page (see main.c).
static const uint8_t *page_below(const struct overlay *overlay, uint64_t page) {
    return overlay->below->bytes + page * PAGE;
}

static uint8_t *page_to_write(struct overlay *overlay, uint64_t page) {
    if (overlay->pages[page] == NULL) {
        uint8_t *fresh = overlay->spare_count > 0 ? overlay->spare[--overlay->spare_count] : malloc(PAGE);
        if (fresh == NULL) {
            perror("logdevice: no memory for the overlay");
            abort();
        }
        memcpy(fresh, page_below(overlay, page), PAGE);
        overlay->pages[page] = fresh;
        overlay->dirty[overlay->dirty_count++] = (uint32_t)page;
    }
    return overlay->pages[page];
}

static uint64_t piece_length(uint64_t offset, uint64_t length) {
    uint64_t rest = PAGE - offset % PAGE;
    return length < rest ? length : rest;
}

void overlay_read(const struct overlay *overlay, uint64_t offset, uint64_t length, void *data) {
    uint8_t *out = data;
    while (length > 0) {
        uint64_t piece = piece_length(offset, length);
        const uint8_t *page = overlay->pages[offset / PAGE];
        memcpy(out, (page != NULL ? page : page_below(overlay, offset / PAGE)) + offset % PAGE, piece);
        out += piece;
        offset += piece;
        length -= piece;
    }
}

void overlay_write(struct overlay *overlay, uint64_t offset, uint64_t length, const void *data) {
    const uint8_t *in = data;
    while (length > 0) {
        uint64_t piece = piece_length(offset, length);
        memcpy(page_to_write(overlay, offset / PAGE) + offset % PAGE, in, piece);
        in += piece;
        offset += piece;
        length -= piece;
    }
}

void overlay_discard(struct overlay *overlay, uint64_t offset, uint64_t length) {
    while (length > 0) {
        uint64_t piece = piece_length(offset, length);
        // A page that is zeros below and was never written stays so: a discard of the whole device costs nothing.
        bool written = overlay->pages[offset / PAGE] != NULL;
        if (written || memcmp(page_below(overlay, offset / PAGE), ZEROS, PAGE) != 0) {
            memset(page_to_write(overlay, offset / PAGE) + offset % PAGE, 0, piece);
        }
        offset += piece;
        length -= piece;
    }
}

int overlay_save(const struct overlay *overlay, const char *path) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) {
        return errno;
    }
    int error = ftruncate(descriptor, (off_t)overlay->below->size) == 0 ? 0 : errno;
    for (uint64_t offset = 0; error == 0 && offset < overlay->below->size; offset += PAGE) {
        uint8_t page[PAGE];
        overlay_read(overlay, offset, PAGE, page);
        if (memcmp(page, ZEROS, PAGE) != 0 && pwrite(descriptor, page, PAGE, (off_t)offset) != PAGE) {
            error = errno != 0 ? errno : EIO;
        }
    }
    if (close(descriptor) != 0 && error == 0) {
        error = errno;
    }
    return error;
}
