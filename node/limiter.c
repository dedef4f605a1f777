// SPDX-License-Identifier: MIT
#include "limiter.h"

enum { SIZE = GV_LIMITER_SETS * GV_LIMITER_WAYS * sizeof(struct gv_limiter_bucket) };

int gv_limiter_init(struct gv_limiter *limiter, struct gv_alloc alloc, uint64_t seed, uint32_t rate,
                    uint32_t burst) {
    GV_ASSERT(alloc.resize != NULL);
    *limiter = (struct gv_limiter){.alloc = alloc};
    if (rate == 0) return 0;
    GV_ASSERT(burst > 0);
    limiter->interval = 1000 * GV_MS / rate;
    limiter->burst = limiter->interval * burst;
    gv_digest_key_init(&limiter->key, gv_slice_of(&seed, sizeof seed));
    limiter->buckets = gv_alloc_new(alloc, SIZE);
    if (limiter->buckets == NULL) return GV_ENOMEM;
    memset(limiter->buckets, 0, SIZE);
    return 0;
}

void gv_limiter_fini(struct gv_limiter *limiter) {
    gv_alloc_free(limiter->alloc, limiter->buckets, SIZE);
    limiter->buckets = NULL;
}

// Finds the client's bucket. A new client gets a full bucket, in place of the fullest one of its
// set.
static struct gv_limiter_bucket *find(struct gv_limiter *limiter, gv_time now, uint64_t hash) {
    struct gv_limiter_bucket *set = limiter->buckets + hash % GV_LIMITER_SETS * GV_LIMITER_WAYS;
    struct gv_limiter_bucket *fullest = set;
    for (int i = 0; i < GV_LIMITER_WAYS; i++) {
        if (set[i].hash == hash) return &set[i];
        if (set[i].tat < fullest->tat) fullest = &set[i];
    }
    *fullest = (struct gv_limiter_bucket){hash, now};
    return fullest;
}

bool gv_limiter_allow(struct gv_limiter *limiter, gv_time now, struct gv_slice name) {
    if (limiter->buckets == NULL) return true;
    uint64_t hash = gv_digest_hash(&limiter->key, name.data, name.len);
    struct gv_limiter_bucket *bucket = find(limiter, now, hash | 1);
    if (bucket->tat < now) bucket->tat = now;
    if (bucket->tat - now + limiter->interval > limiter->burst) return false;
    bucket->tat += limiter->interval;
    return true;
}
