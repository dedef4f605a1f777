// SPDX-License-Identifier: MIT
// Data directories written by version 0.1.0 (test/vectors/stores.sh), with their contents.
#ifndef GV_TEST_LIB_VECTORS_H
#define GV_TEST_LIB_VECTORS_H

#include "../../engine/engine.h"

struct gv_vectors_store {
    const char *name;     // name of the directory
    const char *workload; // workload of the node
    const char *list;     // first word of its lines in stores-0.1.0.txt; NULL: it has no entries
    bool journaled;       // some entries are only in the journal
};

// All directories but gv_vectors_deep. Ends with an element whose name is NULL.
extern const struct gv_vectors_store gv_vectors_stores[];

// A directory with values nested deeper than later versions allow, in data.mdb and in the journal:
// 2 in 60 arrays (in both files), 3 in 190 arrays and 4 in 100 arrays. It also has valid values:
// "flat", 5, and 1 in 59 arrays.
extern const struct gv_vectors_store gv_vectors_deep;

// Unpacks the named directory, or all directories if `name` is NULL, into `dir`. Returns false if
// tar or gzip fails.
bool gv_vectors_unpack(const char *dir, const char *name);

#define GV_VECTORS_MORE "(more entries than there were)"

// Whether the engine has exactly the entries of the directory. If not, *missing is a key that the
// engine lacks, valid until the next call, or GV_VECTORS_MORE if it has other entries.
bool gv_vectors_match(const struct gv_vectors_store *store, const struct gv_engine *engine,
                      const char **missing);

#endif
