// SPDX-License-Identifier: MIT
#include "check_id_order.h"

#include "../core/memory.h"

void gv_check_id_order_init(struct gv_check_id_order *id_order, uint32_t nodes) {
    GV_MEMORY_ARRAY(id_order->last, nodes);
}

void gv_check_id_order_fini(struct gv_check_id_order *id_order) {
    free(id_order->last);
}

void gv_check_id_order_line(struct gv_check_id_order *id_order, uint32_t node, struct gv_slice line,
                            struct gv_verdict_errors *errors) {
    static const char type[] = "\"type\":\"generate_ok\"", name[] = "\"id\":\"";
    struct gv_check_id_order_last *last = &id_order->last[node];
    char text[GV_CHECK_ID_ORDER_MAX];
    if (line.len >= sizeof text || last->reported) return;
    memcpy(text, line.data, line.len);
    text[line.len] = '\0';
    char *at = strstr(text, type), *id = at != NULL ? strstr(at, name) : NULL;
    char *end = id != NULL ? strchr(id += sizeof name - 1, '"') : NULL;
    if (end == NULL) return;
    *end = '\0';
    if (strcmp(id, last->id) <= 0) {
        last->reported = true;
        gv_verdict_add(errors, GV_VERDICT_IDS_OUT_OF_ORDER, "n%u generated id %s after %s", node,
                       id, last->id);
    }
    strcpy(last->id, id);
}
