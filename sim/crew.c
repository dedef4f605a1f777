// SPDX-License-Identifier: MIT
#include "crew.h"

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
enum { UNSAFE = 1, LATE = 4, UNJUDGED = 5 }; // exit statuses

// What a worker writes after each job; small enough to be written in one piece.
struct note {
    uint64_t number;
    struct gv_verdict verdict;
};

struct worker {
    pid_t pid; // 0: none
    int fd;
    uint64_t at;  // the job it is at
    bool working; // it is at one
    bool done;
    struct note note; // as far as it has come
    size_t got;
};

struct crew {
    const struct gv_crew_config *config;
    struct worker workers[GV_CREW_JOBS_MAX];
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

static void say(int fd, const struct note *note) {
    ssize_t size = write(fd, note, sizeof *note);
    if (size != (ssize_t)sizeof *note) _exit(3);
}

void gv_crew_bound(uint32_t cpu_s) {
    struct itimerval timer = {.it_value = {.tv_sec = (time_t)cpu_s}};
    signal(SIGPROF, SIG_DFL);
    setitimer(ITIMER_PROF, &timer, NULL);
}

static void work(const struct gv_crew_config *config, uint64_t number, int fd) {
    for (;; number += config->jobs) {
        gv_crew_bound(config->cpu_s);
        struct note note = {.number = number, .verdict = config->run(number)};
        say(fd, &note);
        if (config->last - number < config->jobs) _exit(0);
    }
}

// Starts a worker with this job and every one `jobs` further.
static void start(struct crew *crew, struct worker *worker, uint64_t number) {
    int fds[2];
    worker->done = true;
    if (number > crew->config->last || number < crew->config->first) return;
    if (pipe(fds) != 0) {
        crew->broken = true;
        return;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        signal(SIGINT, SIG_IGN); // ^C is for the one that started all
        work(crew->config, number, fds[1]);
    }
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        crew->broken = true;
        return;
    }
    *worker = (struct worker){.pid = pid, .fd = fds[0], .at = number, .working = true};
}

static void tell(struct crew *crew, uint64_t number, const struct gv_verdict *verdict) {
    crew->done++;
    if (verdict->valid) return;
    uint64_t *count = verdict->unjudged ? &crew->unjudged : &crew->failed;
    crew->unsafe += verdict->safety;
    if ((*count)++ >= SHOWN) return;
    if (crew->tty) fputs("\r\x1b[K", stderr);
    printf("%s %" PRIu64 ": %s\n  replay: %s%" PRIu64 "\n",
           verdict->unjudged ? "NOT JUDGED" : "FAILED", number, verdict->why, crew->config->replay,
           number);
    fflush(stdout);
}

// The worker's end of the pipe is closed: it is through, or died.
static void on_end(struct crew *crew, struct worker *worker) {
    int status = 0;
    close(worker->fd);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
    }
    worker->pid = 0;
    worker->done = true;
    if (!worker->working) return;
    struct gv_verdict verdict = gv_verdict_of_status(status);
    tell(crew, worker->at, &verdict);
    uint64_t next = worker->at + crew->config->jobs;
    if (next > worker->at) start(crew, worker, next);
}

static void on_note(struct crew *crew, struct worker *worker) {
    const struct note *note = &worker->note;
    worker->working = crew->config->last - note->number >= crew->config->jobs;
    worker->at = note->number + (worker->working ? crew->config->jobs : 0);
    tell(crew, note->number, &note->verdict);
}

static void on_ready(struct crew *crew, struct worker *worker) {
    char *to = (char *)&worker->note + worker->got;
    ssize_t size = read(worker->fd, to, sizeof worker->note - worker->got);
    if (size < 0 && errno == EINTR) return;
    if (size <= 0) {
        on_end(crew, worker);
        return;
    }
    worker->got += (size_t)size;
    if (worker->got < sizeof worker->note) return;
    worker->got = 0;
    on_note(crew, worker);
}

// ---- The whole ----

static void draw(struct crew *crew, bool last) {
    double time = now();
    if (!crew->tty || (!last && time - crew->drawn < DRAW_MS / 1000.0)) return;
    crew->drawn = time;
    double total = (double)(crew->config->last - crew->config->first) + 1;
    double share = (double)crew->done / total, rate = (double)crew->done / (time - crew->began);
    char bar[BAR + 1];
    for (int i = 0; i < BAR; i++) bar[i] = i < (int)(share * BAR) ? '#' : '.';
    bar[BAR] = '\0';
    fprintf(stderr,
            "\r\x1b[K[%s] %" PRIu64 " of %.0f, %.0f a second, %.0f s left, %" PRIu64 " failed", bar,
            crew->done, total, rate, rate > 0 ? (total - (double)crew->done) / rate : 0,
            crew->failed);
    if (last) fputs("\r\x1b[K", stderr);
    fflush(stderr);
}

// Waits for the workers to say something. False: there are none left.
static bool wait_for_news(struct crew *crew) {
    struct pollfd fds[GV_CREW_JOBS_MAX];
    struct worker *whose[GV_CREW_JOBS_MAX];
    nfds_t count = 0;
    for (uint32_t i = 0; i < crew->config->jobs; i++) {
        struct worker *worker = &crew->workers[i];
        if (worker->done) continue;
        fds[count] = (struct pollfd){.fd = worker->fd, .events = POLLIN};
        whose[count++] = worker;
    }
    if (count == 0) return false;
    if (poll(fds, count, DRAW_MS) <= 0) return true;
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].revents != 0) on_ready(crew, whose[i]);
    }
    return true;
}

static void stop(struct crew *crew) {
    for (uint32_t i = 0; i < crew->config->jobs; i++) {
        struct worker *worker = &crew->workers[i];
        if (worker->pid == 0) continue;
        kill(worker->pid, SIGKILL);
        while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        close(worker->fd);
    }
}

int gv_crew_run(const struct gv_crew_config *config) {
    GV_ASSERT(config->jobs > 0 && config->jobs <= GV_CREW_JOBS_MAX);
    GV_ASSERT(config->first <= config->last);
    static struct crew crew;
    crew = (struct crew){.config = config, .began = now(), .tty = isatty(STDERR_FILENO) != 0};
    interrupted = 0;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    for (uint32_t i = 0; i < config->jobs; i++) start(&crew, &crew.workers[i], config->first + i);
    while (!interrupted && !crew.broken && wait_for_news(&crew)) {
        draw(&crew, false);
        if (config->fail_fast && crew.failed > 0) break;
    }
    draw(&crew, true);
    stop(&crew);
    double seconds = now() - crew.began;
    if (crew.broken) {
        fprintf(stderr, "gvsim: cannot start a process: %s\n", strerror(errno));
        return 2;
    }
    if (crew.failed > SHOWN) printf("… and %" PRIu64 " more\n", crew.failed - SHOWN);
    printf("%s%" PRIu64 " seeds in %.1f s, %.0f a second: %" PRIu64 " failed",
           interrupted ? "interrupted: " : "", crew.done, seconds, (double)crew.done / seconds,
           crew.failed);
    if (crew.failed > crew.unsafe)
        printf(", %" PRIu64 " in liveness only", crew.failed - crew.unsafe);
    if (crew.unjudged > 0) printf("; %" PRIu64 " were not judged", crew.unjudged);
    putchar('\n');
    if (interrupted) return 130;
    if (crew.failed > 0) return crew.unsafe > 0 ? UNSAFE : LATE;
    return crew.unjudged > 0 ? UNJUDGED : 0;
}
