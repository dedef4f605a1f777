// SPDX-License-Identifier: MIT
// Monotonic reads: a read of a set returns every value that an earlier read of the same node
// returned, and a read of a grow-only counter no less than an earlier one.
#ifndef GV_SIM_CHECK_CHECK_MONOTONIC_READS_H
#define GV_SIM_CHECK_CHECK_MONOTONIC_READS_H

#include "verdict.h"

struct gv_check_monotonic_reads {
    uint32_t nodes;
    struct gv_check_monotonic_reads_last {
        uint64_t *shown; // sets: a bit for each value that was returned
        size_t cap;      // words
        int64_t value;   // counters: the latest read
        bool any;        // there was a read
        bool reported;   // an error has been reported; it is the only one
    } * last;
};

void gv_check_monotonic_reads_init(struct gv_check_monotonic_reads *reads, uint32_t nodes);
void gv_check_monotonic_reads_fini(struct gv_check_monotonic_reads *reads);

// Checks a read that returned the values whose marks are not 0; there are `count` marks. Error:
// GV_VERDICT_NON_MONOTONIC_READ.
void gv_check_monotonic_reads_set(struct gv_check_monotonic_reads *reads, uint32_t node,
                                  const uint32_t *marks, size_t count,
                                  struct gv_verdict_errors *errors);
// Checks a read of a grow-only counter. Error: GV_VERDICT_NON_MONOTONIC_READ.
void gv_check_monotonic_reads_counter(struct gv_check_monotonic_reads *reads, uint32_t node,
                                      int64_t value, struct gv_verdict_errors *errors);
// Notes that a fault destroyed the node's state: its next read may return anything.
void gv_check_monotonic_reads_reset(struct gv_check_monotonic_reads *reads, uint32_t node);

#endif
