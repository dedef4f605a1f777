// SPDX-License-Identifier: MIT
// Definitions that every component shares: error codes, slices, time, the allocator, assertions and
// the export mark.
//
// Conventions of the whole library:
// - A function that can fail returns an int: 0 or a count on success, a negative GV_E* code
//   otherwise. After a failure the arguments are unchanged, unless its comment says otherwise.
// - `_init` and `_fini` work on memory of the caller; `_new` and `_free` allocate and release.
// - A function borrows the pointers that it is passed until it returns, unless its comment says
//   "kept" or "borrowed until".
// - merkle/, codec/ and engine/ read no clock and no system randomness, do no I/O and have no
//   global state: time and seeds are arguments. The only output is that of a failed assertion
//   (panic.h).
// - Objects are not locked: at most one thread may use an object at a time. Different objects are
//   independent.
// - "Asserted" in a comment means that a violation is a bug of the caller and ends the process.
#ifndef GV_MERKLE_BASE_H
#define GV_MERKLE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GV_API __attribute__((visibility("default")))
#define GV_PRINTF(format_at, values_at) __attribute__((format(printf, format_at, values_at)))
#else
#define GV_API
#define GV_PRINTF(format_at, values_at)
#endif

// Every error the library returns: name, value, meaning.
#define GV_ERRORS(X)                                    \
    X(GV_ENOMEM, -1, "out of memory")                   \
    X(GV_EFULL, -2, "a configured limit is reached")    \
    X(GV_ESPACE, -3, "longer than the space available") \
    X(GV_EINVAL, -4, "invalid argument")                \
    X(GV_ESYNTAX, -5, "malformed input")                \
    X(GV_ERANGE, -6, "number out of range")             \
    X(GV_ENOENT, -7, "not found")                       \
    X(GV_EVERSION, -8, "unsupported version")           \
    X(GV_ETYPE, -9, "value of the wrong type")          \
    X(GV_ECORRUPT, -10, "internal invariant violated")  \
    X(GV_EIO, -11, "input or output failed")            \
    X(GV_EAUTH, -12, "not authentic")

enum gv_error {
#define GV_X(name, value, text) name = (value),
    GV_ERRORS(GV_X)
#undef GV_X
};

// A static text for 0 ("success") or a GV_E* code; "unknown error" for any other code. Never NULL.
GV_API const char *gv_base_error(int code);

// Borrowed bytes. `data` may be NULL only if `len` is 0.
struct gv_slice {
    const uint8_t *data;
    size_t len;
};

// These bytes as a slice; those of a text, without its zero.
static inline struct gv_slice gv_slice_of(const void *data, size_t len) {
    struct gv_slice slice = {(const uint8_t *)data, len};
    return slice;
}
static inline struct gv_slice gv_slice_text(const char *text) {
    return gv_slice_of(text, strlen(text));
}
static inline bool gv_slice_equal(struct gv_slice a, struct gv_slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

// Monotonic time in nanoseconds since an arbitrary origin, read from the caller's clock.
typedef uint64_t gv_time;
#define GV_TIME_NEVER UINT64_MAX
#define GV_MS ((gv_time)1000000)

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

// An allocator. `resize` acts like realloc, with the block's old size (bytes) as an argument:
// - `block` NULL and old_size 0 allocate; new_size 0 frees the block and returns NULL.
// - It returns a block aligned like those of malloc, or NULL if memory is exhausted; the old block
//   is then unchanged.
// `resize` must not be NULL; gv_base_malloc is the allocator of the C heap. `ctx` is passed to each
// call.
struct gv_alloc {
    void *(*resize)(void *ctx, void *block, size_t old_size, size_t new_size);
    void *ctx;
};

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

// The C heap as an allocator.
GV_API struct gv_alloc gv_base_malloc(void);

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

// Reports a failed assertion by gv_panic_report (panic.h), which a program may replace, then calls
// abort(). The arguments are static texts; they are kept in the stack frame for a core dump.
#if defined(__GNUC__)
__attribute__((noreturn, cold))
#endif
GV_API void
gv_base_panic(const char *condition, const char *file, int line);

#ifdef __cplusplus
}
#endif
#endif
