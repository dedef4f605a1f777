// SPDX-License-Identifier: MIT
// The parts of a summary as bytes: see codec/PROTOCOL.md. Reading takes any bytes.
#ifndef GV_MERKLE_PART_H
#define GV_MERKLE_PART_H

#include "reconcile.h"

#ifdef __cplusplus
extern "C" {
#endif

enum gv_part_kind {
    GV_PART_SKIP,
    GV_PART_SUM,
    GV_PART_BOTH,
    GV_PART_LIST,
    GV_PART_SKETCH,
    GV_PART_PROBE,
    GV_PART_NONE,
    GV_PART_ROOT,
    GV_PART_WANT, // this and the next are written as lists, and told from them by their counts
    GV_PART_ASK,
    GV_PART_END, // there is no part
};

enum { GV_PART_REMAINDERS = 32 }; // a sketch's count is told modulo this

// Writes a part's kind, which is none of the last three, and its bound.
GV_API void gv_part_put_head(struct gv_writer *out, enum gv_part_kind kind, uint64_t lo,
                             uint64_t hi);
// Writes how many words follow in a list, a want or an ask.
GV_API void gv_part_put_count(struct gv_writer *out, enum gv_part_kind kind, uint32_t count);
// Writes the content of a sketch of so many items.
GV_API void gv_part_put_sketch(struct gv_writer *out, const struct gv_pinsketch *sketch,
                               uint64_t count);
// Writes an estimator, in three bytes.
GV_API void gv_part_put_estimator(struct gv_writer *out, uint32_t estimator);

// 4 bytes, the low one first.
GV_API void gv_part_put_u32(struct gv_writer *out, uint32_t value);
GV_API uint32_t gv_part_get_u32(struct gv_reader *in);

// Reads the next part, which begins where the one before it ended, into the state. False: there is
// none, or, with state->in.error set to GV_ESYNTAX, no writer writes it.
GV_API bool gv_part_next(struct gv_reconcile *state);

#ifdef __cplusplus
}
#endif
#endif
