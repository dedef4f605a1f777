// SPDX-License-Identifier: MIT
// Sets: Jepsen's set-full analysis, computed while the history grows. Also checked: no read returns
// a value twice, or a value that was never added; and all final reads are equal. Terms:
//   known    a value whose addition was acknowledged, or that a read returned
//   stable   a known value that the read invoked last returned
//   stable latency
//            of a stable value: the time from when it was known to the invocation of the last read
//            that missed it; 0 if no read missed it afterwards
//   lost     a known value that the read invoked last missed, if it was known at that invocation
#ifndef GV_SIM_CHECK_CHECK_SET_H
#define GV_SIM_CHECK_CHECK_SET_H

#include "../../codec/json.h"
#include "../core/history.h"
#include "../core/keys.h"
#include "verdict.h"

enum { GV_CHECK_SET_PHANTOMS_KEPT = 256 }; // phantoms remembered, so that each is counted once

struct gv_check_set_element {
    // Indices of the history, plus 1; 0: never.
    uint64_t known;   // index of the completion that made the value known
    uint64_t present; // index of the invocation of the last read that returned the value
    uint64_t absent;  // index of the invocation of the last read that missed it
    gv_time known_at, absent_at;
    uint32_t witness; // the node that acknowledged a known value, or first returned it
    uint32_t misses;  // node of the last read that missed the value
    bool acked;       // the witness acknowledged it
    bool refused;     // its addition definitely failed
    uint32_t refuser; // the node that refused the addition
    bool may_be_lost; // a fault destroyed its last copy
    bool duplicated, phantom;
};

struct gv_check_set {
    uint32_t nodes;
    struct gv_keys *keys; // values by number; NULL: values are their numbers. Borrowed
    struct gv_check_set_element *elements; // by number: 0, 1, 2, …
    size_t len, cap;
    size_t known;    // values
    uint32_t *marks; // by number: how often the current read returned it
    size_t marks_cap;
    uint8_t **finals; // by node: whether its final read returned each value; NULL: no final read
    size_t *finals_len;
    char *phantoms[GV_CHECK_SET_PHANTOMS_KEPT];
    size_t phantoms_kept;
    uint64_t phantom, duplicated; // values
};

struct gv_check_set_result {
    uint64_t lost;
    uint64_t may_be_lost, allowed_lost; // known values that may be lost, and those that are lost
    bool equal;                         // all final reads are equal
    struct gv_history_quantiles stable_latency;
};

void gv_check_set_init(struct gv_check_set *set, uint32_t nodes);
void gv_check_set_fini(struct gv_check_set *set);

// Notes that the next value is about to be added. `value` is its number.
void gv_check_set_invoke(struct gv_check_set *set, int64_t value);
// Notes that an addition succeeded, or definitely failed. Error: GV_VERDICT_PHANTOM if it failed,
// but a read returned the value.
void gv_check_set_ok(struct gv_check_set *set, const struct gv_history_op *op);
void gv_check_set_refused(struct gv_check_set *set, const struct gv_history_op *op,
                          struct gv_verdict_errors *errors);

// Notes that a fault destroyed the last copy of this value, so its loss is allowed from now on.
static inline void gv_check_set_allow_loss(struct gv_check_set *set, int64_t value) {
    GV_ASSERT(value >= 0 && (uint64_t)value < set->len);
    set->elements[value].may_be_lost = true;
}

// Checks the array that a read returned. Returns how many of the values known before the read's
// invocation it misses. Errors: GV_VERDICT_PHANTOM and GV_VERDICT_DUPLICATE, once for each value.
size_t gv_check_set_read(struct gv_check_set *set, const struct gv_history_op *op,
                         struct gv_json *json, int array, struct gv_verdict_errors *errors);

// How many of the values known before this index of the history the array misses. Adds no error.
size_t gv_check_set_missing(struct gv_check_set *set, uint64_t index, struct gv_json *json,
                            int array);

// Checks the final reads. Errors: GV_VERDICT_LOST and GV_VERDICT_FINAL_READS_DIFFER.
struct gv_check_set_result gv_check_set_finish(struct gv_check_set *set,
                                               struct gv_verdict_errors *errors);

#endif
