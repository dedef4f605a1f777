// SPDX-License-Identifier: MIT
#include "limits.h"

const struct gv_limits_label gv_limits_labels[] = {
    [GV_LIMITS_MSGS] = {"messages per operation", 3},
    [GV_LIMITS_BYTES] = {"bytes per operation", 1},
    [GV_LIMITS_MEDIAN] = {"median latency, ms", 0},
    [GV_LIMITS_P99] = {"99 % latency, ms", 0},
    [GV_LIMITS_LONGEST] = {"longest latency, ms", 0},
    [GV_LIMITS_CLIENT] = {"99 % client latency, ms", 3},
};

struct gv_limits_metrics gv_limits_of(const struct gv_result *result) {
    double ops = result->ops > 0 ? (double)result->ops : 1;
    bool stable = result->stable_latency.count > 0, client = result->client_latency.count > 0;
    return (struct gv_limits_metrics){
        .has = {true, true, stable, stable, stable, client},
        .at = {(double)result->servers_msgs / ops, (double)result->servers_bytes / ops,
               result->stable_latency.p50, result->stable_latency.p99, result->stable_latency.p100,
               result->client_latency.p99},
    };
}

int gv_limits_check(const struct gv_limits *limits, const struct gv_limits_metrics *metrics,
                    FILE *out) {
    int exceeded = 0;
    for (int i = 0; i < GV_LIMITS_METRICS; i++) {
        double most = limits->most[i];
        if (most <= 0 || (metrics->has[i] && metrics->at[i] <= most)) continue;
        exceeded++;
        const char *name = gv_limits_labels[i].name;
        if (metrics->has[i]) {
            int digits = gv_limits_labels[i].digits;
            fprintf(out, "over the limit: %s: %.*f, and the limit is %g\n", name, digits,
                    metrics->at[i], most);
        } else {
            fprintf(out, "not measured: %s, and there is a limit of %g\n", name, most);
        }
    }
    return exceeded;
}

bool gv_limits_print(const struct gv_limits *limits, const struct gv_result *result, FILE *out,
                     bool color) {
    struct gv_limits_metrics metrics = gv_limits_of(result);
    bool first = result->valid && !gv_result_inconclusive(result);
    int exceeded = first ? gv_limits_check(limits, &metrics, out) : 0;
    gv_result_print(result, out, color);
    if (!first) exceeded = gv_limits_check(limits, &metrics, out);
    return exceeded == 0;
}
