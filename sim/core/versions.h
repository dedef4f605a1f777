// SPDX-License-Identifier: MIT
// A map that keeps its last states (multiversion concurrency control: Bernstein and Goodman, ACM
// TODS 8, 1983). Each key has a list of the versions of its value, newest first, which all states
// share. A version is freed when no kept state has it. So each additional state takes only the
// memory of one value.
//
// States are numbered from 0, the empty map. Each change makes a new state.
#ifndef GV_SIM_CORE_VERSIONS_H
#define GV_SIM_CORE_VERSIONS_H

#include "interner.h"

#define GV_VERSIONS_OVERHEAD 128 // memory of a key or a version in addition to its bytes

struct gv_versions_value {
    uint64_t state; // the first state that has this version
    struct gv_versions_value *older;
    size_t len;
    char bytes[];
};

struct gv_versions {
    struct gv_interner keys;
    struct gv_versions_value **newest; // by key: its newest version
    size_t newest_cap;
    uint32_t kept;     // number of states kept
    uint32_t *changed; // ring, by state: the key that changed in it; UINT32_MAX: none
    uint64_t last;     // the newest state
    size_t bytes;      // memory of keys and versions, with GV_VERSIONS_OVERHEAD for each
    size_t bytes_max;
};

// Initialises an empty map that keeps its last `kept` states (1 or more) in at most `bytes_max`
// bytes.
void gv_versions_init(struct gv_versions *versions, uint32_t kept, size_t bytes_max);
void gv_versions_fini(struct gv_versions *versions);

// The oldest state kept.
static inline uint64_t gv_versions_first(const struct gv_versions *versions) {
    return versions->last < versions->kept ? 0 : versions->last - versions->kept + 1;
}

// Whether a kept state has this key. Sets *value, borrowed until the next change.
bool gv_versions_get(const struct gv_versions *versions, uint64_t state, struct gv_slice key,
                     struct gv_slice *value);

// Makes a new state in which the key has this value. Key and value are copied. GV_EFULL: the state
// would exceed bytes_max, and is not made.
int gv_versions_put(struct gv_versions *versions, struct gv_slice key, struct gv_slice value);

// Makes a new state that equals the newest.
void gv_versions_repeat(struct gv_versions *versions);

#endif
