// SPDX-License-Identifier: MIT
// Stateless range reconciliation: a peer's summary of its ranges in, my answer out.
//
// A summary cuts the places into consecutive parts and says one thing about each:
//   skip    nothing to say
//   root    "of everything I hold `count` items, with these sums and this tally"
//   sum     "I hold `count` items here, and their hashes add up to this"
//   both    … "and hash times place to that"
//   none    "I hold nothing here"
//   list    "the items I hold here have these 32-bit salted fingerprints"
//   want    "send me what you hold here with these fingerprints"
//   sketch  "the items I hold here have these sums of odd powers" (sketch.h)
//   ask     "send me what you hold here with these elements"
//   probe   "send me what you hold in this narrower range; if that is nothing, I was wrong about
//           the only difference between us in this part: go on with all of it"
// The answer to sums that match is nothing; to some that differ, the item itself if there is but
// one (peel.h), the run of items if they are those at one end, a list once few items are left, and
// else the sums or sketches of narrower parts, cut by rank. To a sketch that tells the differences
// the answer is the items of mine among them, and an ask for the others. To a list the answer is
// what the peer lacks, given outright, and a want for what I lack. So both sides finish, in O(log
// n) messages, and each message can be answered by itself: loss, repetition and reordering cost a
// retry. Each exchange has a fresh salt. Prints are taken under it. Sums are not, as peeling needs
// what they add up from; they are keyed, and what they hide once is found in the next exchange: the
// bounds of ranges are shifted under the salt, and where two sides have the same sum but differ in
// the sum of hash times place, as the root says of a difference that was missed, both are said from
// there on. After A. Meyer, "Range-Based Set Reconciliation" (SRDS 2023), sections III and IV.
//
// The byte format is in codec/PROTOCOL.md. Reading a summary allocates nothing, and costs time in
// proportion to its length and to the items in the ranges of its lists, wants, sketches and asks,
// which are disjoint: so in all, whatever its bytes are, no more than one pass over the items, and
// one over what has changed since the last sketch was asked for (gv_tree_sketch).
#ifndef GV_MERKLE_RECONCILE_H
#define GV_MERKLE_RECONCILE_H

#include "pack.h"
#include "tree.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_RECONCILE_LIST = 32,      // most items that are listed rather than cut
    GV_RECONCILE_PARTS = 4096,   // most parts that a range is cut into
    GV_RECONCILE_ROOM_MIN = 192, // smallest `summary.cap` of an answer, bytes
    GV_RECONCILE_ROOT_MAX = 1 + 1 + GV_PACK_VARINT_MAX + 16 + 3, // longest opening, bytes
};

// Writes the opening of an exchange, the root under this salt: at most GV_RECONCILE_ROOT_MAX
// bytes. The salt goes through the whole exchange. Nothing is written if an argument is NULL.
GV_API void gv_reconcile_open(const struct gv_tree *tree, uint8_t salt, struct gv_writer *out);

// Whether a summary is the opening of an exchange.
GV_API bool gv_reconcile_opens(struct gv_slice summary);

// An answer under way. It may take several messages; between them the tree may change.
struct gv_reconcile {
    struct gv_reader in; // borrows the peer's summary until the answer is done
    uint8_t salt;
    // How to cut; the caller may set these after gv_reconcile_begin.
    uint32_t expect; // differences to reckon with in everything; 0: unknown
    bool rounds;     // rather fewer messages than fewer bytes
    bool sketches;   // rather fewer bytes and messages than less work
    // The part being answered.
    uint64_t lo, hi;
    struct gv_digest peer;   // root, sum, both: what the peer has there
    uint32_t tally;          // root: likewise
    struct gv_sketch sketch; // of the first `words` …
    uint8_t words;
    uint8_t remains;                  // … and of the count, this modulo REMAINDERS
    uint32_t elements[GV_SKETCH_CAP]; // sketch, ask: what is to be given
    size_t prints;                    // list, want: where they are in the summary …
    uint32_t count;                   // … and how many
    uint64_t from, to;                // what is being given, or probed, lies here …
    uint64_t place;                   // … given below this place …
    uint64_t equals;                  // … and so many items at it
    uint32_t held;                    // bits of a list's prints that I hold
    uint32_t spread;                  // differences to reckon with in a part, as the counts tell
    uint32_t narrow;                  // parts to cut a range into that differs
    uint32_t sketch_max;              // most items of such a range that are sketched instead
    uint8_t kind, stage;
    bool surveyed, done;
    uint32_t spots; // separate differences found so far, at least
};

// One message's worth of answer. The caller sets `summary` (empty), `give` and `ctx`, and `wrote`
// to 0.
struct gv_reconcile_out {
    struct gv_writer summary; // stays empty if there is nothing to say beside what is given
    uint64_t wrote;           // upper bound of the last part written
    // Called for each item that the peer lacks, with the bytes that the summary takes so far;
    // false: no room left in this message, ask again in the next one.
    bool (*give)(void *ctx, uint32_t ref, size_t summary_len);
    void *ctx;
};

// Starts answering. GV_ESYNTAX: too short to hold a salt; GV_EINVAL: `state` or the bytes are NULL.
GV_API int gv_reconcile_begin(struct gv_reconcile *state, struct gv_slice summary);

// Answers until the summary is used up (returns 0, and state->done) or the message is full
// (returns 1: call again with an empty one). GV_ESYNTAX: the rest of the summary is malformed
// (what was written so far stays good); the answer is then done. GV_EINVAL: an argument, `give` or
// the summary's buffer is NULL; GV_ESPACE: out->summary.cap is below GV_RECONCILE_ROOM_MIN. Nothing
// was written after these two, and the answer can go on.
// `give` must accept at least one item in an empty message. The tree keeps sketches it is asked for
// (gv_tree_sketch).
GV_API int gv_reconcile_answer(struct gv_reconcile *state, struct gv_tree *tree,
                               const struct gv_digest_key *key, struct gv_reconcile_out *out);

#ifdef __cplusplus
}
#endif
#endif
