// SPDX-License-Identifier: MIT
#include "check_echo.h"

#include <inttypes.h>
#include <stdio.h>

void gv_check_echo_reply(const struct gv_history_op *op, const struct gv_json *json, int echo,
                         struct gv_verdict_errors *errors) {
    char sent[48];
    snprintf(sent, sizeof sent, "Please echo %" PRId64, op->value);
    if (gv_json_equals(json, echo, sent)) return;

    struct gv_slice raw = gv_json_raw(json, echo);
    errors->conclusive = true;
    gv_verdict_add(errors, GV_VERDICT_WRONG_ECHO, "n%u was sent \"%s\" and answered %.*s", op->node,
                   sent, (int)(raw.len < 100 ? raw.len : 100), (const char *)raw.data);
}
