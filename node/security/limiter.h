// SPDX-License-Identifier: MIT
// How many requests each client may still make: a token bucket each, told apart by their names.
//
// A bucket is one time: when it will be full again. A request moves it by what one token takes to
// come; beyond a burst from now, there is none left (the generic cell rate algorithm, ITU-T I.371).
// Buckets stand in a table of fixed size, eight to a set. A new client in a full set takes the
// place of the one whose bucket is the fullest, which costs nothing if it was full; so a flood of
// made-up names can free others, but takes no memory.
#ifndef GV_NODE_SECURITY_LIMITER_H
#define GV_NODE_SECURITY_LIMITER_H

#include "../../merkle/digest.h"

enum { GV_LIMITER_SETS = 512, GV_LIMITER_WAYS = 8 };

struct gv_limiter_bucket {
    uint64_t hash; // of its name; 0: free
    gv_time tat;   // when it will be full (theoretical arrival time)
};

struct gv_limiter {
    struct gv_alloc alloc;
    struct gv_digest_key key;
    gv_time interval;                  // between two tokens
    gv_time burst;                     // how far `tat` may lie ahead
    struct gv_limiter_bucket *buckets; // NULL: no limit
};

// `rate`: requests a second, 0: no limit, nothing is allocated; `burst`: at once, at least 1.
// GV_ENOMEM.
int gv_limiter_init(struct gv_limiter *limiter, struct gv_alloc alloc, uint64_t seed, uint32_t rate,
                    uint32_t burst);
void gv_limiter_fini(struct gv_limiter *limiter);

// Takes a token of this client's; false: there is none.
bool gv_limiter_allow(struct gv_limiter *limiter, gv_time now, struct gv_slice name);

#endif
