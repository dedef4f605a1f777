// SPDX-License-Identifier: MIT
// Range-based set reconciliation (RBSR): two sides find and exchange the items that only one of
// them has, in O(log n) messages. After A. Meyer, "Range-Based Set Reconciliation" (SRDS 2023),
// sections III and IV; compare negentropy. Bytes go in and come out; nothing outside of merkle/ is
// needed. SUMMARIES.md specifies the bytes.
//
//     struct gv_digest_key key; // both sides: the items in a tree, under the same key
//     struct gv_tree tree;
//     gv_digest_key_init(&key, gv_slice_text("a secret of both sides"));
//     gv_tree_init(&tree, gv_base_malloc());
//     for (uint32_t i = 0; i < count; i++) {
//         struct gv_item item = {ids[i], gv_singlediff_permute(&key, ids[i]), i};
//         gv_tree_insert(&tree, item);
//     }
//     // One side opens the exchange.
//     uint8_t buf[4096];
//     struct gv_writer opening = {.data = buf, .cap = sizeof buf};
//     gv_rbsr_open(&tree, random_byte, &opening);
//     transmit(buf, opening.len);
//     // Both sides answer each summary that they receive.
//     struct gv_rbsr answer;
//     int more = gv_rbsr_begin(&answer, summary, NULL) == 0;
//     while (more) { // send_id adds the item to the message, whose receiver puts it into its tree
//         struct gv_rbsr_out out = {.summary = {.data = buf, .cap = sizeof buf},
//                                        .send = send_id, .ctx = &message};
//         more = gv_rbsr_answer(&answer, &tree, &key, &out) == 1;
//         transmit(buf, out.summary.len); // with the items; nothing if there are neither
//     }
//
// Items. An item is a position, a hash and a ref (tree.h). Both sides derive position and hash in
// the same way:
//   position  the place of the item in the order of the set, 0 … GV_POSITION_END - 1. Items may
//             share one. Adjacent differences cost less than scattered ones, so use a time or a
//             serial number if the item has one, otherwise a hash.
//   hash      64 keyed bits that identify the item and its value, such as gv_digest_hash2 of its
//             bytes if the position is gv_digest_hash. If the position identifies the item, use
//             gv_singlediff_permute of the position: sums then take 8 bytes instead of 16.
//   ref       the caller's handle, which `send` is passed. It may differ between the sides.
// No two items of a tree may have the same position and hash, so check that a received item is new
// before inserting it (gv_tree_seek). A changed value is a new hash at the same position: update or
// replace the item. If the sides use different keys, all items differ, and every exchange sends
// them all.
//
// Messages. A message carries a summary, items, or both. An answer depends only on the summary and
// the local tree, so loss, duplication and reordering of messages only cost time. A malformed
// summary is refused with GV_ESYNTAX. A false summary can cause useless answers, but never changes
// a tree. Insert the items of a message before you answer its summary; otherwise items may be sent
// twice.
//
// End. The exchange ends when every summary is answered and no message is in flight. If no message
// was lost and no hashes collided (see "Collisions"), both sides then have the union. After losses,
// or to be sure, open another exchange; if the opening is answered by no summary and no item, the
// sets are equal. To tell the peer that an answer is complete, mark its last message, even if it is
// empty.
//
// Bounds. An opening has at most GV_RBSR_ROOT_MAX bytes. Any other summary has at most the capacity
// that the caller sets for each message, at least GV_RBSR_CAPACITY_MIN; a larger capacity saves
// messages. `send` limits the items of a message. An answer that does not fit continues in the next
// message. An answer allocates nothing and takes about 12 KiB of stack; only gv_tree_insert and
// gv_tree_load allocate.
//
// A summary divides the positions into consecutive ranges and makes one statement about each:
//
//   skip                 no statement
//   root                 I have `count` items in all, with these sums and this estimator
//   sum                  I have `count` items here; this is the sum of their hashes
//   digest               as sum, and this is the sum of hash · position
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
//   sums that differ     the item, if a single difference decodes (singlediff.h); otherwise the
//                        items at one end, if the peer lacks only those; otherwise a list, if few
//                        items are left, or the sums or sketches of subranges, split by rank
//   sketch               if it decodes, the items that the peer lacks, and a request by element for
//                        the others; otherwise sketches of subranges, or a list
//   list                 the items that are not in the list, and a request by hash for the listed
//                        items that are not in the local tree
//   request, empty       the items
//   probe                the items there; if there are none, the answer to sums that differ
//
// Collisions. The side that opens an exchange draws its salt at random. Short hashes and the bounds
// of ranges depend on the salt. Sums do not, because decoding a single difference needs sums
// without a salt; their hashes are keyed. If two differences cancel in the sums of one exchange, a
// later exchange finds them, because it moves the bounds of ranges by up to a quarter of a
// subrange. If the sums of a range are equal but the sums of hash · position differ, its subranges
// carry both sums.
//
// Cost. Time is proportional to the length of the summary plus the number of items in the ranges of
// its lists, sketches and requests. Ranges are disjoint, so any input costs at most one pass over
// the items, and one pass over the tree nodes whose sketches are stale (gv_tree_sketch).
#ifndef GV_MERKLE_RBSR_H
#define GV_MERKLE_RBSR_H

#include "pack.h"
#include "range.h"
#include "singlediff.h"
#include "tree.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GV_RBSR_CAPACITY_MIN = 192, // smallest `summary.cap` of an answer, bytes
    GV_RBSR_ROOT_MAX = 1 + 1 + GV_PACK_VARINT_MAX + 16 + 3, // longest opening, bytes
};

// Writes the opening of an exchange, which is the root range: at most GV_RBSR_ROOT_MAX bytes, to an
// empty writer (asserted). Draw the salt at random; all answers of the exchange repeat it. Writes
// nothing if an argument is NULL. Sets out->full if the buffer is too short.
void gv_rbsr_open(const struct gv_tree *tree, uint8_t salt, struct gv_writer *out);

// Whether a summary is the opening of an exchange.
bool gv_rbsr_is_opening(struct gv_slice summary);

// Hints for an answer. They change its cost, never its result. All members may be 0.
struct gv_rbsr_options {
    uint32_t expected; // expected differences in the whole set; 0: unknown
    bool fewer_rounds; // prefer fewer messages to fewer bytes
    bool use_sketches; // prefer fewer bytes and messages to less work
};

// How to describe ranges that differ (strategy.h). Private.
struct gv_strategy {
    struct gv_rbsr_options options;
    uint32_t expected_each; // expected differences in a range
    uint32_t fanout;        // subranges of a range that differs
    uint32_t sketch_max;    // ranges of at most this many items are sketched, not split
    uint8_t salt;           // salt of the exchange
    bool sampled;           // the first ranges of the summary have been sampled
};

// How far the answer to the current range has proceeded. Private.
struct gv_rbsr_cursor {
    uint64_t position, to;                    // items in [position, to) are to be sent
    uint64_t sent;                            // number of items at `position` that have been sent
    uint32_t elements[GV_PINSKETCH_CAPACITY]; // elements of the items to be sent
    uint32_t count;   // number of elements or short hashes that select items
    uint32_t present; // bit i: the local tree has an item with short hash or element i
    uint8_t stage, selection;
};

// The state of an answer, which may take several messages; the tree may change between them.
// gv_rbsr_begin initialises the state. The caller may read the first three members; the others are
// private. A state may be copied.
struct gv_rbsr {
    uint32_t differences;    // distinct differences found so far; a lower bound
    bool done;               // nothing is left to answer
    uint8_t salt;            // salt of the exchange
    int error;               // 0, or GV_ESYNTAX if `done`
    struct gv_slice summary; // the peer's summary, borrowed until `done`
    size_t at;               // offset of the first range that is not started
    uint64_t lo;             // position at which that range starts
    struct gv_range range;   // the current range, if the cursor's stage says that there is one
    struct gv_rbsr_cursor cursor;
    struct gv_strategy strategy;
};

// The part of an answer that goes into one message. Before each call of gv_rbsr_answer the caller
// sets `send` and `ctx`, sets `summary` to an empty buffer, and sets `wrote` to 0.
struct gv_rbsr_out {
    struct gv_writer summary; // remains empty if the answer consists of items only
    uint64_t wrote;           // upper bound of the last range written
    // Sends this item to the peer, which lacks it. `summary_len` is the length of the summary so
    // far. Returns false if the message is full; the same item is then passed for the next message.
    bool (*send)(void *ctx, const struct gv_item *item, size_t summary_len);
    void *ctx; // passed to `send`
};

// Starts an answer to a summary, which is borrowed until the answer is done. `options` may be NULL.
// GV_ESYNTAX: the summary is too short for a salt; GV_EINVAL: `state` is NULL, or the summary is
// NULL with a length other than 0.
int gv_rbsr_begin(struct gv_rbsr *state, struct gv_slice summary,
                  const struct gv_rbsr_options *options);

// Continues an answer. Returns 0 if the answer is complete (state->done is then set), or 1 if the
// message is full; then call again with an empty message. To guarantee progress, `send` must accept
// at least one item in an empty message. The tree is not const because it caches sketches
// (gv_tree_sketch).
//   GV_ESYNTAX  the rest of the summary is malformed; what has been written is valid, and the
//               answer is done
//   GV_EINVAL   an argument, `send` or the summary's buffer is NULL
//   GV_ESPACE   out->summary.cap is less than GV_RBSR_CAPACITY_MIN
// After GV_EINVAL or GV_ESPACE nothing was written, and the answer can be continued.
int gv_rbsr_answer(struct gv_rbsr *state, struct gv_tree *tree, const struct gv_digest_key *key,
                   struct gv_rbsr_out *out);

#ifdef __cplusplus
}
#endif
#endif
