// SPDX-License-Identifier: MIT
// The byte encoding of the ranges of a summary (SUMMARIES.md). The reader accepts untrusted bytes.
// The writer sets out->full if a range does not fit.
#ifndef GV_MERKLE_RANGE_H
#define GV_MERKLE_RANGE_H

#include "pack.h"
#include "tree.h"

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
};

enum {
    GV_RANGE_LIST_MAX = 32,      // maximum number of short hashes in a list or request
    GV_RANGE_COUNT_MODULUS = 32, // a sketch carries its item count modulo this
};

// A range of a summary. Only range.c writes the members. A comment that starts with kinds says that
// the member is valid for these kinds only; for the others it is 0.
struct gv_range {
    uint64_t lo, hi;       // the positions [lo, hi), lo < hi
    struct gv_digest peer; // root, sum, digest: the peer's items here; a sum has no weighted_sum
    uint64_t from, to;     // probe: the positions [from, to) of the range
    size_t words;          // list, requests, sketch: offset of the words (gv_range_words)
    size_t end;            // offset of the next range
    uint32_t count;        // list, requests, sketch: number of words
    uint32_t estimator;    // root: estimator of the peer's items
    uint8_t kind;          // enum gv_range_kind
    uint8_t count_mod;     // sketch: the peer's count, modulo GV_RANGE_COUNT_MODULUS
};

// Writes the kind of the range [lo, hi), lo < hi, and its bound. For a request `kind` must be
// GV_RANGE_LIST.
void gv_range_put_header(struct gv_writer *out, enum gv_range_kind kind, uint64_t lo, uint64_t hi);
// Writes the number of words that follow in a list or request, 1 to GV_RANGE_LIST_MAX.
void gv_range_put_count(struct gv_writer *out, enum gv_range_kind kind, uint32_t count);
// Writes the content of a sketch range with `count` items: 33 bytes.
void gv_range_put_sketch(struct gv_writer *out, const struct gv_pinsketch *sketch, uint64_t count);
// Writes an estimator: 3 bytes.
void gv_range_put_estimator(struct gv_writer *out, uint32_t estimator);

// Reads the next range. `lo` is its first position: 0, or `hi` of the previous range. Returns false
// if the summary has no further range, or if the next range is malformed; in->error is then
// GV_ESYNTAX. *range is undefined after false.
bool gv_range_next(struct gv_reader *in, uint64_t lo, struct gv_range *range);

// Copies the words of the range from the summary that the range was read from: the short hashes of
// a list or request, the elements of a request, or the syndromes of a sketch. `words` has space for
// range->count words: at most GV_PINSKETCH_CAPACITY for a sketch or a request by element, otherwise
// at most GV_RANGE_LIST_MAX.
void gv_range_words(const struct gv_range *range, struct gv_slice summary, uint32_t *words);

#ifdef __cplusplus
}
#endif
#endif
