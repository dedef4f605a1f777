// SPDX-License-Identifier: MIT
// Two trees that reconcile by messages, for tests and fuzzing of merkle/rbsr.h.
#ifndef GV_TEST_LIB_PAIR_H
#define GV_TEST_LIB_PAIR_H

#include "../../engine/prng.h"
#include "../../merkle/rbsr.h"

// One side. A position and a hash identify an item. Items that a side sends are put into the other
// side.
struct gv_pair_side {
    struct gv_tree tree;
    uint8_t *inbox; // the summary to be answered, `len` bytes
    size_t len;
};

struct gv_pair {
    struct gv_digest_key key;
    struct gv_item *items; // items of both sides, by their references
    size_t item_count, item_cap;
    struct gv_prng prng;
    uint32_t faults; // messages per 1,000 that are lost; as many are duplicated and reordered
    struct gv_rbsr_options options; // options for all answers
    struct gv_pair_side side[2];
    size_t capacity;    // longest summary of a message, bytes
    size_t sends_max;   // maximum number of items in a message, at least 1
    uint64_t salts;     // number of salts drawn
    uint64_t messages;  // messages with a summary or items
    uint64_t bytes;     // total length of the summaries
    uint64_t sent[2];   // items sent by side 0, and by side 1
    uint64_t redundant; // items sent although the other side had them
    uint64_t errors;    // summaries that were refused
};

void gv_pair_init(struct gv_pair *pair, uint64_t seed, size_t capacity, size_t sends_max);
void gv_pair_fini(struct gv_pair *pair);

// Puts an item into a side. Returns false if the side already has it.
bool gv_pair_add(struct gv_pair *pair, int side, uint64_t position, uint64_t hash);
bool gv_pair_has(const struct gv_pair *pair, int side, uint64_t position, uint64_t hash);

// Lets side `from` open an exchange, and runs it until no message is left or `messages_max`
// messages were sent. Summaries are answered in order, apart from the faults. Returns true if no
// message was left.
bool gv_pair_run(struct gv_pair *pair, int from, uint64_t messages_max);

// Passes any bytes as a summary to side `to` and drops the answer, at most `messages_max` messages.
// Returns true if the answer was complete.
bool gv_pair_answer(struct gv_pair *pair, int to, struct gv_slice summary, uint64_t messages_max);

// Writes an opening of this side into buf; returns its length.
size_t gv_pair_open(struct gv_pair *pair, int side, uint8_t *buf, size_t cap);

// Whether both sides have equal items. Aborts if the comparison of their roots gives another
// result.
bool gv_pair_equal(const struct gv_pair *pair);

#endif
