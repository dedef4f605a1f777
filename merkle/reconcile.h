// SPDX-License-Identifier: MIT
// Stateless range reconciliation: a peer's summary of its ranges in, my answer out.
//
// A summary cuts the places into consecutive parts and says one thing about each:
//   skip    nothing to say
//   digest  "I hold `count` items here, and their salted fingerprint is this"
//   list    "I hold exactly these items here": places, each with a 32-bit salted fingerprint
//   want    "send me what you hold at these places"
// The answer to a digest that matches is a skip; to one that differs, digests of narrower parts,
// cut by rank, or a list once few items are left. To a list the answer is what the peer lacks,
// given outright, and a want for what I lack. So both sides finish, in O(log n) messages, and
// each message can be answered by itself: loss, repetition and reordering cost a retry.
// After A. Meyer, "Range-Based Set Reconciliation" (SRDS 2023), sections III and IV.
//
// The byte format is in codec/PROTOCOL.md. Reading a summary allocates nothing, and costs time in
// proportion to its length and to what has to be given, whatever its bytes are.
#ifndef GV_MERKLE_RECONCILE_H
#define GV_MERKLE_RECONCILE_H

#include "pack.h"
#include "tree.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_RECONCILE_SPLIT = 16,     // parts that a differing range is cut into
    GV_RECONCILE_LIST = 32,      // most items that are listed rather than cut
    GV_RECONCILE_ROOM_MIN = 512, // smallest `summary.cap` of an answer, bytes
    GV_RECONCILE_ROOT_MAX = 8 + 2 + GV_PACK_VARINT_MAX + 8, // longest opening, bytes
};

// Writes the opening of an exchange, the digest of everything under this salt: at most
// GV_RECONCILE_ROOT_MAX bytes.
GV_API void gv_reconcile_open(const struct gv_tree *tree, const struct gv_digest_key *key,
                              uint64_t salt, struct gv_writer *out);

// Whether a summary is the opening of an exchange: one digest of everything.
GV_API bool gv_reconcile_opens(struct gv_slice summary);

// An answer under way. It may take several messages; between them the tree may change.
struct gv_reconcile {
    struct gv_reader in; // borrows the peer's summary until the answer is done
    uint64_t salt;       // the peer's
    uint64_t lo, hi;     // the part being answered …
    size_t payload;      // … whose content starts here in the summary
    uint64_t place;      // answered below this place …
    uint64_t equals;     // … and for so many items at it
    uint8_t kind;        // of the part
    uint8_t stage;
    bool done;
};

// One message's worth of answer. The caller sets `summary` (empty), `salt` (fresh), `give` and
// `ctx`, and `wrote` to 0.
struct gv_reconcile_out {
    struct gv_writer summary; // stays empty if there is nothing to say beside what is given
    uint64_t salt;
    uint64_t wrote; // upper bound of the last part written
    // Called for each item that the peer lacks, with the bytes that the summary takes so far;
    // false: no room left in this message, ask again in the next one.
    bool (*give)(void *ctx, uint32_t ref, size_t summary_len);
    void *ctx;
};

// Starts answering. GV_ESYNTAX: too short to hold a salt.
GV_API int gv_reconcile_begin(struct gv_reconcile *state, struct gv_slice summary);

// Answers until the summary is used up (returns 0, and state->done) or the message is full
// (returns 1: call again with an empty one). GV_ESYNTAX: the rest of the summary is malformed
// (what was written so far stays good); the answer is then done.
// out->summary.cap must be at least GV_RECONCILE_ROOM_MIN at the first call for each message, and
// `give` must accept at least one item in an empty message.
GV_API int gv_reconcile_answer(struct gv_reconcile *state, const struct gv_tree *tree,
                               const struct gv_digest_key *key, struct gv_reconcile_out *out);

#ifdef __cplusplus
}
#endif
#endif
