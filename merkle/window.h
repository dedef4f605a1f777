// SPDX-License-Identifier: MIT
// The window of ranges that an answer reads ahead in the peer's summary, with their local digests.
// Internal to merkle/: rbsr.c answers the ranges, strategy.c samples them.
//
// A window parses up to GV_WINDOW_MAX ranges at a time and looks them up in batches
// (gv_tree_digest_below_batch), so that the cache misses overlap. It holds about 7 KiB, allocates
// nothing, and copies no lists and sketches: a range has the offset of its words.
#ifndef GV_MERKLE_WINDOW_H
#define GV_MERKLE_WINDOW_H

#include "range.h"

enum { GV_WINDOW_MAX = 48 }; // ranges

// A range of the summary. Only roots and ranges with sums have the two digests.
struct gv_window_range {
    struct gv_range range;
    struct gv_digest first; // local items before the range
    struct gv_digest mine;  // local items in the range
};

// The members are private. The tree must not change while the window is in use.
struct gv_window {
    const struct gv_tree *tree;
    const struct gv_digest_key *key;
    struct gv_reader in;  // reads the summary; at the end of the window's last range
    uint64_t lo;          // position at which the next range starts
    size_t start_at;      // offset and position from gv_window_init
    uint64_t start_lo;    //
    uint32_t count, next; // ranges in the window, and the index of the next one to return
    bool moved;           // ranges have been dropped from the window
    struct gv_window_range ranges[GV_WINDOW_MAX];
};

// Starts at offset `at` of the summary, where a range with the lower bound `lo` begins. Borrows all
// pointers. Reads nothing yet.
void gv_window_init(struct gv_window *window, const struct gv_tree *tree,
                    const struct gv_digest_key *key, struct gv_slice summary, size_t at,
                    uint64_t lo);

// The next range that is not a skip; valid until the next call. Returns NULL at the end of the
// summary or if the next range is malformed (gv_window_error).
const struct gv_window_range *gv_window_next(struct gv_window *window);

// 0, or GV_ESYNTAX after a malformed range. Valid after gv_window_next returned NULL.
int gv_window_error(const struct gv_window *window);

// Returns to the start. Parses the first ranges again only if the window has dropped them.
void gv_window_rewind(struct gv_window *window);

#endif
