// SPDX-License-Identifier: MIT
// Two trees that reconcile through byte strings, for tests and fuzzing of merkle/reconcile.h.
#ifndef GV_TEST_LIB_PAIR_H
#define GV_TEST_LIB_PAIR_H

#include "../../engine/prng.h"
#include "../../merkle/reconcile.h"

// One side. An item is named by (position, hash); what is given to the peer is put in there.
struct gv_pair_side {
    struct gv_tree tree;
    uint8_t *inbox; // the summary to be answered, `len` bytes
    size_t len;
};

struct gv_pair {
    struct gv_digest_key key;
    struct gv_item *items; // all of both sides, by their references
    size_t item_count, item_cap;
    struct gv_prng prng;
    uint32_t faults;   // of 1000 messages so many are lost, repeated, or overtaken, each
    bool fewer_rounds; // how to cut
    bool use_sketches; // likewise
    uint32_t expected; // likewise
    struct gv_pair_side side[2];
    size_t capacity;    // bytes of summary a message may have
    size_t sends_max;   // items a message may have; at least 1
    uint64_t salts;     // drawn so far
    uint64_t messages;  // with a summary or items
    uint64_t bytes;     // of summaries
    uint64_t sent[2];   // items by side 0, by side 1
    uint64_t redundant; // sent, though the other side had them
    uint64_t errors;    // summaries refused
};

void gv_pair_init(struct gv_pair *pair, uint64_t seed, size_t capacity, size_t sends_max);
void gv_pair_fini(struct gv_pair *pair);

// Puts an item into a side, unless it is there. True: it was not.
bool gv_pair_add(struct gv_pair *pair, int side, uint64_t position, uint64_t hash);
bool gv_pair_has(const struct gv_pair *pair, int side, uint64_t position, uint64_t hash);

// Side `from` opens; answers go back and forth until nothing is left to say or `messages_max` have
// been sent. Summaries are answered in the order they came, but for the trouble. True: it ended by
// itself.
bool gv_pair_run(struct gv_pair *pair, int from, uint64_t messages_max);

// Gives side `to` one summary of any bytes to answer, and drops what it says, at most
// `messages_max` messages of it. True: the answer came to its end.
bool gv_pair_answer(struct gv_pair *pair, int to, struct gv_slice summary, uint64_t messages_max);

// The bytes of an opening by this side, into buf; returns the length.
size_t gv_pair_open(struct gv_pair *pair, int side, uint8_t *buf, size_t cap);

// Compares the items, and aborts if the roots tell something else.
bool gv_pair_equal(const struct gv_pair *pair);

#endif
