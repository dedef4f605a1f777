// SPDX-License-Identifier: MIT
#include "check_durable_reads.h"

void gv_check_durable_reads_request(uint32_t node, struct gv_digest before, struct gv_digest after,
                                    struct gv_verdict_errors *errors) {
    GV_ASSERT(errors != NULL && after.count >= before.count);
    if (gv_digest_equal(before, after)) return;
    gv_verdict_add(errors, GV_VERDICT_TOO_SOON,
                   "n%u shows what a client wrote before it is on disk", node);
}
