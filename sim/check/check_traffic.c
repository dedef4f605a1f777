// SPDX-License-Identifier: MIT
#include "check_traffic.h"

#include <inttypes.h>
#include <stdio.h>

#define SECOND (1000 * GV_MS)

bool gv_check_traffic_observe(struct gv_check_traffic *traffic, gv_time now, uint64_t messages,
                              struct gv_verdict_errors *errors) {
    GV_ASSERT(now >= traffic->second && messages >= traffic->before);
    if (now - traffic->second >= SECOND) {
        traffic->second = now;
        traffic->before = messages;
        return !traffic->flood;
    }
    double most = traffic->nodes * (GV_CHECK_TRAFFIC_NODE + GV_CHECK_TRAFFIC_OP * traffic->rate);
    if ((double)(messages - traffic->before) <= most || traffic->flood) return !traffic->flood;
    traffic->flood = true;
    char who[80] = "";
    uint32_t worst = 0;
    for (uint32_t node = 1; traffic->sent_by != NULL && node < traffic->nodes; node++)
        if (traffic->sent_by[node] > traffic->sent_by[worst]) worst = node;
    if (traffic->sent_by != NULL) {
        snprintf(who, sizeof who, "; n%u sent most of all: %" PRIu64, worst,
                 traffic->sent_by[worst]);
    }
    gv_verdict_add(errors, GV_VERDICT_FLOOD,
                   "more than %.0f messages in a second, more than the load explains%s", most, who);
    return false;
}

void gv_check_traffic_quiescence(const struct gv_check_traffic *traffic, gv_time lasted,
                                 gv_time suspicion, uint64_t messages,
                                 struct gv_verdict_errors *errors) {
    double seconds = (double)lasted / (double)SECOND;
    double rate = (double)traffic->nodes / GV_CHECK_TRAFFIC_EACH_S;
    double most = seconds * (rate < 1 ? rate : 1) + (double)suspicion / (double)SECOND +
                  GV_CHECK_TRAFFIC_IDLE;
    if ((double)messages <= most) return;
    gv_verdict_add(errors, GV_VERDICT_NOT_QUIESCENT,
                   "%" PRIu64 " messages in %.0f s without operations and faults", messages,
                   seconds);
}
