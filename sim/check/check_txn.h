// SPDX-License-Identifier: MIT
// Transactions over registers, checked by a graph of their dependencies as in Adya, "Weak
// Consistency" (MIT 1999), and Elle (Kingsbury and Alvaro, VLDB 2020). Each key and value is
// written once, so a read names the transaction that it depends on. Terms:
//   committed   acknowledged, or of unknown outcome and seen by an acknowledged transaction
//   external    of a read: the transaction did not write this key before
//   wr          T1 wrote a version that T2 read
//   ww          T1's version of a key precedes T2's. Known where T2 read T1's version and then
//               wrote (as Maelstrom assumes), and where the final reads of all nodes show T2's:
//               every other version precedes that one
// What each consistency model forbids, beside what the weaker ones do:
//   read uncommitted  write cycles (G0: ww); reads that contradict the transaction's own writes;
//                     values that nobody wrote, or that were read before they were written;
//                     acknowledged writes that all nodes have lost; final reads that differ, and
//                     final reads of failed or overwritten writes
//   read committed    aborted reads (G1a), intermediate reads (G1b), circular information flow
//                     (G1c: ww and wr)
//   read atomic       fractured reads: T1 wrote x and y, T2 read T1's x and an earlier y (Bailis
//                     et al., "Scalable Atomic Visibility with RAMP Transactions", 2014). So where
//                     T2 read T1's x and T3's y, T3's y follows T1's; and two reads of a key return
//                     one version
#ifndef GV_SIM_CHECK_CHECK_TXN_H
#define GV_SIM_CHECK_CHECK_TXN_H

#include "../../codec/json.h"
#include "../core/history.h"
#include "../core/load_txn.h"
#include "consistency.h"
#include "verdict.h"

// Values of a read that returned null, and of one that returned nothing that can be checked. No
// transaction may write them.
#define GV_CHECK_TXN_NULL INT64_MIN
#define GV_CHECK_TXN_UNKNOWN (INT64_MIN + 1)

struct gv_check_txn_txn {
    size_t first;   // its operations in `ops`
    uint32_t count; // of them
    uint32_t node, client;
    enum gv_history_outcome outcome;
    bool final;                  // it only reads, at the end of the run
    bool may_be_lost;            // a fault destroyed its last copy
    bool seen;                   // an acknowledged transaction read one of its writes
    uint64_t invoked, completed; // indices of the history, for their order
};

struct gv_check_txn_result {
    uint64_t committed;
    uint64_t flows;  // external reads of what another transaction wrote
    uint64_t remote; // of these: the two were sent to different nodes
    uint64_t keys, versions;
    uint64_t may_be_lost; // committed transactions that a fault may have destroyed
    bool equal;           // the final reads of all nodes agree
};

struct gv_check_txn {
    uint32_t nodes;
    uint32_t models;               // values of enum gv_consistency; the strongest counts
    struct gv_check_txn_txn *txns; // in order of invocation
    size_t len, cap;
    struct gv_load_txn_op *ops; // a read has the value that it returned
    size_t ops_len, ops_cap;
    struct gv_load_txn_op *lost; // writes of gv_check_txn_allow_loss
    size_t lost_len, lost_cap;
    int64_t *values; // the values that a reply returned
    size_t values_cap;
    bool malformed;                    // a reply was malformed; later ones are only counted
    struct gv_check_txn_result result; // the result of gv_check_txn_finish
};

// `models`: one or more values of enum gv_consistency; the strongest implies the others.
void gv_check_txn_init(struct gv_check_txn *check, uint32_t nodes, uint32_t models);
void gv_check_txn_fini(struct gv_check_txn *check);

// Notes that a client is about to send a transaction; `ops` is copied. Returns its number.
size_t gv_check_txn_invoke(struct gv_check_txn *check, const struct gv_history_op *op,
                           uint32_t client, const struct gv_load_txn_op *ops, uint32_t count);
// Notes its outcome. `values`, if it succeeded: by operation, what each read returned; those of
// writes are ignored.
void gv_check_txn_complete(struct gv_check_txn *check, size_t number,
                           const struct gv_history_op *op, const int64_t *values);
// Notes the reply to a transaction that succeeded: `token` is the array of its operations. Errors:
// GV_VERDICT_MALFORMED_REPLY if they are not those of the request, and then the outcome is unknown;
// GV_VERDICT_PHANTOM if a read returned neither an integer nor null.
void gv_check_txn_reply(struct gv_check_txn *check, size_t number, const struct gv_history_op *op,
                        const struct gv_json *json, int token, struct gv_verdict_errors *errors);
// Notes that a fault destroyed the last copy of the transaction that wrote this version.
void gv_check_txn_allow_loss(struct gv_check_txn *check, int64_t key, int64_t value);

// Checks the history. Adds the first errors of each kind, those of the smallest cycles, and one
// that counts the others; each tells a story: which transactions, and why one precedes the next.
// O(n log n) but for the search for the smallest cycles (cycles.h).
struct gv_check_txn_result gv_check_txn_finish(struct gv_check_txn *check,
                                               struct gv_verdict_errors *errors);

// Call it after gv_check_txn_finish. Returns a sentence that says what a history without errors did
// not exercise. Returns NULL if a transaction read a value that another one had written, at another
// node if there are several nodes.
const char *gv_check_txn_lacks(const struct gv_check_txn *check);

#endif
