// SPDX-License-Identifier: MIT
// Echo: a reply carries the string of its request.
#ifndef GV_SIM_CHECK_CHECK_ECHO_H
#define GV_SIM_CHECK_CHECK_ECHO_H

#include "../../codec/json.h"
#include "../core/history.h"
#include "verdict.h"

// Checks a reply; `echo` is the token of its member "echo". Error: GV_VERDICT_WRONG_ECHO.
void gv_check_echo_reply(const struct gv_history_op *op, const struct gv_json *json, int echo,
                         struct gv_verdict_errors *errors);

#endif
