// SPDX-License-Identifier: MIT
#include "run_options.h"

bool gv_run_options_record(const struct gv_run_options *options, struct gv_run_config *config,
                           const uint32_t *staleness_ms, struct gv_recorder *recorder) {
    GV_ASSERT(config->trace == NULL);
    const struct gv_report_head head = {
        .load = config->load,
        .nodes = config->nodes,
        .rate = config->rate,
        .time_limit = config->time_limit,
        .latency_ms = config->latency_ms,
        .latency = config->latency,
        .seed = config->seed,
        .staleness_ms = staleness_ms,
        .scenario = config->scenario != NULL ? config->scenario->text : "",
    };
    if (!gv_recorder_open(recorder, &options->files, &head)) return false;
    config->trace = gv_recorder_trace(recorder);
    return true;
}
