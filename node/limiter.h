// SPDX-License-Identifier: MIT
// The rate limiter: a token bucket for each client, by name.
//
// A bucket is one number, the theoretical arrival time (TAT) of the generic cell rate algorithm,
// ITU-T I.371: the time when the bucket will be full again. A request adds the interval of one
// token to it, and is refused if the TAT would be more than a burst ahead of now.
//
// Buckets are in a set-associative table of fixed size. In a full set, a new client replaces the
// one with the fullest bucket; if that bucket is full, nothing is lost. A flood of invented names
// allocates no memory, but can refill the buckets of other clients.
#ifndef GV_NODE_LIMITER_H
#define GV_NODE_LIMITER_H

#include "../merkle/digest.h"

enum { GV_LIMITER_SETS = 512, GV_LIMITER_WAYS = 8 };

struct gv_limiter_bucket {
    uint64_t hash; // hash of the client's name; 0: the bucket is free
    gv_time tat;   // theoretical arrival time (GCRA): when the bucket will be full
};

struct gv_limiter {
    struct gv_alloc alloc;
    struct gv_digest_key key;
    gv_time interval;                  // time between two tokens
    gv_time burst;                     // how far a TAT may be ahead of now
    struct gv_limiter_bucket *buckets; // NULL: no limit
};

// `rate`: requests a second; 0: no limit, and nothing is allocated. `burst`: requests at once, at
// least 1. GV_ENOMEM.
int gv_limiter_init(struct gv_limiter *limiter, struct gv_alloc alloc, uint64_t seed, uint32_t rate,
                    uint32_t burst);
void gv_limiter_fini(struct gv_limiter *limiter);

// Takes a token from the client's bucket; false: it is empty.
bool gv_limiter_allow(struct gv_limiter *limiter, gv_time now, struct gv_slice name);

#endif
