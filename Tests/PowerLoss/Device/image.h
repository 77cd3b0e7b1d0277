// A device's content in memory: a flat image, and a throw-away overlay on top of it.
#ifndef POWERLOSS_IMAGE_H
#define POWERLOSS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Sparse: pages that were never written cost nothing.
struct image {
    uint8_t *bytes;
    uint64_t size;
};

int image_open(struct image *image, uint64_t size);
void image_release(struct image *image);
void image_write(struct image *image, uint64_t offset, uint64_t length, const void *data);
void image_discard(struct image *image, uint64_t offset, uint64_t length);

// Copy on write over an image; `overlay_reset` costs only as much as was written.
struct overlay {
    const struct image *below;
    uint8_t **pages;
    uint32_t *dirty;
    size_t dirty_count;
    uint8_t **spare;
    size_t spare_count;
};

int overlay_open(struct overlay *overlay, const struct image *below);
void overlay_release(struct overlay *overlay);
void overlay_reset(struct overlay *overlay);
void overlay_read(const struct overlay *overlay, uint64_t offset, uint64_t length, void *data);
void overlay_write(struct overlay *overlay, uint64_t offset, uint64_t length, const void *data);
void overlay_discard(struct overlay *overlay, uint64_t offset, uint64_t length);

// Writes what the overlay shows to a sparse file.
int overlay_save(const struct overlay *overlay, const char *path);

#endif
