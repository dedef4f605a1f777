// SPDX-License-Identifier: MIT
// Reads of one node never go back: a set shows all that it showed before, a counter that only grows
// no less.
#ifndef GV_SIM_CHECK_CHECK_MONOTONIC_READS_H
#define GV_SIM_CHECK_CHECK_MONOTONIC_READS_H

#include "verdict.h"

struct gv_check_monotonic_reads {
    uint32_t nodes;
    struct gv_check_monotonic_reads_last {
        uint64_t *shown; // a set: a bit for each value
        size_t cap;      // words
        int64_t value;   // a counter
        bool any;
        bool reported; // an error; one a node is enough
    } * last;
};

void gv_check_monotonic_reads_init(struct gv_check_monotonic_reads *reads, uint32_t nodes);
void gv_check_monotonic_reads_fini(struct gv_check_monotonic_reads *reads);

// A read of this node shows the values whose marks are not 0; there are so many values.
void gv_check_monotonic_reads_set(struct gv_check_monotonic_reads *reads, uint32_t node,
                                  const uint32_t *marks, size_t count,
                                  struct gv_verdict_errors *errors);
// It shows this sum of additions that are never negative.
void gv_check_monotonic_reads_counter(struct gv_check_monotonic_reads *reads, uint32_t node,
                                      int64_t value, struct gv_verdict_errors *errors);
// A fault took what the node had.
void gv_check_monotonic_reads_reset(struct gv_check_monotonic_reads *reads, uint32_t node);

#endif
