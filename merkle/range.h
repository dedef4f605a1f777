// SPDX-License-Identifier: MIT
// The ranges of a summary as bytes: see codec/PROTOCOL.md. Reading takes any bytes.
#ifndef GV_MERKLE_RANGE_H
#define GV_MERKLE_RANGE_H

#include "reconcile.h"

#ifdef __cplusplus
extern "C" {
#endif

enum gv_range_kind {
    GV_RANGE_SKIP,
    GV_RANGE_SUM,
    GV_RANGE_DIGEST,
    GV_RANGE_LIST,
    GV_RANGE_SKETCH,
    GV_RANGE_PROBE,
    GV_RANGE_EMPTY,
    GV_RANGE_ROOT,
    GV_RANGE_REQUEST_HASHES, // this and the next are written as lists, and told from them by their
                             // counts
    GV_RANGE_REQUEST_ELEMENTS,
    GV_RANGE_END, // there is no range
};

enum { GV_RANGE_COUNT_MODULUS = 32 }; // a sketch's count is told modulo this

// Writes a range's kind, which is none of the last three, and its bound.
GV_API void gv_range_put_header(struct gv_writer *out, enum gv_range_kind kind, uint64_t lo,
                                uint64_t hi);
// Writes how many words follow in a list or a request.
GV_API void gv_range_put_count(struct gv_writer *out, enum gv_range_kind kind, uint32_t count);
// Writes the content of a sketch of so many items.
GV_API void gv_range_put_sketch(struct gv_writer *out, const struct gv_pinsketch *sketch,
                                uint64_t count);
// Writes an estimator, in three bytes.
GV_API void gv_range_put_estimator(struct gv_writer *out, uint32_t estimator);

// Reads the next range, which begins where the one before it ended, into the state. False: there is
// none, or, with state->in.error set to GV_ESYNTAX, no writer writes it.
GV_API bool gv_range_next(struct gv_reconcile *state);

#ifdef __cplusplus
}
#endif
#endif
