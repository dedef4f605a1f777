// SPDX-License-Identifier: MIT
// Two engines and a link between them in virtual time. Measures the cost until both have equal
// entries and no message is left to send. All messages are encoded, carried and decoded as nodes
// do.
#ifndef GV_TEST_BENCH_EXCHANGE_H
#define GV_TEST_BENCH_EXCHANGE_H

#include "../../engine/engine.h"
#include "../lib/arena.h"

#include <stdio.h>

// How the two replicas differ.
enum gv_exchange_pattern {
    GV_EXCHANGE_ANYWHERE = 'U', // extras at random positions, half of them at each side
    GV_EXCHANGE_NEWEST = 'C',   // the largest keys, all at one side
    GV_EXCHANGE_CHANGED = 'M',  // changed counters at random positions, half of them at each side
    GV_EXCHANGE_STRINGS = 'S',  // as 'U', but keys are strings
};

struct gv_exchange_plan {
    uint64_t items; // entries of both sides; with 'M', `diff` of these are changed at one side
    uint64_t diff;
    enum gv_exchange_pattern pattern;
    unsigned trip_ms; // round-trip time of the link, which both sides have measured before
    bool warm; // the sync follows an earlier one between both sides, with about as many other
               // differences
    size_t message_max; // longest body, bytes
    FILE *trace;        // file for a description of each message, long ones abridged; or NULL
};

struct gv_exchange_outcome {
    uint64_t packed;          // bytes of summaries, both ways, before base64
    uint64_t steps, messages; // messages with a summary, and all messages
    uint64_t bytes;           // bytes of all lines, both ways
    uint64_t entries;         // bytes of these lines that encode entries
    uint64_t cpu_us;          // processor time of both sides
    uint32_t
        expect[2]; // differences that each side expects next, at the time when they became equal
    bool equal;    // both sides have exactly the expected entries
    bool silent;   // no message was left to send
};

// The information-theoretic lower bound, in bytes, on average over all replicas of this size. For
// each side, identifying the entries that the other side lacks takes log2 of (entries over extras)
// bits, written as a binomial coefficient. Transferring them, as 64-bit entries, takes log2 of
// (2^64 over extras) bits more.
double gv_exchange_lower_bound(const struct gv_exchange_plan *plan);
double gv_exchange_lower_bound_with_items(const struct gv_exchange_plan *plan);

// Two engines with equal entries. Every run starts from this state.
struct gv_exchange;
struct gv_exchange *gv_exchange_new(const struct gv_exchange_plan *plan);
void gv_exchange_free(struct gv_exchange *exchange);

// Adds differences by this seed, and exchanges messages until both engines are silent. Odd seeds
// swap the sides. `plan` must equal the plan of gv_exchange_new, except for `trip_ms` and `warm`.
struct gv_exchange_outcome gv_exchange_run(struct gv_exchange *exchange,
                                           const struct gv_exchange_plan *plan, uint64_t seed);

#endif
