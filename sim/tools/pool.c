// SPDX-License-Identifier: MIT
#include "pool.h"

#include "../run/exit.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DRAW_MS = 200, BAR = 24, SHOWN = 20 };

// Written by a worker after each job; shorter than PIPE_BUF, so writes are atomic.
struct message {
    uint64_t number;
    struct gv_verdict verdict;
};

struct worker {
    pid_t pid; // 0: none
    int fd;
    uint64_t at;  // number of its job
    bool working; // it has a job
    bool done;
    struct message message; // the message, as received so far
    size_t got;
};

struct pool {
    const struct gv_pool_config *config;
    struct worker workers[GV_POOL_JOBS_MAX];
    uint64_t done, failed, unsafe, unjudged;
    double began, drawn;
    bool tty, broken;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// ---- Workers ----

static void send_message(int fd, const struct message *message) {
    ssize_t size = write(fd, message, sizeof *message);
    if (size != (ssize_t)sizeof *message) _exit(3);
}

void gv_pool_bound(uint32_t cpu_s) {
    struct itimerval timer = {.it_value = {.tv_sec = (time_t)cpu_s}};
    signal(SIGPROF, SIG_DFL);
    setitimer(ITIMER_PROF, &timer, NULL);
}

static void work(const struct gv_pool_config *config, uint64_t number, int fd) {
    for (;; number += config->jobs) {
        gv_pool_bound(config->cpu_s);
        struct message message = {.number = number, .verdict = config->run(number)};
        send_message(fd, &message);
        if (config->last - number < config->jobs) _exit(0);
    }
}

// Starts a worker for this job and every jobs-th after it.
static void start(struct pool *pool, struct worker *worker, uint64_t number) {
    int fds[2];
    worker->done = true;
    if (number > pool->config->last || number < pool->config->first) return;
    if (pipe(fds) != 0) {
        pool->broken = true;
        return;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        signal(SIGINT, SIG_IGN); // ^C is handled by the parent
        work(pool->config, number, fds[1]);
    }
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        pool->broken = true;
        return;
    }
    *worker = (struct worker){.pid = pid, .fd = fds[0], .at = number, .working = true};
}

static void report(struct pool *pool, uint64_t number, const struct gv_verdict *verdict) {
    pool->done++;
    if (verdict->valid) return;
    uint64_t *count = verdict->unjudged ? &pool->unjudged : &pool->failed;
    pool->unsafe += verdict->safety;
    if ((*count)++ >= SHOWN) return;
    if (pool->tty) fputs("\r\x1b[K", stderr);
    printf("%s %" PRIu64 ": %s\n  replay: %s%" PRIu64 "\n",
           verdict->unjudged ? "NO VERDICT" : "FAILED", number, verdict->why, pool->config->replay,
           number);
    fflush(stdout);
}

// Handles a worker that closed its pipe, since it is done or has crashed.
static void on_end(struct pool *pool, struct worker *worker) {
    int status = 0;
    close(worker->fd);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
    }
    worker->pid = 0;
    worker->done = true;
    if (!worker->working) return;
    struct gv_verdict verdict = gv_verdict_of_status(status);
    report(pool, worker->at, &verdict);
    uint64_t next = worker->at + pool->config->jobs;
    if (next > worker->at) start(pool, worker, next);
}

static void on_message(struct pool *pool, struct worker *worker) {
    const struct message *message = &worker->message;
    worker->working = pool->config->last - message->number >= pool->config->jobs;
    worker->at = message->number + (worker->working ? pool->config->jobs : 0);
    report(pool, message->number, &message->verdict);
}

static void on_ready(struct pool *pool, struct worker *worker) {
    char *to = (char *)&worker->message + worker->got;
    ssize_t size = read(worker->fd, to, sizeof worker->message - worker->got);
    if (size < 0 && errno == EINTR) return;
    if (size <= 0) {
        on_end(pool, worker);
        return;
    }
    worker->got += (size_t)size;
    if (worker->got < sizeof worker->message) return;
    worker->got = 0;
    on_message(pool, worker);
}

// ---- The pool ----

static void draw(struct pool *pool, bool last) {
    double time = now();
    if (!pool->tty || (!last && time - pool->drawn < DRAW_MS / 1000.0)) return;
    pool->drawn = time;
    double total = (double)(pool->config->last - pool->config->first) + 1;
    double share = (double)pool->done / total, rate = (double)pool->done / (time - pool->began);
    char bar[BAR + 1];
    for (int i = 0; i < BAR; i++) bar[i] = i < (int)(share * BAR) ? '#' : '.';
    bar[BAR] = '\0';
    fprintf(stderr,
            "\r\x1b[K[%s] %" PRIu64 " of %.0f, %.0f a second, %.0f s left, %" PRIu64 " failed", bar,
            pool->done, total, rate, rate > 0 ? (total - (double)pool->done) / rate : 0,
            pool->failed);
    if (last) fputs("\r\x1b[K", stderr);
    fflush(stderr);
}

// Waits for messages of workers. False: there are no workers left.
static bool wait_for_messages(struct pool *pool) {
    struct pollfd fds[GV_POOL_JOBS_MAX];
    struct worker *whose[GV_POOL_JOBS_MAX];
    nfds_t count = 0;
    for (uint32_t i = 0; i < pool->config->jobs; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->done) continue;
        fds[count] = (struct pollfd){.fd = worker->fd, .events = POLLIN};
        whose[count++] = worker;
    }
    if (count == 0) return false;
    if (poll(fds, count, DRAW_MS) <= 0) return true;
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].revents != 0) on_ready(pool, whose[i]);
    }
    return true;
}

static void stop(struct pool *pool) {
    for (uint32_t i = 0; i < pool->config->jobs; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->pid == 0) continue;
        kill(worker->pid, SIGKILL);
        while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        close(worker->fd);
    }
}

int gv_pool_run(const struct gv_pool_config *config) {
    GV_ASSERT(config->jobs > 0 && config->jobs <= GV_POOL_JOBS_MAX);
    GV_ASSERT(config->first <= config->last);
    static struct pool pool;
    pool = (struct pool){.config = config, .began = now(), .tty = isatty(STDERR_FILENO) != 0};
    interrupted = 0;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    for (uint32_t i = 0; i < config->jobs; i++) start(&pool, &pool.workers[i], config->first + i);
    while (!interrupted && !pool.broken && wait_for_messages(&pool)) {
        draw(&pool, false);
        if (config->fail_fast && pool.failed > 0) break;
    }
    draw(&pool, true);
    stop(&pool);
    double seconds = now() - pool.began;
    if (pool.broken) {
        fprintf(stderr, "gvsim: cannot start a process: %s\n", strerror(errno));
        return GV_EXIT_USAGE;
    }
    if (pool.failed > SHOWN) printf("… and %" PRIu64 " more\n", pool.failed - SHOWN);
    printf("%s%" PRIu64 " seeds in %.1f s, %.0f a second: %" PRIu64 " failed",
           interrupted ? "interrupted: " : "", pool.done, seconds, (double)pool.done / seconds,
           pool.failed);
    if (pool.failed > pool.unsafe)
        printf(", %" PRIu64 " in liveness only", pool.failed - pool.unsafe);
    if (pool.unjudged > 0) printf("; %" PRIu64 " without a verdict", pool.unjudged);
    putchar('\n');
    if (interrupted) return GV_EXIT_INTERRUPTED;
    if (pool.failed > 0) return pool.unsafe > 0 ? GV_EXIT_INVALID : GV_EXIT_LIVENESS;
    return pool.unjudged > 0 ? GV_EXIT_INCONCLUSIVE : GV_EXIT_VALID;
}
