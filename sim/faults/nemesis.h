// SPDX-License-Identifier: MIT
// The partitions of Jepsen's nemesis. A partition is a set of cut links, of one of four kinds,
// drawn from a seed. The caller starts and stops partitions.
#ifndef GV_SIM_FAULTS_NEMESIS_H
#define GV_SIM_FAULTS_NEMESIS_H

#include "../../engine/prng.h"

enum gv_nemesis_kind {
    GV_NEMESIS_ONE,      // one node against the rest
    GV_NEMESIS_MINORITY, // as many nodes as possible below a third against the rest
    GV_NEMESIS_HALVES,   // the smaller half against the larger
    GV_NEMESIS_RING,     // each node receives from a majority, no two from the same
    GV_NEMESIS_KINDS,
    GV_NEMESIS_CUSTOM = GV_NEMESIS_KINDS, // made by the caller
};

struct gv_nemesis {
    uint32_t nodes;
    struct gv_prng prng;
    bool active;
    enum gv_nemesis_kind kind; // kind of the current partition, or of the last one
    const char *text;          // GV_NEMESIS_CUSTOM: its description. Borrowed
    uint8_t *side;             // by node: 1 in the smaller part, else 0; unused for a ring
    uint64_t *cut;             // bit dest·nodes + src: the link from src to dest is cut
};

void gv_nemesis_init(struct gv_nemesis *nemesis, uint32_t nodes, uint64_t seed);
void gv_nemesis_fini(struct gv_nemesis *nemesis);

// Whether a partition of this kind cuts a link in a cluster of this size. A minority needs more
// than three nodes, the others more than one.
bool gv_nemesis_possible(enum gv_nemesis_kind kind, uint32_t nodes);

// Starts a partition in place of the current one: of the given kind, or of a random kind that is
// possible. At least two nodes.
void gv_nemesis_start(struct gv_nemesis *nemesis, enum gv_nemesis_kind kind);
void gv_nemesis_start_any(struct gv_nemesis *nemesis);
void gv_nemesis_stop(struct gv_nemesis *nemesis);

// Starts a partition that cuts nothing yet. `text` describes it, and is borrowed.
void gv_nemesis_start_custom(struct gv_nemesis *nemesis, const char *text);
// Cuts the links that `other` cuts as well.
void gv_nemesis_merge(struct gv_nemesis *nemesis, const struct gv_nemesis *other);
// Cuts or restores one link.
void gv_nemesis_set(struct gv_nemesis *nemesis, uint32_t src, uint32_t dest, bool cut);

// Whether the link from src to dest is cut.
bool gv_nemesis_cuts(const struct gv_nemesis *nemesis, uint32_t src, uint32_t dest);

// The time to the next start or stop: uniform over [0, 2·interval).
static inline gv_time gv_nemesis_gap(struct gv_nemesis *nemesis, gv_time interval) {
    GV_ASSERT(interval > 0 && interval <= UINT64_MAX / 2);
    return gv_prng_below(&nemesis->prng, 2 * interval);
}

// "one node", "minority third", "halves", "majorities ring".
const char *gv_nemesis_name(enum gv_nemesis_kind kind);

// Describes the partition in one line, the smaller side first: "halves: n1 n4 n7 | n0 n2 n3". A
// text of more than cap − 1 bytes is cut and ends in "…". Empty without a partition.
void gv_nemesis_describe(const struct gv_nemesis *nemesis, char *buf, size_t cap);

#endif
