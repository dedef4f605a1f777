// SPDX-License-Identifier: MIT
// Counters: every final read is the sum of the acknowledged additions and of some subset of the
// additions with unknown outcome; all final reads are equal; and no read is beyond what the
// additions invoked so far can explain.
#ifndef GV_SIM_CHECK_CHECK_COUNTER_H
#define GV_SIM_CHECK_CHECK_COUNTER_H

#include "verdict.h"

struct gv_check_counter {
    uint32_t nodes;
    int64_t sum;    // sum of the acknowledged additions
    int64_t *maybe; // additions with unknown outcome
    size_t maybe_len, maybe_cap;
    int64_t low, high;    // sum of all negative additions invoked; of all positive ones
    uint64_t may_be_lost; // amount that faults may have removed from the sum
    struct gv_check_counter_node {
        int64_t acked;   // sum of the additions that the node acknowledged
        int64_t refused; // sum of the additions that definitely failed
        int64_t final;   // the node's final read
        bool has_final;  // the node answered its final read
        bool reported;   // an error has been reported for a read of the node
    } * by_node;
};

void gv_check_counter_init(struct gv_check_counter *counter, uint32_t nodes);
void gv_check_counter_fini(struct gv_check_counter *counter);

// An addition is invoked. |delta| < 1000.
void gv_check_counter_invoke(struct gv_check_counter *counter, int64_t delta);
// Checks the value of a read. Error, at most once for each node: GV_VERDICT_PHANTOM.
void gv_check_counter_read(struct gv_check_counter *counter, uint32_t node, int64_t value,
                           struct gv_verdict_errors *errors);
// Notes that an addition succeeded, definitely failed, or has an unknown outcome. |delta| < 1000.
void gv_check_counter_ok(struct gv_check_counter *counter, uint32_t node, int64_t delta);
static inline void gv_check_counter_refused(struct gv_check_counter *counter, uint32_t node,
                                            int64_t delta) {
    counter->by_node[node].refused += delta;
}
void gv_check_counter_info(struct gv_check_counter *counter, int64_t delta);
// Notes that a fault destroyed the last copy of increments (`added`) or decrements by this amount:
// the sum may lack all or a part of it. `amount` is at most INT32_MAX.
void gv_check_counter_allow_loss(struct gv_check_counter *counter, bool added, uint64_t amount);
void gv_check_counter_final(struct gv_check_counter *counter, uint32_t node, int64_t value);

// Whether a final read may return this value. Time and memory are linear in the number of additions
// with unknown outcome.
bool gv_check_counter_accepts(const struct gv_check_counter *counter, int64_t value);

// Checks the final reads; returns whether they are equal. Errors: GV_VERDICT_FINAL_READS_DIFFER and
// GV_VERDICT_WRONG_SUM.
bool gv_check_counter_finish(const struct gv_check_counter *counter,
                             struct gv_verdict_errors *errors);

#endif
