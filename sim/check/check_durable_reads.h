// SPDX-License-Identifier: MIT
// Where a write is answered when it is on disk, a replica does not show it before: whoever read it
// would otherwise know what a crash can still take back.
#ifndef GV_SIM_CHECK_CHECK_DURABLE_READS_H
#define GV_SIM_CHECK_CHECK_DURABLE_READS_H

#include "../../merkle/digest.h"
#include "verdict.h"

// A node with such a disk has taken a client's request; the roots of its replica before and after.
void gv_check_durable_reads_request(uint32_t node, struct gv_digest before, struct gv_digest after,
                                    struct gv_verdict_errors *errors);

#endif
