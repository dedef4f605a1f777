// SPDX-License-Identifier: MIT
// Ids of one node ascend, as text: within a life, and across lives if its disk kept what it had
// acknowledged. So they are unique even if a life goes on under the number of the one before.
#ifndef GV_SIM_CHECK_CHECK_ID_ORDER_H
#define GV_SIM_CHECK_CHECK_ID_ORDER_H

#include "verdict.h"

enum { GV_CHECK_ID_ORDER_MAX = 256 }; // bytes of a line with an id, at the most

struct gv_check_id_order {
    uint32_t nodes;
    struct gv_check_id_order_last {
        char id[GV_CHECK_ID_ORDER_MAX]; // "" if it has given none
        bool reported;                  // an error; one a node is enough
    } * last;
};

void gv_check_id_order_init(struct gv_check_id_order *id_order, uint32_t nodes);
void gv_check_id_order_fini(struct gv_check_id_order *id_order);

// A node printed this line, which may give an id, as gv-ids spells it.
void gv_check_id_order_line(struct gv_check_id_order *id_order, uint32_t node, struct gv_slice line,
                            struct gv_verdict_errors *errors);
// A fault took what it had.
void gv_check_id_order_reset(struct gv_check_id_order *id_order, uint32_t node);

#endif
