// SPDX-License-Identifier: MIT
// Checks transactions over registers by a graph of their dependencies, as in Adya, "Weak
// Consistency" (MIT 1999), and Elle (Kingsbury and Alvaro, VLDB 2020). A *version* is a key and a
// value; clients write each version once, so the value of a read identifies the transaction on
// which the read depends. Terms:
//   committed   the transaction was acknowledged, or its outcome is unknown and an acknowledged
//               transaction read one of its writes
//   external    a read of a key that its transaction has not written before
//   wr          T1 wrote a version that T2 read
//   ww          T1's version of a key precedes T2's. This is known if T2 read T1's version and then
//               wrote the key (as Maelstrom assumes), and if the final reads of all nodes return
//               T2's version, which then follows all other versions
// Each consistency model forbids the following, and everything that weaker models forbid:
//   read uncommitted  write cycles (G0: ww); reads that contradict the transaction's own writes;
//                     values that no transaction wrote, or that were read before they were
//                     written; acknowledged writes that all nodes have lost; final reads that
//                     differ, or that return failed or overwritten writes
//   read committed    aborted reads (G1a), intermediate reads (G1b), circular information flow
//                     (G1c: ww and wr)
//   read atomic       fractured reads: T1 wrote x and y, T2 read T1's x and an earlier y (Bailis
//                     et al., "Scalable Atomic Visibility with RAMP Transactions", 2014). So if T2
//                     read T1's x and T3's y, T3's y must follow T1's y (kind ATOMIC in
//                     check_txn.c). Two reads of a key in a transaction return one version
#ifndef GV_SIM_CHECK_CHECK_TXN_H
#define GV_SIM_CHECK_CHECK_TXN_H

#include "../../codec/json.h"
#include "../core/history.h"
#include "../core/load_txn.h"
#include "consistency.h"
#include "verdict.h"

// GV_CHECK_TXN_NULL is the value of a read that returned null, GV_CHECK_TXN_UNKNOWN of a read whose
// result cannot be checked. No transaction may write these values.
#define GV_CHECK_TXN_NULL INT64_MIN
#define GV_CHECK_TXN_UNKNOWN (INT64_MIN + 1)

struct gv_check_txn_txn {
    size_t first;   // index of its first operation in `ops`
    uint32_t count; // number of its operations
    uint32_t node, client;
    enum gv_history_outcome outcome;
    bool final;                  // it is a transaction of final reads
    bool may_be_lost;            // a fault has destroyed its last copy
    bool seen;                   // an acknowledged transaction read one of its writes
    uint64_t invoked, completed; // positions in the history
};

struct gv_check_txn_result {
    uint64_t committed;
    uint64_t flows;  // external reads that returned a value of another transaction
    uint64_t remote; // flows between transactions that were sent to different nodes
    uint64_t keys, versions;
    uint64_t may_be_lost; // committed transactions that a fault may have destroyed
    bool equal;           // the final reads of all nodes agree
};

struct gv_check_txn {
    uint32_t nodes;
    uint32_t models;               // bits of enum gv_consistency; the strongest model is checked
    struct gv_check_txn_txn *txns; // in order of invocation
    size_t len, cap;
    struct gv_load_txn_op *ops; // the value of a read is the value that it returned
    size_t ops_len, ops_cap;
    struct gv_load_txn_op *lost; // writes of gv_check_txn_allow_loss
    size_t lost_len, lost_cap;
    int64_t *values; // the values that a reply returned
    size_t values_cap;
    bool malformed; // a reply was malformed; later malformed replies are only counted
    struct gv_check_txn_result result; // as returned by gv_check_txn_finish
};

// `models` has bits of enum gv_consistency, at least one; the strongest model implies the others.
void gv_check_txn_init(struct gv_check_txn *check, uint32_t nodes, uint32_t models);
void gv_check_txn_fini(struct gv_check_txn *check);

// Call it before a client sends a transaction. `ops` is copied. Returns the number of the
// transaction.
size_t gv_check_txn_invoke(struct gv_check_txn *check, const struct gv_history_op *op,
                           uint32_t client, const struct gv_load_txn_op *ops, uint32_t count);
// Handles the end of a transaction. If it succeeded, `values` has the value of each operation;
// values of writes are ignored.
void gv_check_txn_complete(struct gv_check_txn *check, size_t number,
                           const struct gv_history_op *op, const int64_t *values);
// Handles the reply to a transaction that succeeded; `token` is the array of operations in the
// reply. Adds GV_VERDICT_MALFORMED_REPLY if they differ from the operations of the request, and
// treats the outcome as unknown; adds GV_VERDICT_PHANTOM if a read returned neither an integer nor
// null.
void gv_check_txn_reply(struct gv_check_txn *check, size_t number, const struct gv_history_op *op,
                        const struct gv_json *json, int token, struct gv_verdict_errors *errors);
// Call it when a fault has destroyed the last copy of the transaction that wrote this version.
void gv_check_txn_allow_loss(struct gv_check_txn *check, int64_t key, int64_t value);

// Checks the history. Of each kind of error, adds the first few (the smallest cycles first), and
// one error that counts the rest. The text of an error, its *story*, names the transactions and
// explains why each precedes the next. O(n log n), except for the search for the smallest cycles
// (cycles.h).
struct gv_check_txn_result gv_check_txn_finish(struct gv_check_txn *check,
                                               struct gv_verdict_errors *errors);

// After gv_check_txn_finish: returns a sentence about what a history without errors did not
// exercise. Returns NULL if a transaction read a value of another transaction, at another node if
// there are several.
const char *gv_check_txn_lacks(const struct gv_check_txn *check);

#endif
