// SPDX-License-Identifier: MIT
// Memory of the simulator's own tables. A tool that runs out of memory can only say so: these
// print a line and end the process with GV_MEMORY_STATUS, so no caller has a NULL to handle. What
// they return is freed by free().
#ifndef GV_SIM_CORE_MEMORY_H
#define GV_SIM_CORE_MEMORY_H

#include "../../merkle/base.h"

enum { GV_MEMORY_STATUS = 2 }; // the exit status

// `size` bytes of zeros; size > 0.
void *gv_memory_new(size_t size);

// The same, not zeroed.
void *gv_memory_raw(size_t size);

// Makes room for at least `need` items of `size` bytes in `array` (NULL at first), which holds
// *cap of them; doubles, zeroes what is new, and updates *cap. Returns the array, maybe moved.
// (The first of the two is for where there is not enough room: mostly there is.)
void *gv_memory_more(void *array, size_t *cap, size_t need, size_t size);
static inline void *gv_memory_grow(void *array, size_t *cap, size_t need, size_t size) {
    return need <= *cap ? array : gv_memory_more(array, cap, need, size);
}

// The same as an allocator, for what takes one.
struct gv_alloc gv_memory_alloc(void);

// A copy of `len` bytes with a zero behind them.
char *gv_memory_copy(const void *bytes, size_t len);

#endif
