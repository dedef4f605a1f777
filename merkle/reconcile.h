// SPDX-License-Identifier: MIT
// Range-based set reconciliation: reads a peer's summary of its ranges and writes an answer. After
// A. Meyer, "Range-Based Set Reconciliation" (SRDS 2023), sections III and IV; compare negentropy.
// codec/PROTOCOL.md, section "Summaries", has the byte format.
//
// A summary divides the positions into consecutive ranges and makes one statement about each:
//
//   skip                 no statement
//   root                 I have `count` items in all, with these sums and this estimator
//   sum                  I have `count` items here; this is the sum of their hashes
//   digest               likewise, and this is the sum of hash · position
//   empty                I have nothing here
//   list                 I have exactly the items with these 32-bit short hashes here
//   request by hash      send me your items here with these short hashes
//   sketch               this is the sketch of my items here (pinsketch.h)
//   request by element   send me your items here with these elements
//   probe                send me your items in this narrower range; if there are none, I was wrong
//                        to assume a single difference in the range, so refine it
//
// The answer to a range, from the local tree:
//
//   sums that match      nothing
//   sums that differ     the item, if a single difference decodes (singlediff.h); the items at one
//                        end, if only those are missing; a list, if few items are left; otherwise
//                        the sums or sketches of subranges, split by rank
//   sketch               if it decodes, the items that the peer lacks and a request by element for
//                        the others; otherwise sketches of subranges, or a list
//   list                 the items that the list lacks, and a request by hash for those that the
//                        local tree lacks
//   request, empty       the items
//   probe                the items there; if there are none, the answer to sums that differ
//
// Both sides finish after O(log n) messages. An answer depends only on the message and the local
// tree, so loss, duplication and reordering cost time only.
//
// Collisions. The initiator draws a salt for each exchange. Short hashes and the bounds of ranges
// depend on it. Sums are not salted, since decoding a single difference needs them; their hashes
// are keyed. A difference that the sums of one exchange hide is found by a later one: the bounds of
// ranges move by up to a quarter of a subrange, and if two sides have equal sums but different sums
// of hash · position, ranges carry both sums from then on.
//
// Cost. Answering allocates nothing. Time is proportional to the length of the summary plus the
// number of items in the ranges of its lists, sketches and requests. Ranges are disjoint, so any
// input costs at most one pass over the items, and one over the tree nodes whose sketches are stale
// (gv_tree_sketch).
#ifndef GV_MERKLE_RECONCILE_H
#define GV_MERKLE_RECONCILE_H

#include "pack.h"
#include "tree.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_RECONCILE_LIST_MAX = 32,      // longest list, items
    GV_RECONCILE_SPLIT_MAX = 4096,   // most subranges of a range
    GV_RECONCILE_CAPACITY_MIN = 192, // smallest `summary.cap` of an answer, bytes
    GV_RECONCILE_ROOT_MAX = 1 + 1 + GV_PACK_VARINT_MAX + 16 + 3, // longest opening, bytes
};

// Writes the opening of an exchange, which is the root: at most GV_RECONCILE_ROOT_MAX bytes, to an
// empty writer (asserted). All answers of the exchange repeat the salt. Writes nothing if an
// argument is NULL; sets out->full if the buffer is too short.
void gv_reconcile_open(const struct gv_tree *tree, uint8_t salt, struct gv_writer *out);

// Whether a summary is the opening of an exchange.
bool gv_reconcile_is_opening(struct gv_slice summary);

// The state of an answer. It may take several messages; the tree may change between them.
// gv_reconcile_begin initialises it. The caller may set the options, and read `salt`, `done` and
// `differences`; the other members are private.
struct gv_reconcile {
    struct gv_reader in; // the peer's summary, borrowed until `done`
    uint8_t salt;        // salt of the exchange
    // Options; all 0 after gv_reconcile_begin.
    uint32_t expected; // expected differences in the whole set; 0: unknown
    bool fewer_rounds; // prefer fewer messages to fewer bytes
    bool use_sketches; // prefer fewer bytes and messages to less work
    // The current range, [lo, hi). A member that is valid for some kinds of range only names them.
    uint64_t lo, hi;
    struct gv_digest peer;                    // root, sum, digest: digest of the peer's items here
    uint32_t estimator;                       // root: estimator of the peer's items
    struct gv_pinsketch sketch;               // sketch: the first `syndromes` are valid
    uint8_t syndromes;                        // sketch: number of syndromes
    uint8_t count_mod;                        // sketch: the peer's count, modulo COUNT_MODULUS
    uint32_t elements[GV_PINSKETCH_CAPACITY]; // sketch, request by element: items to send
    size_t short_hashes;                      // list, request by hash: their offset in the summary
    uint32_t count;                           // number of short hashes or elements
    uint64_t from, to;                        // [from, to): positions to be sent or probed
    uint64_t position;                        // items below this position have been sent
    uint64_t sent_at_position;                // number of items at `position` that have been sent
    uint32_t present; // bit i: the local tree has an item with short hash or element i
    // The strategy, chosen by the first ranges of the summary.
    uint32_t expected_each; // expected differences in a range
    uint32_t fanout;        // subranges of a range that differs
    uint32_t sketch_max;    // ranges of at most this number of items are sketched, not split
    uint8_t kind, stage;
    bool sampled;         // the strategy has been chosen
    bool done;            // nothing is left to answer
    uint32_t differences; // distinct differences found so far; a lower bound
};

// The part of an answer that goes into one message. Before each call the caller sets `send`, `ctx`,
// `summary` to an empty buffer, and `wrote` to 0.
struct gv_reconcile_out {
    struct gv_writer summary; // remains empty if the answer consists of items only
    uint64_t wrote;           // upper bound of the last range written
    // Sends the item with this ref to the peer, which lacks it; `summary_len` is the length of the
    // summary so far. False: the message is full; the same item follows in the next one.
    bool (*send)(void *ctx, uint32_t ref, size_t summary_len);
    void *ctx; // passed to `send`
};

// Starts an answer to a summary, which is borrowed until the answer is done.
// GV_ESYNTAX: the summary is too short for a salt; GV_EINVAL: `state` is NULL, or the summary is
// NULL with a length other than 0.
int gv_reconcile_begin(struct gv_reconcile *state, struct gv_slice summary);

// Continues an answer. Returns 0 if it is complete (state->done is then set), or 1 if the message
// is full: call again with an empty message. To guarantee progress, `send` must accept at least one
// item in an empty message. The tree is not const because it caches sketches (gv_tree_sketch).
//   GV_ESYNTAX  the rest of the summary is malformed; what has been written is valid, and the
//               answer is done
//   GV_EINVAL   an argument, `send` or the summary's buffer is NULL
//   GV_ESPACE   out->summary.cap is less than GV_RECONCILE_CAPACITY_MIN
// After the latter two nothing was written, and the answer can be continued.
int gv_reconcile_answer(struct gv_reconcile *state, struct gv_tree *tree,
                        const struct gv_digest_key *key, struct gv_reconcile_out *out);

#ifdef __cplusplus
}
#endif
#endif
