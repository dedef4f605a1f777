// SPDX-License-Identifier: MIT
#include "limiter.h"

#include <string.h>

enum { SIZE = GV_LIMITER_SETS * GV_LIMITER_WAYS * sizeof(struct gv_limiter_bucket) };

int gv_limiter_init(struct gv_limiter *clients, struct gv_alloc alloc, uint64_t seed, uint32_t rate,
                    uint32_t burst) {
    GV_ASSERT(alloc.resize != NULL);
    *clients = (struct gv_limiter){.alloc = alloc};
    if (rate == 0) return 0;
    GV_ASSERT(burst > 0);
    clients->each = 1000 * GV_MS / rate;
    clients->burst = clients->each * burst;
    gv_digest_key_init(&clients->key, (struct gv_slice){(const uint8_t *)&seed, sizeof seed});
    clients->buckets = alloc.resize(alloc.ctx, NULL, 0, SIZE);
    if (clients->buckets == NULL) return GV_ENOMEM;
    memset(clients->buckets, 0, SIZE);
    return 0;
}

void gv_limiter_fini(struct gv_limiter *clients) {
    if (clients->buckets != NULL)
        clients->alloc.resize(clients->alloc.ctx, clients->buckets, SIZE, 0);
    clients->buckets = NULL;
}

// The client's bucket, or the one it takes over, filled.
static struct gv_limiter_bucket *find(struct gv_limiter *clients, gv_time now, uint64_t name) {
    struct gv_limiter_bucket *row = clients->buckets + name % GV_LIMITER_SETS * GV_LIMITER_WAYS;
    struct gv_limiter_bucket *fullest = row;
    for (int i = 0; i < GV_LIMITER_WAYS; i++) {
        if (row[i].name == name) return &row[i];
        if (row[i].full < fullest->full) fullest = &row[i];
    }
    *fullest = (struct gv_limiter_bucket){name, now};
    return fullest;
}

bool gv_limiter_allow(struct gv_limiter *clients, gv_time now, struct gv_slice name) {
    if (clients->buckets == NULL) return true;
    uint64_t hash = gv_digest_hash(&clients->key, name.data, name.len);
    struct gv_limiter_bucket *bucket = find(clients, now, hash | 1);
    if (bucket->full < now) bucket->full = now;
    if (bucket->full - now + clients->each > clients->burst) return false;
    bucket->full += clients->each;
    return true;
}
