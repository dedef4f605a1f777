// SPDX-License-Identifier: MIT
// What a node has been seen to know: the values of a set, or of a counter how much each node has
// added. It is told from the entries of its engine, of which a set's are each looked at once.
#ifndef GV_SIM_CHECK_OBSERVED_H
#define GV_SIM_CHECK_OBSERVED_H

#include "../core/keys.h"

#include "../../engine/engine.h"

// Zeroed it is of a node that knows nothing.
struct gv_observed {
    uint32_t cursor; // of the replica, as far as it has been looked at …
    uint64_t *words; // … and which values that showed, a bit each; of a counter, each count
    size_t cap;
};

// What it has come to know, as a JSON array. Zeroed it is empty: no text.
struct gv_observed_changes {
    char *text;
    size_t len, cap;
};

// The node has been started with nothing, or is no more.
void gv_observed_fini(struct gv_observed *observed);
void gv_observed_changes_fini(struct gv_observed_changes *changes);

// Looks at what an engine has that it had not before, and adds that to `news` if it is not NULL:
// values as they are, such as `412`, counts as `[KEY,412]`. `keys` has the number of each value.
void gv_observed_scan_values(struct gv_observed *observed, const struct gv_engine *engine,
                             const struct gv_keys *keys, struct gv_observed_changes *changes);
void gv_observed_scan_counts(struct gv_observed *observed, const struct gv_engine *engine,
                             struct gv_observed_changes *changes);

// Whether it has been seen to hold the set's value of this number.
bool gv_observed_has(const struct gv_observed *observed, uint64_t number);

#endif
