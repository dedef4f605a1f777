// SPDX-License-Identifier: MIT
#include "meter.h"

#include <stdlib.h>
#include <string.h>

// Precedes every block, to check the size passed when it is resized or freed.
struct front {
    size_t size;
    size_t pad; // keeps malloc's alignment
};

static void drop(struct gv_meter *meter, void *block, size_t size) {
    if (block == NULL) return;
    struct front *front = (struct front *)block - 1;
    GV_ASSERT(front->size == size && meter->bytes >= size);
    meter->bytes -= size;
    free(front);
}

static void *meter_resize(void *ctx, void *block, size_t old_size, size_t new_size) {
    struct gv_meter *meter = ctx;
    if (new_size == 0) {
        drop(meter, block, old_size);
        return NULL;
    }
    meter->calls++;
    if (meter->allowance == 0) return NULL;
    meter->allowance--;
    struct front *front = malloc(sizeof *front + new_size);
    if (front == NULL) return NULL;
    *front = (struct front){new_size, 0};
    memset(front + 1, 0xa5, new_size); // fresh memory must not be assumed to be zero
    if (block != NULL) memcpy(front + 1, block, old_size < new_size ? old_size : new_size);
    drop(meter, block, old_size);
    meter->bytes += new_size;
    return front + 1;
}

struct gv_alloc gv_meter_alloc(struct gv_meter *meter) {
    *meter = (struct gv_meter){SIZE_MAX, 0, 0};
    return (struct gv_alloc){meter_resize, meter};
}
