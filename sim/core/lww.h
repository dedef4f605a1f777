// SPDX-License-Identifier: MIT
// A last-writer-wins map with two replicas, which the caller merges. The stamp of a write is the
// Lamport clock of its replica (Lamport, CACM 21, 1978), and a merge keeps the value with the
// larger stamp. So a merge may discard a write to the replica whose clock is behind.
//
// The replicas share equal values in memory, and a merge takes time only for keys whose values
// differ.
#ifndef GV_SIM_CORE_LWW_H
#define GV_SIM_CORE_LWW_H

#include "interner.h"

enum { GV_LWW_REPLICAS = 2 };
#define GV_LWW_OVERHEAD 128 // memory of a key or a value in addition to its bytes

struct gv_lww_value;

struct gv_lww_cell {
    uint64_t stamp;
    struct gv_lww_value *value; // NULL: none
};

struct gv_lww {
    struct gv_interner keys;
    struct gv_lww_entry {
        struct gv_lww_cell cells[GV_LWW_REPLICAS];
        bool differs; // the key is in `differing`
    } * entries;      // by key
    size_t entries_cap;
    uint32_t *differing; // the keys in which the replicas differ
    size_t differing_len, differing_cap;
    uint64_t clocks[GV_LWW_REPLICAS]; // by replica: the stamp of its next write
    size_t bytes;                     // memory of keys and values, with GV_LWW_OVERHEAD for each
    size_t bytes_max;
};

// Initialises an empty map of at most `bytes_max` bytes.
void gv_lww_init(struct gv_lww *lww, size_t bytes_max);
void gv_lww_fini(struct gv_lww *lww);

// Whether a replica has this key. Sets *value, borrowed until the next put or merge.
bool gv_lww_get(const struct gv_lww *lww, uint32_t replica, struct gv_slice key,
                struct gv_slice *value);

// Writes a value to a replica. Key and value are copied. GV_EFULL: the map would exceed bytes_max.
int gv_lww_put(struct gv_lww *lww, uint32_t replica, struct gv_slice key, struct gv_slice value);

// Merges replica `from` into replica `into`. If stamps are equal, the value of `from` wins. Has no
// effect if `from` is `into`.
void gv_lww_merge(struct gv_lww *lww, uint32_t from, uint32_t into);

#endif
