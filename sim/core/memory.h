// SPDX-License-Identifier: MIT
// Memory for the simulator's tables. Without memory these functions print an error and end the
// process with GV_MEMORY_STATUS; they never return NULL. The caller frees the result by free(),
// which this header declares, too.
#ifndef GV_SIM_CORE_MEMORY_H
#define GV_SIM_CORE_MEMORY_H

#include "../../merkle/base.h"

#include <stdlib.h>

enum { GV_MEMORY_STATUS = 2 }; // the exit status

// The block that an allocation returned; NULL: out of memory.
void *gv_memory_checked(void *block);

// `size` bytes of zeros; size > 0.
void *gv_memory_new(size_t size);

// The same, not zeroed.
void *gv_memory_raw(size_t size);

// Sets `array` to `count` zeroed items of its type; count > 0.
#define GV_MEMORY_ARRAY(array, count) ((array) = gv_memory_new((count) * sizeof *(array)))

// Grows `array` (NULL at first), which has room for *cap items, to at least `need` items; doubles
// it, zeroes the new items, and updates *cap. gv_memory_more is its slow path: need > *cap.
#define GV_MEMORY_GROW(array, cap, need) \
    ((array) = gv_memory_grow(array, cap, need, sizeof *(array)))
void *gv_memory_more(void *array, size_t *cap, size_t need, size_t size);
static inline void *gv_memory_grow(void *array, size_t *cap, size_t need, size_t size) {
    return need <= *cap ? array : gv_memory_more(array, cap, need, size);
}

// Bytes that grow. Zeroed: none. The caller frees `data` by free().
struct gv_memory_bytes {
    char *data;
    size_t len, cap;
};
void gv_memory_append(struct gv_memory_bytes *bytes, const void *more, size_t len);

// A copy of `len` bytes, followed by a NUL.
char *gv_memory_copy(const void *bytes, size_t len);

#endif
