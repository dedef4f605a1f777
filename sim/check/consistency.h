// SPDX-License-Identifier: MIT
// The consistency models for which a run of transactions can be checked, as bits of a set.
#ifndef GV_SIM_CHECK_CONSISTENCY_H
#define GV_SIM_CHECK_CONSISTENCY_H

#include "../../merkle/base.h"

enum gv_consistency {
    GV_CONSISTENCY_READ_UNCOMMITTED = 1, // no dirty writes (G0)
    GV_CONSISTENCY_READ_COMMITTED = 2,   // also no aborted, intermediate or circular reads (G1)
    GV_CONSISTENCY_READ_ATOMIC = 4,      // also no fractured reads
};

// Reads names separated by commas, such as "read-uncommitted,read-committed". GV_EINVAL: a name is
// unknown, or the text is empty; *out is unchanged.
int gv_consistency_parse(const char *text, uint32_t *out);

// The name of the strongest of these models, at least one.
const char *gv_consistency_name(uint32_t models);

// All names, for texts of errors: "read-uncommitted, read-committed or read-atomic".
const char *gv_consistency_names(void);

#endif
