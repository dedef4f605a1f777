// SPDX-License-Identifier: MIT
// The stable cut: an offset such that this node holds every log entry below it, now and for ever.
// Internal to engine/; knows no engine.
//
// An offset is a Lamport count and the slot of its giver (offset.h). The *promise* of a node is a
// pair (bound, sum): all entries of its slot below `bound` exist, and the sum of a hash of their
// offsets, modulo 2^64, is `sum`. Promises are entries of the replica, so push, sync and the store
// carry them. A node holds everything that a promise covers if and only if the sum over what it
// holds below the bound is the same; the order of arrival does not matter, and no node vouches for
// another. The bound is then *complete*. The cut is the least complete bound of all slots; for the
// own slot, the next offset that this node can give and the store need not wait for.
//
// A node's promise is *due* when the node holds an entry, of any slot, at or above the bound of its
// own last promise: that entry waits. When no entry waits, no promise is made.
//
// Recovery: a node without its former state has forgotten its promises. It asks all others, and
// gives no offset before every answer has the sum that the node itself holds of its slot: then no
// node holds an entry that this one lacks. Its count continues above all counts told. These are
// above all promises and all cuts, and GV_CUT_UNTOLD_MAX above what its former life was told. A
// question names the *life* of its sender, a random number; its receiver from then on refuses
// entries of that slot in messages of another life, which may still be in flight.
//
// So a node that loses its state is safe while the others keep theirs. If two lose it at a time,
// entries that only they held are lost, and a message of theirs in flight may bring one back below
// a cut; `late` counts these.
//
// Only cut.c writes the members. Slots at or above `count` belong to no node and are ignored,
// except that their entries raise the count.
#ifndef GV_ENGINE_CUT_H
#define GV_ENGINE_CUT_H

#include "offset.h"

enum {
    GV_CUT_AHEAD_MAX = 1 << 16,  // maximum number of listed offsets that no promise covers yet
    GV_CUT_UNTOLD_MAX = 1 << 20, // a life may give this many offsets that it has told nobody
    GV_CUT_ASK_MS = 500,         // a question is repeated after this, doubled each time …
    GV_CUT_ASK_MAX_MS = 4000,    // … up to this
};

struct gv_cut_slot {
    uint64_t bound, sum; // the latest promise; 0: none
    uint64_t below;      // sum over the held offsets below `bound`; not used for the own slot
    uint64_t all;        // sum over all held offsets
    uint64_t complete;   // the largest bound of this slot found complete so far
    // Recovery.
    uint64_t told;  // the sum over this node's slot, as the other node has told
    uint32_t life;  // life in the other node's latest question; 0: it has asked none
    bool has_told;  // `told` is valid
    bool ask, tell; // a question or an answer is to be sent
};

struct gv_cut {
    struct gv_alloc alloc;
    struct gv_cut_slot *slots; // one per node; NULL: there is no cut
    uint32_t self, count;      // number of this node; number of nodes in the cluster
    unsigned slot_bits;        // number of bits that the slot takes in an offset
    uint32_t life;             // life of this incarnation; not 0
    uint64_t last;             // largest count given or seen
    uint64_t top, own_top;     // one more than the largest offset held, and of the own slot
    uint64_t limit;            // no count at or above it is promised
    uint32_t pending;          // own offsets whose writes wait for the store
    uint64_t pending_from;     // if any: none of these is below this offset
    // Held offsets of other nodes that no promise covers, in no order.
    uint64_t *ahead;
    uint32_t ahead_count, ahead_cap;
    bool ahead_lost;    // some were not listed
    bool needs_recount; // a promise may cover some of these
    bool counting;
    uint32_t holder;  // the slot of another node with the least complete bound
    uint64_t late;    // entries that arrived with an offset below their slot's complete bound
    uint64_t watched; // the cut when `since` was set
    gv_time since;    // since when entries wait and the cut did not move; or GV_TIME_NEVER
    // Recovery.
    uint64_t witnessed; // count after the last life of another node began; 0: none did
    bool recovering;
    uint32_t matching;   // the slots before this one have told the sum of the own slot
    uint64_t told_count; // largest count told
    gv_time ask_at,
        wait; // when to repeat questions, or GV_TIME_NEVER; how long after the last ones
};

struct gv_cut_config {
    uint32_t life;     // not 0
    bool is_fresh;     // the node starts without former state, and recovers
    uint64_t reserved; // counts below it may have been promised by former starts
    bool is_limited;   // no count from `reserved` on is promised before gv_cut_set_limit
};

// Initialises the cut of node `self` of `count`. GV_ENOMEM: nothing stays allocated.
int gv_cut_init(struct gv_cut *cut, struct gv_alloc alloc, uint32_t self, uint32_t count,
                const struct gv_cut_config *config);
// No effect on a zeroed struct.
void gv_cut_fini(struct gv_cut *cut);

// --- entries and promises ----------------------------------------------------------------------

// A log entry with this offset is new in the replica.
void gv_cut_held(struct gv_cut *cut, uint64_t offset);
// The promise of this slot in the replica is new or was replaced.
void gv_cut_promised(struct gv_cut *cut, uint32_t slot, uint64_t bound, uint64_t sum);

// If gv_cut_needs_recount, and at the start: gv_cut_begin_count, gv_cut_held for each log entry of
// the replica, gv_cut_end_count. More than GV_CUT_AHEAD_MAX entries came before their promises.
static inline bool gv_cut_needs_recount(const struct gv_cut *cut) {
    return cut->needs_recount;
}
void gv_cut_begin_count(struct gv_cut *cut);
void gv_cut_end_count(struct gv_cut *cut);

// --- giving offsets ----------------------------------------------------------------------------

// The offset of this node's next entry, above every offset held. It is given when gv_cut_held or
// gv_cut_reserved says so. GV_ENOENT: the node is recovering. GV_EFULL: the counts are used up.
int gv_cut_next(const struct gv_cut *cut, uint64_t *offset);
// The write of an own entry waits for the store. Reserved offsets ascend.
void gv_cut_reserved(struct gv_cut *cut, uint64_t offset);
// The write of the reserved offset ended; call it after gv_cut_held. Writes end in their order.
void gv_cut_released(struct gv_cut *cut, uint64_t offset);
// From now on counts below this may be promised: the store knows that they may have been, so the
// node would continue above them. It never decreases.
void gv_cut_set_limit(struct gv_cut *cut, uint64_t count);

// --- own promises ------------------------------------------------------------------------------

// Whether a promise should be made, since entries wait for it.
bool gv_cut_is_due(const struct gv_cut *cut);
// The promise to make; it is due. The caller puts it into the replica and calls gv_cut_promised.
void gv_cut_promise(const struct gv_cut *cut, uint64_t *bound, uint64_t *sum);

// --- the cut -----------------------------------------------------------------------------------

// The cut: every log entry below this offset that will ever exist is held. It never decreases.
uint64_t gv_cut_get(const struct gv_cut *cut);
// The node whose promise the cut waits for.
uint32_t gv_cut_holder(const struct gv_cut *cut);
// Updates `since` after changes.
void gv_cut_watch(struct gv_cut *cut, gv_time now);

// --- recovery ----------------------------------------------------------------------------------

// Starts to ask, if the node recovers.
void gv_cut_start(struct gv_cut *cut, gv_time now);
// At `ask_at`: repeats the questions whose answers are missing or have another sum. Returns a node
// whose entries of the own slot differ from this node's, to sync with; −1: none is known.
int gv_cut_ask_again(struct gv_cut *cut, gv_time now);
// A question of this node came.
void gv_cut_asked(struct gv_cut *cut, uint32_t slot, uint32_t life);
// A message of this node's life came. While this node recovers it knows no earlier one, so a later
// question of that life raises no count.
void gv_cut_met(struct gv_cut *cut, uint32_t slot, uint32_t life);
// An answer of this node came, to a question of this life.
void gv_cut_told(struct gv_cut *cut, uint32_t slot, uint32_t life, uint64_t count, uint64_t sum);
// Whether the next message to this node asks, or answers. An answer waits for a promise above
// `witnessed`, which the node remembers as long as its state.
static inline bool gv_cut_asks(const struct gv_cut *cut, uint32_t slot) {
    return cut->slots[slot].ask;
}
bool gv_cut_tells(const struct gv_cut *cut, uint32_t slot);
// That message is sent.
void gv_cut_sent(struct gv_cut *cut, uint32_t slot);
// Whether entries and promises of this slot are refused from messages of this life of its node.
bool gv_cut_is_fenced(const struct gv_cut *cut, uint32_t slot, uint32_t life);

#endif
