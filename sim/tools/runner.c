// SPDX-License-Identifier: MIT
#include "runner.h"

#include "../core/memory.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// A run in progress.
struct job {
    pid_t pid; // 0: none
    size_t run;
    int from;     // pipe that its result comes from
    FILE *report; // file that receives its output
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

static void handle_signals(void (*handler)(int)) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

// The child process: runs, and writes the result to the pipe.
static void be_run(const struct gv_runner_task *run, FILE *report, int to) {
    handle_signals(SIG_DFL);
    dup2(fileno(report), STDOUT_FILENO);
    dup2(fileno(report), STDERR_FILENO);
    struct gv_result result = {0};
    enum gv_exit status = gv_exec_run(&run->config, &run->options, &result);
    ssize_t written = write(to, &result, sizeof result); // it fits a pipe, so this does not block
    fflush(stdout);
    _exit(written == (ssize_t)sizeof result ? (int)status : GV_EXIT_USAGE);
}

static bool start(struct job *job, const struct gv_runner_task *runs, size_t run, FILE *out) {
    int ends[2];
    *job = (struct job){.run = run, .report = tmpfile()};
    if (job->report == NULL || pipe(ends) != 0) {
        fprintf(out, "cannot make a temporary file or a pipe: %s\n", strerror(errno));
        if (job->report != NULL) fclose(job->report);
        return false;
    }
    fflush(NULL);
    job->pid = fork();
    if (job->pid == 0) be_run(&runs[run], job->report, ends[1]);
    close(ends[1]);
    job->from = ends[0];
    if (job->pid > 0) return true;
    fprintf(out, "cannot start another process: %s\n", strerror(errno));
    close(job->from);
    fclose(job->report);
    job->pid = 0;
    return false;
}

static void show_report(FILE *report, FILE *out) {
    char buf[4096];
    size_t len;
    rewind(report);
    while ((len = fread(buf, 1, sizeof buf, report)) > 0) fwrite(buf, 1, len, out);
}

static void print_task(const struct gv_runner_task *run, FILE *report, FILE *out) {
    const struct gv_result *result = &run->result;
    fprintf(out, "%-20s ", run->label);
    if (run->status != GV_EXIT_VALID) {
        fprintf(out, "invalid\n");
        show_report(report, out);
    } else {
        fprintf(out, "valid  %6.3f msgs/op",
                result->ops > 0 ? (double)result->servers_msgs / (double)result->ops : 0);
        if (result->stable_latency.count > 0)
            fprintf(out, "  median %4.0f  max %4.0f ms", result->stable_latency.p50,
                    result->stable_latency.p100);
        fprintf(out, "\n");
    }
    fflush(out);
}

// Takes the result of a job whose process has ended.
static void finish(struct job *job, struct gv_runner_task *runs, int wait_status, FILE *out) {
    struct gv_runner_task *run = &runs[job->run];
    run->status =
        WIFEXITED(wait_status) ? (enum gv_exit)WEXITSTATUS(wait_status) : GV_EXIT_NODE_DIED;
    ssize_t size = read(job->from, &run->result, sizeof run->result);
    if (size != (ssize_t)sizeof run->result) run->result = (struct gv_result){0};
    if (run->status == GV_EXIT_INTERRUPTED) interrupted = 1;
    if (!interrupted) print_task(run, job->report, out);
    close(job->from);
    fclose(job->report);
    job->pid = 0;
}

static void stop_all(const struct job *jobs, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (jobs[i].pid > 0) kill(jobs[i].pid, SIGTERM);
    }
}

bool gv_runner_run(struct gv_runner_task *runs, size_t count, uint32_t jobs, FILE *out) {
    GV_ASSERT(jobs > 0);
    struct job *all = gv_memory_new(jobs * sizeof *all);
    size_t next = 0, busy = 0;
    bool failed = false, stopping = false;
    interrupted = 0;
    handle_signals(on_signal);
    while (busy > 0 || (next < count && !failed && !interrupted)) {
        for (uint32_t i = 0; i < jobs && next < count && !failed && !interrupted; i++) {
            if (all[i].pid != 0) continue;
            failed = !start(&all[i], runs, next, out);
            next += !failed;
            busy += !failed;
        }
        if ((interrupted || failed) && !stopping) stop_all(all, jobs);
        stopping = interrupted || failed;
        int status;
        pid_t pid = busy > 0 ? wait(&status) : 0;
        for (uint32_t i = 0; pid > 0 && i < jobs; i++) {
            if (all[i].pid != pid) continue;
            finish(&all[i], runs, status, out);
            busy--;
        }
    }
    handle_signals(SIG_DFL);
    free(all);
    return !interrupted && !failed;
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double gv_runner_median(double *figures, size_t count) {
    GV_ASSERT(count > 0);
    qsort(figures, count, sizeof *figures, compare);
    return figures[count / 2];
}
