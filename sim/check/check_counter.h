// SPDX-License-Identifier: MIT
// Counters: every final read must be the sum of the additions that ended well plus the sum of some
// of those whose end is not known; and all final reads must be the same.
#ifndef GV_SIM_CHECK_CHECK_COUNTER_H
#define GV_SIM_CHECK_CHECK_COUNTER_H

#include "verdict.h"

struct gv_check_counter {
    uint32_t nodes;
    int64_t sum;    // of the additions that ended well
    int64_t *maybe; // the others, but those refused for certain
    size_t maybe_len, maybe_cap;
    int64_t *acked;       // by node: of those that it acknowledged
    int64_t *refused;     // by node: of those that it refused for certain
    uint64_t may_be_lost; // additions that may be missing from the sum, by faults
    int64_t *finals;
    bool *has_final;
};

void gv_check_counter_init(struct gv_check_counter *counter, uint32_t nodes);
void gv_check_counter_fini(struct gv_check_counter *counter);

void gv_check_counter_ok(struct gv_check_counter *counter, uint32_t node, int64_t delta);
void gv_check_counter_refused(struct gv_check_counter *counter, uint32_t node, int64_t delta);
void gv_check_counter_info(struct gv_check_counter *counter, int64_t delta);
// Whoever had counted so much of the sum forgot it by a fault that excuses that: all of it, or any
// part, may be missing from the sum.
void gv_check_counter_allow_loss(struct gv_check_counter *counter, bool added, uint64_t amount);
void gv_check_counter_final(struct gv_check_counter *counter, uint32_t node, int64_t value);

// Whether a final read may be this value.
bool gv_check_counter_accepts(const struct gv_check_counter *counter, int64_t value);

// The verdict: whether all final reads are the same; adds what is wrong to the errors.
bool gv_check_counter_finish(const struct gv_check_counter *counter,
                             struct gv_verdict_errors *errors);

#endif
