// SPDX-License-Identifier: MIT
// The ids that a node generates ascend as text: within an incarnation, and across incarnations if
// the disk kept what the node had acknowledged. So ids are unique even if a restarted node
// continues its previous incarnation.
#ifndef GV_SIM_CHECK_CHECK_ID_ORDER_H
#define GV_SIM_CHECK_CHECK_ID_ORDER_H

#include "verdict.h"

enum { GV_CHECK_ID_ORDER_MAX = 256 }; // longest line checked, bytes; longer lines are ignored

struct gv_check_id_order {
    struct gv_check_id_order_last {
        char id[GV_CHECK_ID_ORDER_MAX]; // the last id; "" before the first
        bool reported;                  // an error has been reported; it is the only one
    } * last;
};

void gv_check_id_order_init(struct gv_check_id_order *id_order, uint32_t nodes);
void gv_check_id_order_fini(struct gv_check_id_order *id_order);

// Checks the id in a line that a node printed, if it is a reply of gv-ids. Error:
// GV_VERDICT_IDS_OUT_OF_ORDER.
void gv_check_id_order_line(struct gv_check_id_order *id_order, uint32_t node, struct gv_slice line,
                            struct gv_verdict_errors *errors);
// Notes that a fault destroyed the node's state: its next id may be smaller.
static inline void gv_check_id_order_reset(struct gv_check_id_order *id_order, uint32_t node) {
    id_order->last[node].id[0] = '\0';
}

#endif
