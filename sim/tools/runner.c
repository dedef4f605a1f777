// SPDX-License-Identifier: MIT
#include "runner.h"

#include "pool.h"

#include <sys/wait.h>

struct runner {
    struct gv_runner_task *tasks;
    FILE *out;
};

static int run(void *ctx, uint64_t number, void *result) {
    const struct gv_runner_task *task = &((struct runner *)ctx)->tasks[number];
    return (int)gv_exec_run(&task->config, &task->options, result);
}

static void show_report(FILE *report, FILE *out) {
    char buf[4096];
    size_t len;
    rewind(report);
    while ((len = fread(buf, 1, sizeof buf, report)) > 0) fwrite(buf, 1, len, out);
}

static void print_task(const struct gv_runner_task *task, FILE *report, FILE *out) {
    const struct gv_result *result = &task->result;
    const struct gv_history_quantiles *times = gv_result_times(result);
    fprintf(out, "%-20s ", task->label);
    if (task->status != GV_EXIT_VALID) {
        bool inconclusive = task->status == GV_EXIT_INCONCLUSIVE;
        fprintf(out, "%s\n", inconclusive ? "no verdict" : "invalid");
        show_report(report, out);
    } else {
        fprintf(out, "valid  %6.3f msgs/op",
                result->ops > 0 ? (double)result->servers_msgs / (double)result->ops : 0);
        if (times->count > 0) fprintf(out, "  median %4.0f  max %4.0f ms", times->p50, times->p100);
        fprintf(out, "\n");
    }
    fflush(out);
}

static bool on_end(void *ctx, uint64_t number, int status, const void *result, FILE *output) {
    const struct runner *runner = ctx;
    struct gv_runner_task *task = &runner->tasks[number];
    task->status = WIFEXITED(status) ? (enum gv_exit)WEXITSTATUS(status) : GV_EXIT_NODE_DIED;
    if (result != NULL) task->result = *(const struct gv_result *)result;
    if (task->status == GV_EXIT_INTERRUPTED) return false;
    print_task(task, output, runner->out);
    return true;
}

enum gv_exit gv_runner_verdict(const struct gv_runner_task *tasks, size_t count) {
    bool invalid = false, inconclusive = false;
    for (size_t i = 0; i < count; i++) {
        inconclusive |= tasks[i].status == GV_EXIT_INCONCLUSIVE;
        invalid |= tasks[i].status != GV_EXIT_VALID && tasks[i].status != GV_EXIT_INCONCLUSIVE;
    }
    return invalid ? GV_EXIT_INVALID : inconclusive ? GV_EXIT_INCONCLUSIVE : GV_EXIT_VALID;
}

enum gv_exit gv_runner_run(struct gv_runner_task *tasks, size_t count, uint32_t jobs, FILE *out) {
    struct runner runner = {tasks, out};
    enum gv_exit status = gv_pool_run(&(struct gv_pool){
        .last = count - 1,
        .jobs = jobs,
        .size = sizeof(struct gv_result),
        .captures = true,
        .run = run,
        .end = on_end,
        .ctx = &runner,
    });
    if (status != GV_EXIT_VALID) return status == GV_EXIT_USAGE ? status : GV_EXIT_INTERRUPTED;
    return gv_runner_verdict(tasks, count);
}
