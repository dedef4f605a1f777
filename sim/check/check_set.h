// SPDX-License-Identifier: MIT
// Sets: is every value that is known to be there found by all later reads, and how long did that
// take? Jepsen's set-full analysis, value by value, folded over the history as it happens; and,
// beyond it, that no read shows a value twice or one that was never added, and that the final
// reads are the same at every node.
//
// A value is known from its add's ok, or from the first ok read that shows it. It is stable if the
// read invoked last of those that show or miss it shows it; its stable latency is then the time
// from being known to the invocation of the last read that misses it, or 0. It is lost if it is
// known and the read invoked last misses it, having been invoked after the value was known.
#ifndef GV_SIM_CHECK_CHECK_SET_H
#define GV_SIM_CHECK_CHECK_SET_H

#include "../../codec/json.h"
#include "../core/history.h"
#include "../core/keys.h"
#include "verdict.h"

enum { GV_CHECK_SET_PHANTOMS_KEPT = 256 }; // told apart; further ones all count

// Indices are the history's plus one; 0 means never.
struct gv_check_set_element {
    uint64_t known, present, absent; // index of completion; of the last such reads' invocations
    gv_time known_at, absent_at;
    uint32_t witness; // the node that acknowledged it, or else showed it first; if it is known
    uint32_t lacks;   // the node whose read, of those invoked last, misses it; if one does
    bool acked;       // the witness acknowledged it
    bool refused;     // the add failed for certain …
    uint32_t refuser; // … at this node
    bool may_be_lost; // may be lost
    bool duplicated, phantom;
};

struct gv_check_set {
    uint32_t nodes;
    struct gv_keys *keys; // the values by their numbers; NULL: they are the numbers. Borrowed
    struct gv_check_set_element *elements; // by number: 0, 1, 2, …
    size_t len, cap;
    size_t known;
    uint32_t *marks; // times each value occurs in the read at hand
    size_t marks_cap;
    uint8_t **finals; // a node's final read: which values it shows; NULL before
    size_t *finals_len;
    char *phantoms[GV_CHECK_SET_PHANTOMS_KEPT];
    size_t phantoms_kept;
    uint64_t phantom, duplicated; // values
};

struct gv_check_set_result {
    uint64_t lost;
    uint64_t may_be_lost, allowed_lost; // values that may be lost, and those of them that are
    bool equal;                         // final reads
    struct gv_history_quantiles stable_latency;
};

void gv_check_set_init(struct gv_check_set *set, uint32_t nodes);
void gv_check_set_fini(struct gv_check_set *set);

// The next value, which must be the number of those before it, is about to be added.
void gv_check_set_invoke(struct gv_check_set *set, int64_t value);
// Its add ended well, or was refused for certain (which is an error if a read showed it).
void gv_check_set_ok(struct gv_check_set *set, const struct gv_history_op *op);
void gv_check_set_refused(struct gv_check_set *set, const struct gv_history_op *op,
                          struct gv_verdict_errors *errors);

// Whoever had this value forgot it by a fault that excuses that: it may be lost, or not.
void gv_check_set_allow_loss(struct gv_check_set *set, int64_t value);

// A read ended well and shows this array. Returns how many values known before its invocation it
// misses.
size_t gv_check_set_read(struct gv_check_set *set, const struct gv_history_op *op,
                         struct gv_json *json, int array, struct gv_verdict_errors *errors);

// How many of the values known before this index of the history the array misses; judges nothing.
size_t gv_check_set_missing(struct gv_check_set *set, uint64_t index, struct gv_json *json,
                            int array);

// The verdict; adds what is lost or differs to the errors.
struct gv_check_set_result gv_check_set_finish(struct gv_check_set *set,
                                               struct gv_verdict_errors *errors);

#endif
