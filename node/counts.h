// SPDX-License-Identifier: MIT
// The Lamport counts of a node whose engine keeps a stable cut (engine/cut.h), across restarts.
//
// A node must never assign a count below one that it has promised. Entries are stored before other
// nodes see them, but promises are not. So the node reserves counts in advance and promises only
// reserved counts. The reservation is an entry, a counter with the key ["counts",NODE,INCARNATION].
// If a start finds the reservation of its incarnation in the store, that incarnation had recovered
// and the store has all that it has sent, so the node continues above the reservation. Otherwise
// the node starts without its former state, but above the reservations of its former incarnations
// in the store. These are stored before most of their counts are assigned, so an offset whose entry
// a crash took from the store is not assigned again.
#ifndef GV_NODE_COUNTS_H
#define GV_NODE_COUNTS_H

#include "../engine/engine.h"
#include "writes.h"

// All pointers are borrowed.
struct gv_counts_config {
    struct gv_engine *engine;
    struct gv_writes *writes; // NULL: writes do not wait for the store
    bool is_stored;           // the node has a store
    uint64_t incarnation;
};

struct gv_counts {
    struct gv_counts_config config;
    struct gv_slice self; // the node's name as a canonical JSON string, borrowed; empty: no cut
    uint64_t written;     // end of the reservation, including a pending write
    uint64_t limit;       // end of the stored reservation, as passed to the engine
};

// Enables the engine's cut; call it before the engine joins. Errors: as gv_engine_cut_enable.
// `self` is borrowed until the last call.
int gv_counts_enable(struct gv_counts *counts, const struct gv_counts_config *config,
                     struct gv_slice self);
// Extends the reservation if the count is near its end, and raises the engine's limit when the
// extension is stored. Call it after each call that may raise the count. No effect on a zeroed
// struct.
void gv_counts_extend(struct gv_counts *counts, gv_time now);
// Call it when the store has failed, which drops pending reservations.
static inline void gv_counts_failed(struct gv_counts *counts) {
    counts->written = counts->limit;
}

#endif
