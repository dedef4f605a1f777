// SPDX-License-Identifier: MIT
// The directories that version 0.1.0 wrote (test/vectors/stores.sh), and what is in them.
#ifndef GV_TEST_LIB_VECTORS_H
#define GV_TEST_LIB_VECTORS_H

#include "../../engine/engine.h"

struct gv_vectors_store {
    const char *name;     // of the directory
    const char *workload; // of its owner
    const char *list;     // the first word of its lines in stores-0.1.0.txt; NULL: it is empty
    bool journaled;       // what is in it is, in part, in its journal
};

// All of them; the last one has no name.
extern const struct gv_vectors_store gv_vectors_stores[];

// One with values that only that version takes, in its database and in its journal, beside a few
// that any does: "flat", 5, and 1 in 59 arrays; the others are 2 (in 60, and in both files), 3
// (in 190) and 4 (in 100).
extern const struct gv_vectors_store gv_vectors_deep;

// Unpacks one, or all of them if `name` is NULL, into a directory. False: it could not, for lack of
// tar or gzip.
bool gv_vectors_unpack(const char *dir, const char *name);

#define GV_VECTORS_MORE "(more entries than there were)"

// Whether the engine holds exactly what the directory does; else *missing is a key that it lacks,
// good until the next call, or GV_VECTORS_MORE.
bool gv_vectors_match(const struct gv_vectors_store *store, const struct gv_engine *engine,
                      const char **missing);

#endif
