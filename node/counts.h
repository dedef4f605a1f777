// SPDX-License-Identifier: MIT
// The Lamport counts of a node whose engine keeps a stable cut (engine/cut.h), across restarts.
//
// A node must never continue below a count that it has promised. Entries are stored before others
// see them, promises are not: so the node reserves counts ahead, in an entry of its own, a counter
// with the key ["counts",NODE,INCARNATION], and promises reserved counts only. If a start finds the
// entry of its incarnation in the store, that incarnation had recovered, and the store has all that
// it has sent; the node continues above the reservation. Otherwise it starts without former state,
// but above the reservations of its former incarnations in the store: they are there before most
// offsets are given, so offsets whose entries a crash took from the store are not given again.
#ifndef GV_NODE_COUNTS_H
#define GV_NODE_COUNTS_H

#include "../engine/engine.h"
#include "writes.h"

// All pointers are borrowed.
struct gv_counts_config {
    struct gv_engine *engine;
    struct gv_writes *writes; // NULL: nothing waits for the store
    bool is_stored;           // there is a store
    uint64_t incarnation;
};

struct gv_counts {
    struct gv_counts_config config;
    struct gv_slice self; // the node's name as a canonical JSON string, borrowed; empty: no cut
    uint64_t written;     // end of the reservation, including a pending write
    uint64_t limit;       // end of the reservation that is stored, as told to the engine
};

// Enables the engine's cut, before it joins. `self` is borrowed until the last call.
int gv_counts_enable(struct gv_counts *counts, const struct gv_counts_config *config,
                     struct gv_slice self);
// Extends the reservation if the count comes near its end, and tells the engine when that is
// stored. Call it after whatever may raise the count. No effect on a zeroed struct.
void gv_counts_extend(struct gv_counts *counts, gv_time now);
// The store has failed: pending reservations are lost.
static inline void gv_counts_failed(struct gv_counts *counts) {
    counts->written = counts->limit;
}

#endif
