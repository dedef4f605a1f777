// SPDX-License-Identifier: MIT
// The state of a node as observed in its replica: the values of a set, the count of each entry of a
// counter, or the elements of logs. Entries of a set or a log are scanned once each, those of a
// counter at every call.
#ifndef GV_SIM_CHECK_OBSERVED_H
#define GV_SIM_CHECK_OBSERVED_H

#include "../core/keys.h"
#include "../core/memory.h"

#include "../../engine/engine.h"

// What has been observed of a node's replica. Zeroed: nothing.
struct gv_observed {
    uint32_t cursor; // cursor in the replica: entries before it are scanned
    uint64_t *words; // sets: a bit for each value; counters: the count of each entry
    size_t cap;      // words
    uint64_t top;    // logs: one more than the largest offset
};

// Forgets all, after the node crashed or restarted without state.
void gv_observed_fini(struct gv_observed *observed);

// Scans an engine, and appends new values to `changes`, a JSON array, unless that is NULL: values
// as their JSON text, such as `412`, counts as `[KEY,412]`. `keys` maps values to numbers.
void gv_observed_scan_values(struct gv_observed *observed, const struct gv_engine *engine,
                             const struct gv_keys *keys, struct gv_memory_bytes *changes);
void gv_observed_scan_counts(struct gv_observed *observed, const struct gv_engine *engine,
                             struct gv_memory_bytes *changes);

// Likewise for the elements of logs, each as `[[NAME,OFFSET],VALUE]`.
void gv_observed_scan_logs(struct gv_observed *observed, const struct gv_engine *engine,
                           struct gv_memory_bytes *changes);

// Whether the set's value of this number was observed.
bool gv_observed_has(const struct gv_observed *observed, uint64_t number);

#endif
