// SPDX-License-Identifier: MIT
#include "counts.h"

#include "../engine/admit.h"
#include "../engine/offset.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    RESERVE = 1 << 16, // counts reserved in advance; a restart skips the unused ones
    KEY_MAX = GV_NODE_QUOTED_MAX + 40,
};

// The entry that reserves the counts below `limit`.
static struct gv_entry reservation(const struct gv_counts *counts, uint64_t limit,
                                   char key[KEY_MAX]) {
    int len = snprintf(key, KEY_MAX, "[\"counts\",%.*s,%" PRIu64 "]", (int)counts->self.len,
                       (const char *)counts->self.data, counts->config.incarnation);
    GV_ASSERT(len > 0 && len < KEY_MAX);
    return (struct gv_entry){
        .lattice = GV_LATTICE_COUNTER,
        .key = gv_slice_of(key, (size_t)len),
        .count = limit,
    };
}

// The end of the reservation in the replica; 0: there is no reservation.
static uint64_t stored(const struct gv_counts *counts) {
    char key[KEY_MAX];
    struct gv_entry own = reservation(counts, 0, key), found;
    return gv_engine_get(counts->config.engine, &own, &found) ? found.count : 0;
}

// End of the highest reservation in the replica of this node in any incarnation; 0: there is none.
static uint64_t stored_ever(const struct gv_counts *counts) {
    char key[KEY_MAX];
    int len = snprintf(key, KEY_MAX, "[\"counts\",%.*s,", (int)counts->self.len,
                       (const char *)counts->self.data);
    GV_ASSERT(len > 0 && len < KEY_MAX);
    const struct gv_engine *engine = counts->config.engine;
    struct gv_entry entry;
    uint64_t most = 0;
    for (uint32_t at = 0; gv_engine_next(engine, &at, gv_engine_end(engine), &entry);) {
        bool counter = entry.lattice == GV_LATTICE_COUNTER && entry.key.len > (size_t)len;
        if (!counter || memcmp(entry.key.data, key, (size_t)len) != 0) continue;
        if (entry.count > most) most = entry.count;
    }
    return most;
}

int gv_counts_enable(struct gv_counts *counts, const struct gv_counts_config *config,
                     struct gv_slice self) {
    *counts = (struct gv_counts){.config = *config, .self = self};
    counts->limit = counts->written = stored_ever(counts);
    return gv_engine_cut_enable(config->engine, &(struct gv_engine_cut_config){
                                                    .incarnation = config->incarnation,
                                                    .is_fresh = stored(counts) == 0,
                                                    .reserved = counts->limit,
                                                    .is_limited = config->writes != NULL,
                                                });
}

void gv_counts_extend(struct gv_counts *counts, gv_time now) {
    struct gv_engine_cut cut;
    if (!counts->config.is_stored || !gv_engine_cut(counts->config.engine, &cut)) return;
    if (counts->limit < counts->written) {
        uint64_t limit = stored(counts);
        if (limit > counts->limit) {
            counts->limit = limit;
            gv_engine_cut_limit(counts->config.engine, now, limit);
        }
    }
    if (cut.recovering || cut.count + RESERVE / 2 < counts->written) return;
    char key[KEY_MAX];
    struct gv_entry entry = reservation(counts, cut.count + RESERVE, key);
    struct gv_writes *writes = counts->config.writes;
    int done = writes != NULL ? gv_writes_put(writes, NULL, &entry, NULL)
                              : gv_admit_local(counts->config.engine, now, &entry);
    if (done >= 0) counts->written = entry.count;
}
