// SPDX-License-Identifier: MIT
// The byte encoding of the ranges of a summary (codec/PROTOCOL.md, section "Summaries"). Reading
// accepts untrusted bytes. Writing requires that the caller left enough space; a range that does
// not fit sets out->full.
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
    GV_RANGE_REQUEST_HASHES,   // on the wire both requests have the kind of a list; the two high
    GV_RANGE_REQUEST_ELEMENTS, // bits of the count distinguish list and requests
    GV_RANGE_END,              // no current range; not on the wire
};

enum { GV_RANGE_COUNT_MODULUS = 32 }; // a sketch carries its item count modulo this

// Writes the kind of the range [lo, hi), lo < hi, and its bound. `kind` must not be one of the last
// three: for a request write the header of a list.
void gv_range_put_header(struct gv_writer *out, enum gv_range_kind kind, uint64_t lo, uint64_t hi);
// Writes the number of words that follow in a list or request, 1 to GV_RECONCILE_LIST_MAX.
void gv_range_put_count(struct gv_writer *out, enum gv_range_kind kind, uint32_t count);
// Writes the content of a sketch range with `count` items: 33 bytes.
void gv_range_put_sketch(struct gv_writer *out, const struct gv_pinsketch *sketch, uint64_t count);
// Writes an estimator: 3 bytes.
void gv_range_put_estimator(struct gv_writer *out, uint32_t estimator);

// Reads the next range into the state; it starts at state->hi. False: the summary has no further
// range, or, with state->in.error set to GV_ESYNTAX, the next one is malformed.
bool gv_range_next(struct gv_reconcile *state);

#ifdef __cplusplus
}
#endif
#endif
