// SPDX-License-Identifier: MIT
// The stable cut: an offset such that this node has, now and for ever, every log entry below it.
// Internal to engine/; knows no engine.
//
// An offset is a Lamport count and the slot of the node that assigned it (offset.h). This node
// *holds* an entry if the entry is in its replica. The *promise* of a node is a pair (bound, sum):
// the node will assign no further offset below `bound`, and the sum of the hashes of the offsets in
// its slot below `bound`, modulo 2^64, is `sum`. Promises are entries of the replica, so push, sync
// and the store carry them. A receiver whose own entries below `bound` have the same sum holds
// everything that the promise covers, in whatever order the entries arrived. The bound is then
// *complete*. The cut is the least of the complete bounds of the other slots and of the next offset
// that this node can assign without waiting for its store.
//
// A promise is *due* when an entry at or above the node's last bound exists, since the cut cannot
// pass that entry before. If no entry waits, no promise is made.
//
// Recovery: a *life* is an incarnation of a node, in which it keeps its state. A node that starts a
// new life has forgotten its promises. It *asks* all other nodes by a question that contains its
// life. Each of them *tells* it the largest count and the sum over the entries that they hold of
// the asking node's slot. The node assigns no offset until all sums equal its own. Then no node
// holds an entry that it lacks. Its count continues above all counts told. These exceed all
// promises and all cuts, and exceed the counts told to the former life by at least
// GV_CUT_UNTOLD_MAX.
//
// Messages of the former life may still be in flight. A node that was asked is *fenced* against
// them: it refuses the entries and promises that they carry of the asking node's slot.
//
// So a node may lose its state while the others keep theirs. If two nodes have lost it at a time,
// entries that only they held are lost, and one of their messages in flight may add such an entry
// below a cut. `late` counts these entries.
//
// Only cut.c writes the members. Slots at or above `count` belong to no node and are ignored,
// except that their entries raise the count.
#ifndef GV_ENGINE_CUT_H
#define GV_ENGINE_CUT_H

#include "offset.h"

enum {
    GV_CUT_AHEAD_MAX = 1 << 16,  // most offsets in `ahead`
    GV_CUT_UNTOLD_MAX = 1 << 20, // most counts that a life may use while no other node sees them
    GV_CUT_ASK_MS = 500,         // interval to the first repetition of a question; it doubles …
    GV_CUT_ASK_MAX_MS = 4000,    // … up to this
};

struct gv_cut_slot {
    uint64_t bound, sum; // the latest promise; 0: none
    uint64_t below;      // sum over the held offsets below `bound`; unused for the own slot
    uint64_t all;        // sum over all held offsets
    uint64_t complete;   // the latest complete bound
    // Recovery.
    uint64_t told;  // the other node's sum over the slot of this node
    uint32_t life;  // life in the other node's latest question; 0: none received
    bool has_told;  // `told` is valid
    bool ask, tell; // a question or an answer must be sent to the other node
};

struct gv_cut {
    struct gv_alloc alloc;
    struct gv_cut_slot *slots; // one for each node; NULL: there is no cut
    uint32_t self, count;      // the number of this node, and of nodes
    unsigned slot_bits;        // number of bits of a slot in an offset
    uint32_t life;             // of this node; not 0
    uint64_t last;             // largest count assigned or received
    // One more than the largest offset held, in all slots and in the own slot.
    uint64_t top, own_top;
    uint64_t limit;        // no bound has a larger count
    uint32_t pending;      // number of own offsets whose writes wait for the store
    uint64_t pending_from; // all of these are at or above this offset; valid if `pending` is not 0
    // Held offsets of other nodes that no promise covers yet, in no order.
    uint64_t *ahead;
    uint32_t ahead_count, ahead_cap;
    bool ahead_lost;    // some such offsets are not in `ahead`
    bool needs_recount; // a new promise may cover some of the missing offsets
    bool counting;      // between gv_cut_begin_count and gv_cut_end_count
    uint32_t holder;    // the slot of another node with the least complete bound
    uint64_t late;      // entries that arrived below the complete bound of their slot
    uint64_t watched;   // the cut when `since` was set
    gv_time since;      // when the cut last moved, if entries above it exist; else GV_TIME_NEVER
    // Recovery.
    uint64_t witnessed; // the count after it was raised for another node's new life; 0: never
    bool recovering;
    uint32_t matching;   // all slots before this one have told a sum equal to the own sum
    uint64_t told_count; // largest count told
    gv_time ask_at;      // when to repeat questions, or GV_TIME_NEVER
    gv_time wait;        // the interval before `ask_at`
};

struct gv_cut_config {
    uint32_t life;     // not 0
    bool is_fresh;     // the node starts without former state, and recovers
    uint64_t reserved; // counts below it may have been promised before the restart
    bool is_limited;   // counts from `reserved` on are not promised before gv_cut_set_limit
};

// Initialises the cut of node `self` of `count`. On GV_ENOMEM nothing stays allocated.
int gv_cut_init(struct gv_cut *cut, struct gv_alloc alloc, uint32_t self, uint32_t count,
                const struct gv_cut_config *config);
// No effect on a zeroed struct.
void gv_cut_fini(struct gv_cut *cut);

// --- entries and promises ----------------------------------------------------------------------

// Takes the offset of a log entry that is new in the replica.
void gv_cut_held(struct gv_cut *cut, uint64_t offset);
// Takes the promise of this slot after it was added to the replica or replaced there.
void gv_cut_promised(struct gv_cut *cut, uint32_t slot, uint64_t bound, uint64_t sum);

// Returns whether the entries must be counted again, because more than GV_CUT_AHEAD_MAX of them
// arrived before their promises. To count them, then and at the start, call gv_cut_begin_count,
// gv_cut_held for each log entry of the replica, and gv_cut_end_count.
static inline bool gv_cut_needs_recount(const struct gv_cut *cut) {
    return cut->needs_recount;
}
void gv_cut_begin_count(struct gv_cut *cut);
void gv_cut_end_count(struct gv_cut *cut);

// --- assigning offsets -------------------------------------------------------------------------

// Sets *offset to the offset of this node's next entry, which is larger than every offset held. The
// offset is not assigned until gv_cut_held or gv_cut_reserved. GV_ENOENT: the node is recovering.
// GV_EFULL: all counts are used.
int gv_cut_next(const struct gv_cut *cut, uint64_t *offset);
// Takes the offset of an own entry whose write waits for the store. Reserved offsets ascend.
void gv_cut_reserved(struct gv_cut *cut, uint64_t offset);
// Call it when the write of a reserved offset ends, after gv_cut_held. Writes end in their order.
void gv_cut_released(struct gv_cut *cut, uint64_t offset);
// Allows promises of counts below this one. The store has recorded it, so after a restart the node
// continues above it. The limit never decreases.
void gv_cut_set_limit(struct gv_cut *cut, uint64_t count);

// --- own promises ------------------------------------------------------------------------------

// Whether a promise is due.
bool gv_cut_is_due(const struct gv_cut *cut);
// Returns the promise that is due. The caller puts it into the replica and calls gv_cut_promised.
void gv_cut_promise(const struct gv_cut *cut, uint64_t *bound, uint64_t *sum);

// --- the cut -----------------------------------------------------------------------------------

// Returns the cut: this node holds every log entry below it that will ever exist. It never
// decreases.
uint64_t gv_cut_get(const struct gv_cut *cut);
// Returns the node whose promise limits the cut.
uint32_t gv_cut_holder(const struct gv_cut *cut);
// Updates `since` after changes.
void gv_cut_watch(struct gv_cut *cut, gv_time now);

// --- recovery ----------------------------------------------------------------------------------

// Marks the questions to be sent, if the node is recovering.
void gv_cut_start(struct gv_cut *cut, gv_time now);
// Call it at `ask_at`. Marks questions to be repeated to nodes that have not told a sum, or told
// another sum. Returns the number of a node that told another sum, to sync with, or −1 if there is
// none.
int gv_cut_ask_again(struct gv_cut *cut, gv_time now);
// Takes a question of this node.
void gv_cut_asked(struct gv_cut *cut, uint32_t slot, uint32_t life);
// Takes a message of this node's life. While this node recovers, it knows no earlier life of that
// node, so a later question of the same life raises no count.
void gv_cut_met(struct gv_cut *cut, uint32_t slot, uint32_t life);
// Takes an answer of this node. `life` is the life in the question that it answers.
void gv_cut_told(struct gv_cut *cut, uint32_t slot, uint32_t life, uint64_t count, uint64_t sum);
// Whether the next message to this node must carry a question, or an answer. An answer waits until
// the own promise is above `witnessed`. Since the promise stays in the replica, the node never
// forgets the raised count.
static inline bool gv_cut_asks(const struct gv_cut *cut, uint32_t slot) {
    return cut->slots[slot].ask;
}
bool gv_cut_tells(const struct gv_cut *cut, uint32_t slot);
// Call it when that message was sent.
void gv_cut_sent(struct gv_cut *cut, uint32_t slot);
// Whether entries and promises of this slot must be refused in a message of this life of its node.
bool gv_cut_is_fenced(const struct gv_cut *cut, uint32_t slot, uint32_t life);

#endif
