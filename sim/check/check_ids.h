// SPDX-License-Identifier: MIT
// Unique ids: no two replies carry the same id. An id may be any JSON value; two are compared by
// their canonical text (codec/json.h), so 1 and 1.0 differ.
#ifndef GV_SIM_CHECK_CHECK_IDS_H
#define GV_SIM_CHECK_CHECK_IDS_H

#include "../../codec/json.h"
#include "verdict.h"

// Zeroed: there was no reply.
struct gv_check_ids {
    void *tree;          // the ids so far, by text (tsearch)
    uint64_t duplicated; // ids generated more than once
};

void gv_check_ids_fini(struct gv_check_ids *ids);

// Checks the id at this token of a node's reply. Error: GV_VERDICT_DUPLICATE, once for each id.
void gv_check_ids_reply(struct gv_check_ids *ids, uint32_t node, struct gv_json *json, int id,
                        struct gv_verdict_errors *errors);

#endif
