// SPDX-License-Identifier: MIT
// Definitions that both public headers need: version, error codes, slices, time and the allocator.
// The installation copies this file into each of the two headers.
//
// Stability. GV_VERSION is MAJOR.MINOR.PATCH. While MAJOR is 0, a new MINOR may change the
// interface and then changes the name of the shared library; NEWS.md says how to adapt a program. A
// new PATCH never changes the interface. Structs with a `size` member, and those that are passed
// with their size, grow at the end. A function is marked deprecated for at least one MINOR before
// it is removed.
//
// Conventions:
// - A function that can fail returns an int: 0 or a count on success, a negative GV_E* code
//   otherwise.
// - A function borrows the pointers that it is passed until it returns, unless its comment says
//   otherwise.
#ifndef GV_MERKLE_TYPES_H
#define GV_MERKLE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GV_VERSION_MAJOR 0
#define GV_VERSION_MINOR 2
#define GV_VERSION_PATCH 0
#define GV_VERSION "0.2.0"

#if defined(__GNUC__)
#define GV_API __attribute__((visibility("default")))
#else
#define GV_API
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

// The version of the library in use; it may differ from GV_VERSION of the header.
GV_API const char *gv_version(void);

// A static text for 0 ("success") or a GV_E* code; "unknown error" for any other code. Never NULL.
GV_API const char *gv_base_error(int code);

// Borrowed bytes. `data` may be NULL only if `len` is 0.
struct gv_slice {
    const uint8_t *data;
    size_t len;
};

// Makes a slice of these bytes, or of a text without its terminating zero.
static inline struct gv_slice gv_slice_of(const void *data, size_t len) {
    struct gv_slice slice = {(const uint8_t *)data, len};
    return slice;
}
static inline struct gv_slice gv_slice_text(const char *text) {
    return gv_slice_of(text, strlen(text));
}

// Monotonic time in nanoseconds since an arbitrary origin, read from the caller's clock.
typedef uint64_t gv_time;
#define GV_TIME_NEVER UINT64_MAX
#define GV_MS ((gv_time)1000000)

// An allocator. `resize` acts like realloc, with the block's old size (bytes) as an argument:
// - `block` NULL and old_size 0 allocate; new_size 0 frees the block and returns NULL.
// - It returns a block aligned as by malloc, or NULL if memory is exhausted; the old block
//   is then unchanged.
// `resize` must not be NULL; gv_base_malloc is the allocator of the C heap. `ctx` is passed to each
// call.
struct gv_alloc {
    void *(*resize)(void *ctx, void *block, size_t old_size, size_t new_size);
    void *ctx;
};

// The C heap as an allocator.
GV_API struct gv_alloc gv_base_malloc(void);

// Called once, with static texts, before a failed assertion ends the process by abort(): the
// library has found a bug of its own, which no input from outside can cause. The default writes
// file, line and condition to standard error. A program replaces it by defining a function of this
// name, like operator new in C++: the linker prefers the program's definition, with the static
// library on every platform, with the shared one on ELF and Mach-O, where the default is a weak
// symbol. A replacement may call exit or longjmp; the objects in use must not be used again.
GV_API void gv_panic_report(const char *condition, const char *file, int line);

#ifdef __cplusplus
}
#endif
#endif
