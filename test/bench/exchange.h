// SPDX-License-Identifier: MIT
// Two engines and a link between them in virtual time: what it takes until both hold the same and
// have nothing more to say. All messages are encoded, carried and decoded as nodes do.
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
    uint64_t items; // that both hold; with 'M', of which `diff` are changed at one side
    uint64_t diff;
    enum gv_exchange_pattern pattern;
    unsigned trip_ms;   // the link's round trip, which both have measured before
    bool warm;          // both have synced before and found about as many other differences
    size_t message_max; // longest body, bytes
    FILE *trace;        // where to tell each message, unless it is long; NULL: nowhere
};

struct gv_exchange_outcome {
    uint64_t packed;          // bytes of summaries, both ways, before base64
    uint64_t steps, messages; // messages with a summary, and all of them
    uint64_t bytes;           // of whole lines, both ways
    uint64_t entries;         // of these, what spells entries
    uint64_t cpu_us;          // of both sides
    uint32_t expect[2];       // how many differences each side expects next, when they became equal
    bool equal;               // both hold the same entries, and none else
    bool silent;              // nothing was left to say
};

// The bytes that no protocol is below, on average over all replicas of this size: to tell each side
// which of its entries the other lacks, log2 of (entries over extras) bits; and to bring the other
// side so many 64-bit entries besides, log2 of (2^64 over extras).
double gv_exchange_lower_bound(const struct gv_exchange_plan *plan);
double gv_exchange_lower_bound_with_items(const struct gv_exchange_plan *plan);

// Two engines that hold the same; the seeds of a plan start from there, each.
struct gv_exchange;
struct gv_exchange *gv_exchange_new(const struct gv_exchange_plan *plan);
void gv_exchange_free(struct gv_exchange *exchange);

// Gives them differences by this seed, and lets them meet and speak until they are silent. Odd
// seeds swap the sides. `plan` may have another link, and be warm or not, than that of
// gv_exchange_new.
struct gv_exchange_outcome gv_exchange_run(struct gv_exchange *exchange,
                                           const struct gv_exchange_plan *plan, uint64_t seed);

#endif
