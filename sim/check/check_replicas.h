// SPDX-License-Identifier: MIT
// Whether two replicas hold the same entries, judged by the entries themselves. Digests are what is
// under test, so none decides here: a digest that misses a difference is found out.
#ifndef GV_SIM_CHECK_CHECK_REPLICAS_H
#define GV_SIM_CHECK_CHECK_REPLICAS_H

#include "../../engine/engine.h"

// Whether each entry of one is in the other, in the same version. O(n log n); the first difference
// ends it.
bool gv_check_replicas_equal(const struct gv_engine *a, const struct gv_engine *b);

enum gv_check_replicas {
    GV_CHECK_REPLICAS_DIFFER, // entries differ, and so do the roots
    GV_CHECK_REPLICAS_EQUAL,  // neither differs
    GV_CHECK_REPLICAS_MISSED, // entries differ under equal roots: sync is blind to the difference
    GV_CHECK_REPLICAS_FALSE_ALARM, // roots differ though the entries are equal
};
// Compares entries and roots. The latter two results are faults of the engine, whatever else
// happens in a run.
enum gv_check_replicas gv_check_replicas_compare(const struct gv_engine *a,
                                                 const struct gv_engine *b);

// A static text that tells the fault; NULL for GV_CHECK_REPLICAS_DIFFER and
// GV_CHECK_REPLICAS_EQUAL.
const char *gv_check_replicas_text(enum gv_check_replicas equal);

#endif
