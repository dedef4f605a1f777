// SPDX-License-Identifier: MIT
// Whether two replicas hold the same entries, judged by the entries themselves. Digests are what is
// under test, so none decides here: a digest that misses a difference is found out.
#ifndef GV_SIM_EQUAL_H
#define GV_SIM_EQUAL_H

#include "../engine/engine.h"

// Whether each entry of one is in the other, in the same version. O(n log n); the first difference
// ends it.
bool gv_equal_entries(const struct gv_engine *a, const struct gv_engine *b);

enum gv_equal {
    GV_EQUAL_NO,     // entries differ, and so do the roots
    GV_EQUAL_YES,    // neither differs
    GV_EQUAL_HIDDEN, // entries differ under equal roots: sync is blind to the difference
    GV_EQUAL_FALSE,  // roots differ though the entries are equal
};
// Compares entries and roots. The latter two results are faults of the engine, whatever else
// happens in a run.
enum gv_equal gv_equal_compare(const struct gv_engine *a, const struct gv_engine *b);

// A static text that tells the fault; NULL for GV_EQUAL_NO and GV_EQUAL_YES.
const char *gv_equal_fault(enum gv_equal equal);

#endif
