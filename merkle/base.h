// SPDX-License-Identifier: MIT
// What every room shares: error codes, slices, the allocator, asserts, and the export mark.
//
// Conventions of the whole library, stated once:
// - A function that can fail returns an int: 0 or a count on success, a negative GV_E* otherwise.
//   After a failure the arguments are as they were before the call, unless its comment says more.
// - `_init` and `_fini` work on memory of the caller's; `_new` and `_free` allocate.
// - Pointers passed in are borrowed for the call, unless the comment says "kept".
// - Nothing below node/ reads a clock, draws system randomness, does I/O or has global state:
//   time and seeds are arguments. One object belongs to one thread at a time. (Of a bug, once one
//   has shown, panic.h tells standard error, unless the program has it otherwise.)
#ifndef GV_MERKLE_BASE_H
#define GV_MERKLE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GV_API __attribute__((visibility("default")))
#else
#define GV_API
#endif

// Every error the library returns: name, value, meaning.
#define GV_ERRORS(X)                                   \
    X(GV_ENOMEM, -1, "out of memory")                  \
    X(GV_EFULL, -2, "a configured bound is reached")   \
    X(GV_ESPACE, -3, "longer than there is room for")  \
    X(GV_EINVAL, -4, "invalid argument")               \
    X(GV_ESYNTAX, -5, "malformed input")               \
    X(GV_ERANGE, -6, "number out of range")            \
    X(GV_ENOENT, -7, "not found")                      \
    X(GV_EVERSION, -8, "unsupported version")          \
    X(GV_ETYPE, -9, "value of the wrong type")         \
    X(GV_ECORRUPT, -10, "internal invariant violated") \
    X(GV_EIO, -11, "input or output failed")           \
    X(GV_EAUTH, -12, "not authentic")

enum gv_error {
#define GV_X(name, value, text) name = (value),
    GV_ERRORS(GV_X)
#undef GV_X
};

// A static text for 0 or a GV_E* code ("unknown error" for anything else). Never NULL.
GV_API const char *gv_base_error(int code);

// Bytes owned by somebody else. `data` may be NULL only where `len` is 0.
struct gv_slice {
    const uint8_t *data;
    size_t len;
};

// Monotonic time in nanoseconds, from any origin; the caller's clock.
typedef uint64_t gv_time;
#define GV_TIME_NEVER UINT64_MAX
#define GV_MS ((gv_time)1000000)

// So much after that time; at the latest GV_TIME_NEVER - 1, which the engine takes for never as
// well.
static inline gv_time gv_time_after(gv_time time, gv_time delay) {
    return delay < GV_TIME_NEVER - time ? time + delay : GV_TIME_NEVER - 1;
}

// Where memory comes from. `resize` acts like realloc, told the old size; new_size 0 frees and
// returns NULL. It returns NULL when it cannot, the old block left untouched. Must return blocks
// aligned as malloc's are. A NULL `resize` is not allowed: use gv_base_malloc for the C heap.
struct gv_alloc {
    void *(*resize)(void *ctx, void *block, size_t old_size, size_t new_size);
    void *ctx;
};

// The C heap as an allocator.
GV_API struct gv_alloc gv_base_malloc(void);

// Asserts stay on in every build: a broken invariant must not spread to other nodes. They are for
// bugs: what a caller or a message can get wrong is an error.
#define GV_ASSERT(condition) ((condition) ? (void)0 : gv_base_panic(#condition, __FILE__, __LINE__))

// Hints that the memory at this address will be read soon.
#if defined(__GNUC__)
#define GV_PREFETCH(address) __builtin_prefetch(address)
#else
#define GV_PREFETCH(address) ((void)(address))
#endif

// Says so by gv_panic_report (panic.h), which a program may replace, and ends the process by
// abort(); the arguments are in the core file, too.
#if defined(__GNUC__)
__attribute__((noreturn, cold))
#endif
GV_API void
gv_base_panic(const char *condition, const char *file, int line);

#ifdef __cplusplus
}
#endif
#endif
