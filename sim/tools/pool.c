// SPDX-License-Identifier: MIT
#include "pool.h"

#include "../core/memory.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
    pid_t pid; // 0: none
    uint64_t number;
    int from;     // pipe of its result
    FILE *output; // NULL: not captured
};

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNALS = GV_COUNT(signals) };

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

void gv_pool_bound(uint32_t cpu_s) {
    struct itimerval timer = {.it_value = {.tv_sec = (time_t)cpu_s}};
    signal(SIGPROF, SIG_DFL);
    setitimer(ITIMER_PROF, &timer, NULL);
}

// The child process: does the job, and writes the result to the pipe.
static void be_job(const struct gv_pool *pool, const struct job *job, int to) {
    for (int i = 0; i < SIGNALS; i++) signal(signals[i], SIG_DFL);
    if (job->output != NULL) {
        dup2(fileno(job->output), STDOUT_FILENO);
        dup2(fileno(job->output), STDERR_FILENO);
    }
    void *result = gv_memory_new(pool->size);
    int status = pool->run(pool->ctx, job->number, result);
    ssize_t written = write(to, result, pool->size); // it fits a pipe, so this does not block
    fflush(stdout);
    _exit(written == (ssize_t)pool->size ? status : GV_EXIT_USAGE);
}

static bool start(const struct gv_pool *pool, struct job *job, uint64_t number) {
    int ends[2];
    *job = (struct job){.number = number, .output = pool->captures ? tmpfile() : NULL};
    if ((job->output != NULL || !pool->captures) && pipe(ends) == 0) {
        fflush(NULL);
        job->pid = fork();
        if (job->pid == 0) be_job(pool, job, ends[1]);
        close(ends[1]);
        job->from = ends[0];
        if (job->pid > 0) return true;
        close(ends[0]);
    }
    fprintf(stderr, "gvsim: cannot start a process: %s\n", strerror(errno));
    if (job->output != NULL) fclose(job->output);
    job->pid = 0;
    return false;
}

static bool finish(const struct gv_pool *pool, struct job *job, int status, bool stopping) {
    void *result = gv_memory_new(pool->size);
    bool whole = read(job->from, result, pool->size) == (ssize_t)pool->size;
    bool more =
        !stopping && pool->end(pool->ctx, job->number, status, whole ? result : NULL, job->output);
    free(result);
    close(job->from);
    if (job->output != NULL) fclose(job->output);
    job->pid = 0;
    return more;
}

enum gv_exit gv_pool_run(const struct gv_pool *pool) {
    GV_ASSERT(pool->jobs > 0 && pool->jobs <= GV_POOL_JOBS_MAX && pool->first <= pool->last);
    struct job jobs[GV_POOL_JOBS_MAX] = {0};
    struct sigaction before[SIGNALS], action = {.sa_handler = on_signal};
    uint64_t next = pool->first;
    uint32_t busy = 0;
    enum gv_exit status = GV_EXIT_VALID;
    bool stopped = false;
    interrupted = 0;
    for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &action, &before[i]);
    while (busy > 0 || (next <= pool->last && status == GV_EXIT_VALID)) {
        for (uint32_t i = 0; i < pool->jobs && next <= pool->last && status == GV_EXIT_VALID; i++) {
            if (jobs[i].pid != 0) continue;
            bool started = start(pool, &jobs[i], next);
            if (!started) status = GV_EXIT_USAGE;
            next += started;
            busy += started;
        }
        if (interrupted) status = GV_EXIT_INTERRUPTED;
        for (uint32_t i = 0; status != GV_EXIT_VALID && !stopped && i < pool->jobs; i++)
            if (jobs[i].pid > 0) kill(jobs[i].pid, SIGTERM);
        stopped = status != GV_EXIT_VALID;
        int ended;
        pid_t pid = busy > 0 ? wait(&ended) : 0;
        for (uint32_t i = 0; pid > 0 && i < pool->jobs; i++) {
            if (jobs[i].pid != pid) continue;
            if (!finish(pool, &jobs[i], ended, stopped || interrupted) && !stopped)
                status = GV_EXIT_INVALID;
            busy--;
        }
    }
    for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &before[i], NULL);
    return interrupted ? GV_EXIT_INTERRUPTED : status;
}
