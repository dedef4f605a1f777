// SPDX-License-Identifier: MIT
// The nemesis: which nodes are cut off from which, and for how long. The four kinds of partition
// are Jepsen's, drawn at random from a seed. Pure: the caller says when to start and stop.
#ifndef GV_SIM_FAULTS_NEMESIS_H
#define GV_SIM_FAULTS_NEMESIS_H

#include "../../engine/prng.h"

enum gv_nemesis_kind {
    GV_NEMESIS_ONE,      // one node cut off from all others
    GV_NEMESIS_MINORITY, // a third, rounded down to less than a third, against the rest
    GV_NEMESIS_HALVES,   // the smaller half against the larger
    GV_NEMESIS_RING,     // every node hears a majority, no two the same
    GV_NEMESIS_KINDS,
    GV_NEMESIS_CUSTOM = GV_NEMESIS_KINDS, // of the caller's own making
};

struct gv_nemesis {
    uint32_t nodes;
    struct gv_prng prng;
    bool active;
    enum gv_nemesis_kind kind; // of the present partition, or the last one
    const char *text;          // GV_NEMESIS_CUSTOM: what to call it; borrowed
    uint8_t *side;             // a node's: 1 in the smaller part, else 0; unused for a ring
    uint64_t *cut;             // bit dest·nodes + src: dest does not hear src
};

void gv_nemesis_init(struct gv_nemesis *nemesis, uint32_t nodes, uint64_t seed);
void gv_nemesis_fini(struct gv_nemesis *nemesis);

// Whether a partition of this kind cuts anything in a cluster of so many nodes: less than a third
// of three nodes is none, and one node cannot be cut off from itself.
bool gv_nemesis_possible(enum gv_nemesis_kind kind, uint32_t nodes);

// Cuts the cluster, in place of any earlier partition: in a given way, or in one drawn at random
// among those that cut something, of which there is one if there are two nodes.
void gv_nemesis_start(struct gv_nemesis *nemesis, enum gv_nemesis_kind kind);
void gv_nemesis_start_any(struct gv_nemesis *nemesis);
void gv_nemesis_stop(struct gv_nemesis *nemesis);

// For partitions of the caller's own making: from now on there is one, called so (borrowed), that
// cuts nothing yet; what another has cut is cut here, too; one direction is cut or mended.
void gv_nemesis_start_custom(struct gv_nemesis *nemesis, const char *text);
void gv_nemesis_merge(struct gv_nemesis *nemesis, const struct gv_nemesis *other);
void gv_nemesis_set(struct gv_nemesis *nemesis, uint32_t src, uint32_t dest, bool cut);

// Whether dest does not hear src now.
bool gv_nemesis_cuts(const struct gv_nemesis *nemesis, uint32_t src, uint32_t dest);

// How long until the next start or stop: uniform over [0, 2·interval).
gv_time gv_nemesis_gap(struct gv_nemesis *nemesis, gv_time interval);

// "one node", "minority third", "halves", "majorities ring".
const char *gv_nemesis_name(enum gv_nemesis_kind kind);

// Writes who is cut off from whom as one line: "halves: n1 n4 n7 | n0 n2 n3", the smaller side
// first. Cut to cap − 1 bytes if need be, ending in "…" then. Empty if there is no partition.
void gv_nemesis_describe(const struct gv_nemesis *nemesis, char *buf, size_t cap);

#endif
