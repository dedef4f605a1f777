// SPDX-License-Identifier: MIT
// Whether two replicas are equal, by their entries. Their digests are then compared with this
// result: a digest that misses a difference is an error.
#ifndef GV_SIM_CHECK_CHECK_REPLICAS_H
#define GV_SIM_CHECK_CHECK_REPLICAS_H

#include "../../engine/engine.h"

// Whether both replicas have the same entries in the same versions. O(n log n); stops at the first
// difference.
bool gv_check_replicas_equal(const struct gv_engine *a, const struct gv_engine *b);

enum gv_check_replicas {
    GV_CHECK_REPLICAS_DIFFER, // entries and roots differ
    GV_CHECK_REPLICAS_EQUAL,  // entries and roots are equal
    GV_CHECK_REPLICAS_MISSED, // entries differ, roots are equal: sync cannot find the difference
    GV_CHECK_REPLICAS_FALSE_ALARM, // entries are equal, roots differ
};
// Compares entries and roots. The last two results prove a bug in the engine.
enum gv_check_replicas gv_check_replicas_compare(const struct gv_engine *a,
                                                 const struct gv_engine *b);

// A static text that describes the bug; NULL for GV_CHECK_REPLICAS_DIFFER and
// GV_CHECK_REPLICAS_EQUAL.
const char *gv_check_replicas_text(enum gv_check_replicas result);

#endif
