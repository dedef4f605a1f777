// SPDX-License-Identifier: MIT
// Definitions that every component shares: error codes, slices, time, the allocator, assertions.
//
// Conventions of the whole library:
// - A function that can fail returns an int: 0 or a count on success, a negative GV_E* code
//   otherwise. After a failure the arguments are unchanged, unless its comment says otherwise.
// - `_init` and `_fini` work on memory of the caller; `_new` and `_free` allocate and release.
// - A function borrows the pointers that it is passed until it returns, unless its comment says
//   "kept" or "borrowed until".
// - merkle/, codec/ and engine/ read no clock and no system randomness, do no I/O and have no
//   global state: time and seeds are arguments. The only output is the report of a failed assertion
//   (types.h).
// - An object is used by one thread at a time; no object has a lock. Different objects are
//   independent.
// - "Asserted" in a comment means: a violation is a bug of the caller and ends the process.
#ifndef GV_MERKLE_BASE_H
#define GV_MERKLE_BASE_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GV_PRINTF(format_at, values_at) __attribute__((format(printf, format_at, values_at)))
#else
#define GV_PRINTF(format_at, values_at)
#endif

static inline bool gv_slice_equal(struct gv_slice a, struct gv_slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

// `time` + `delay`, saturating at GV_TIME_NEVER - 1, which the engine also treats as never.
static inline gv_time gv_time_after(gv_time time, gv_time delay) {
    return delay < GV_TIME_NEVER - time ? time + delay : GV_TIME_NEVER - 1;
}

static inline gv_time gv_time_min(gv_time a, gv_time b) {
    return a < b ? a : b;
}
static inline gv_time gv_time_max(gv_time a, gv_time b) {
    return a > b ? a : b;
}

// `resize`; a new block, or NULL if memory is exhausted; and the release of a block, which may be
// NULL.
static inline void *gv_alloc_resize(struct gv_alloc alloc, void *block, size_t old_size,
                                    size_t new_size) {
    return alloc.resize(alloc.ctx, block, old_size, new_size);
}
static inline void *gv_alloc_new(struct gv_alloc alloc, size_t size) {
    return alloc.resize(alloc.ctx, NULL, 0, size);
}
static inline void gv_alloc_free(struct gv_alloc alloc, void *block, size_t size) {
    if (block != NULL) alloc.resize(alloc.ctx, block, size, 0);
}

// The number of elements of an array.
#define GV_COUNT(array) (sizeof(array) / sizeof *(array))

// Ends the process if the condition is false. Assertions are enabled in every build, so that a
// broken invariant does not spread to other nodes. They detect bugs only: invalid input is answered
// by an error code. The condition is evaluated once.
#define GV_ASSERT(condition) ((condition) ? (void)0 : gv_base_panic(#condition, __FILE__, __LINE__))

// Hints to the processor that the memory at this address will be read soon.
#if defined(__GNUC__)
#define GV_PREFETCH(address) __builtin_prefetch(address)
#else
#define GV_PREFETCH(address) ((void)(address))
#endif

// Reports a failed assertion by gv_panic_report (types.h), which a program may replace, then calls
// abort(). The arguments are static texts; they are kept in the stack frame for a core dump.
#if defined(__GNUC__)
__attribute__((noreturn, cold))
#endif
void
gv_base_panic(const char *condition, const char *file, int line);

#ifdef __cplusplus
}
#endif
#endif
