// SPDX-License-Identifier: MIT
// Unique ids: no two replies may carry the same id, whatever JSON value it is. Values are compared
// by their canonical text (codec/json.h), so 1 and 1.0 are two ids.
#ifndef GV_SIM_CHECK_CHECK_IDS_H
#define GV_SIM_CHECK_CHECK_IDS_H

#include "../../codec/json.h"
#include "verdict.h"

struct gv_check_ids_entry {
    char *text; // NULL: free
    size_t len;
    uint64_t hash;
    uint32_t node;
    bool duplicated;
};

struct gv_check_ids {
    struct gv_check_ids_entry *table; // open addressing, cap a power of two
    size_t len, cap;
    uint64_t duplicated; // ids handed out more than once
};

void gv_check_ids_init(struct gv_check_ids *ids);
void gv_check_ids_fini(struct gv_check_ids *ids);

// Node `node` handed out the id at this token.
void gv_check_ids_reply(struct gv_check_ids *ids, uint32_t node, struct gv_json *json, int id,
                        struct gv_verdict_errors *errors);

#endif
