// SPDX-License-Identifier: MIT
#define _GNU_SOURCE // F_SETPIPE_SZ
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

// Least capacity of the buffers for input and for output, bytes.
enum { CHUNK = 256 << 10 };
// Output buffers written before input is read again.
enum { WRITES_PER_PUMP = 2 };
// Size of the input pipe, bytes. This is PIPE_BUF: a write of at most this length is atomic.
enum { PIPE = 4096 };

struct stdio {
    int fd;
    int flags;    // original file status flags, restored at the end; −1: unknown
    bool is_file; // a plain file: read and written without libuv
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_pipe_t pipe;
        uv_tcp_t tcp;
        uv_tty_t tty;
    } uv;
};

struct loop {
    struct gv_loop_config config;
    struct gv_node *node;
    uv_loop_t uv;
    struct stdio in, out;
    uv_idle_t idle;   // runs while a plain file is read
    uv_idle_t resume; // runs while the node has more output
    uv_timer_t timer, stats_timer;
    uv_signal_t signals[3];

    // Input not received by the node: in_data[in_start, in_end), without a newline before in_seen.
    char *in_data;
    size_t in_cap, in_start, in_seen, in_end;
    bool skipping; // discards the rest of a line that is too long
    bool eof;
    bool reading;

    char *out_data;
    size_t out_cap;
    uv_write_t write;
    bool writing; // out_data is in use

    uv_work_t work;
    const struct gv_store_batch *batch; // being written to the store, or NULL
    int stored;                         // result of writing the batch

    bool stopping; // after a signal
    bool flushed;  // gv_node_flush was called, before the shutdown
    bool done;
    int status;
};

// ---- The system's clocks and randomness ---------------------------------------------------------

static uint64_t read_clock(clockid_t clock) {
    struct timespec t;
    if (clock_gettime(clock, &t) != 0) return uv_hrtime();
    return (uint64_t)t.tv_sec * 1000 * GV_MS + (uint64_t)t.tv_nsec;
}

gv_time gv_loop_now(void) {
#ifdef CLOCK_BOOTTIME
    return read_clock(CLOCK_BOOTTIME);
#else
    return uv_hrtime();
#endif
}

uint64_t gv_loop_wall(void) {
    struct timespec t;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0 || t.tv_sec < 0) return 0;
    const uint64_t second = 1000 * GV_MS;
    if ((uint64_t)t.tv_sec >= UINT64_MAX / second) return UINT64_MAX;
    return (uint64_t)t.tv_sec * second + (uint64_t)t.tv_nsec;
}

uint64_t gv_loop_wall_offset(void) {
    return gv_loop_wall() - gv_loop_now();
}

bool gv_loop_random(uint64_t *out) {
    return uv_random(NULL, NULL, out, sizeof *out, 0, NULL) == 0;
}

// ---- Standard input and output ------------------------------------------------------------------

static void fail(struct loop *loop, const char *what, const char *why) {
    char text[256];
    snprintf(text, sizeof text, "%s: %s", what, why);
    loop->config.log(loop->config.log_ctx, &(struct gv_log_record){
                                               .level = GV_LOG_ERROR,
                                               .node = gv_node_name(loop->node),
                                               .text = text,
                                           });
    loop->status = 1;
    loop->done = true;
}

// Returns 0 or a code of libuv.
static int open_stdio(uv_loop_t *uv, struct stdio *stdio, int fd) {
    *stdio = (struct stdio){.fd = fd, .flags = fcntl(fd, F_GETFL)};
    int error;
    switch (uv_guess_handle(fd)) {
    case UV_FILE:
        stdio->is_file = true;
        return 0;
    case UV_TTY:
        return uv_tty_init(uv, &stdio->uv.tty, fd, 0);
    case UV_NAMED_PIPE:
        error = uv_pipe_init(uv, &stdio->uv.pipe, 0);
        return error != 0 ? error : uv_pipe_open(&stdio->uv.pipe, fd);
    case UV_TCP:
        error = uv_tcp_init(uv, &stdio->uv.tcp);
        return error != 0 ? error : uv_tcp_open(&stdio->uv.tcp, fd);
    default:
        stdio->is_file = true;
        return UV_EFTYPE; // a directory, …
    }
}

// All clients share one pipe, and a line waits for the bytes before it, so a short pipe limits how
// long a flood delays other clients.
static void shrink_pipe(const struct stdio *stdio) {
#ifdef F_SETPIPE_SZ
    if (!stdio->is_file) fcntl(stdio->fd, F_SETPIPE_SZ, PIPE);
#else
    (void)stdio;
#endif
}

// ---- Output -------------------------------------------------------------------------------------

static void pump(struct loop *loop);

// Whether the node has more output, which on_resume will write.
static bool output_pending(const struct loop *loop) {
    return uv_is_active((const uv_handle_t *)&loop->resume) != 0;
}

static void fail_write(struct loop *loop, int error) {
    bool gone = error == UV_EPIPE || error == UV_ECONNRESET;
    fail(loop, "standard output", gone ? "the reader has closed it" : uv_strerror(error));
}

static void on_written(uv_write_t *request, int error) {
    struct loop *loop = request->data;
    loop->writing = false;
    if (error == UV_ECANCELED) return; // closing
    if (error != 0) fail_write(loop, error);
    pump(loop);
}

static void write_file(struct loop *loop, size_t len) {
    for (size_t at = 0; at < len;) {
        ssize_t n = write(loop->out.fd, loop->out_data + at, len - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            fail_write(loop, uv_translate_sys_error(errno));
            return;
        }
        at += (size_t)n;
    }
}

static void write_stream(struct loop *loop, size_t len) {
    uv_buf_t buf = uv_buf_init(loop->out_data, (unsigned)len);
    int n = uv_try_write(&loop->out.uv.stream, &buf, 1);
    if (n == (int)len) return;
    if (n < 0 && n != UV_EAGAIN) {
        fail_write(loop, n);
        return;
    }
    size_t written = n > 0 ? (size_t)n : 0;
    buf = uv_buf_init(loop->out_data + written, (unsigned)(len - written));
    loop->write.data = loop;
    int error = uv_write(&loop->write, &loop->out.uv.stream, &buf, 1, on_written);
    loop->writing = error == 0;
    if (error != 0) fail_write(loop, error);
}

static void on_resume(uv_idle_t *idle) {
    pump(idle->data);
}

// Writes the node's output until the system accepts no more, or WRITES_PER_PUMP buffers are
// written. Then input is read first, so that a long sync does not delay requests.
static void flush(struct loop *loop, gv_time now) {
    uv_idle_stop(&loop->resume);
    for (int left = WRITES_PER_PUMP; !loop->writing && !loop->done; left--) {
        if (left == 0) {
            uv_idle_start(&loop->resume, on_resume);
            return;
        }
        size_t len = gv_node_send(loop->node, now, loop->out_data, loop->out_cap);
        if (len == 0) return;
        if (loop->out.is_file) {
            write_file(loop, len);
        } else {
            write_stream(loop, len);
        }
    }
}

// ---- Input --------------------------------------------------------------------------------------

// Handles the bytes after the last newline. They wait for the rest of the line, unless they exceed
// the longest line or the input has ended.
static void take_partial_line(struct loop *loop, gv_time now) {
    size_t len = loop->in_end - loop->in_start;
    bool last = loop->eof && len > 0;
    bool too_long = len > loop->config.line_max;
    if (!loop->skipping && (last || too_long)) {
        gv_node_receive(loop->node, now, loop->in_data + loop->in_start,
                        too_long ? loop->config.line_max + 1 : len);
        loop->skipping = true;
    }
    if (loop->skipping) loop->in_start = loop->in_end;
    loop->in_seen = loop->in_end;
}

// Passes the complete lines to the node. True: the node is not ready for the rest.
static bool take_lines(struct loop *loop, gv_time now) {
    while (gv_node_ready(loop->node)) {
        char *start = loop->in_data + loop->in_start, *seen = loop->in_data + loop->in_seen;
        char *newline = memchr(seen, '\n', loop->in_end - loop->in_seen);
        if (newline == NULL) {
            take_partial_line(loop, now);
            return false;
        }
        size_t len = (size_t)(newline - start);
        if (len > loop->config.line_max) len = loop->config.line_max + 1;
        loop->in_start = loop->in_seen = (size_t)(newline + 1 - loop->in_data);
        if (!loop->skipping) gv_node_receive(loop->node, now, start, len);
        loop->skipping = false;
    }
    return loop->in_start < loop->in_end;
}

// The free space of the input buffer, at least one byte.
static uv_buf_t free_space(struct loop *loop) {
    if (loop->in_start > 0) {
        size_t len = loop->in_end - loop->in_start;
        memmove(loop->in_data, loop->in_data + loop->in_start, len);
        loop->in_seen -= loop->in_start;
        loop->in_start = 0;
        loop->in_end = len;
    }
    size_t len = loop->in_cap - loop->in_end;
    GV_ASSERT(len > 0);
    return uv_buf_init(loop->in_data + loop->in_end, len < CHUNK ? (unsigned)len : CHUNK);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    (void)suggested;
    struct loop *loop = handle->data;
    *buf = free_space(loop);
}

static void take_input(struct loop *loop, ssize_t n) {
    if (n == UV_EOF) {
        loop->eof = true;
    } else if (n < 0) {
        fail(loop, "standard input", uv_strerror((int)n));
    } else {
        loop->in_end += (size_t)n;
    }
    pump(loop);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
    (void)buf;
    if (n != 0) take_input(stream->data, n); // 0: no data yet
}

static void on_idle(uv_idle_t *idle) {
    struct loop *loop = idle->data;
    uv_buf_t buf = free_space(loop);
    ssize_t n;
    do {
        n = read(loop->in.fd, buf.base, buf.len);
    } while (n < 0 && errno == EINTR);
    take_input(loop, n > 0 ? n : n == 0 ? UV_EOF : uv_translate_sys_error(errno));
}

static void set_reading(struct loop *loop, bool reading) {
    if (loop->reading == reading) return;
    loop->reading = reading;
    int error;
    if (loop->in.is_file) {
        error = reading ? uv_idle_start(&loop->idle, on_idle) : uv_idle_stop(&loop->idle);
    } else {
        error = reading ? uv_read_start(&loop->in.uv.stream, on_alloc, on_read)
                        : uv_read_stop(&loop->in.uv.stream);
    }
    // A terminal or socket may have been hung up.
    if (error != 0) fail(loop, "standard input", uv_strerror(error));
}

// Blocks SIGUSR1 while libuv has removed its handler and the signal would end the process. Worker
// threads are started while it is blocked, so they never receive it.
static void block_stats_signal(bool block) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(block ? SIG_BLOCK : SIG_UNBLOCK, &signals, NULL);
}

// ---- The store ----------------------------------------------------------------------------------

// Runs in a worker thread, as it waits for the disk.
static void on_work(uv_work_t *work) {
    struct loop *loop = work->data;
    loop->stored = loop->config.store->write(loop->config.store->ctx, loop->batch);
}

static void on_stored(uv_work_t *work, int cancelled) {
    struct loop *loop = work->data;
    const struct gv_store *store = loop->config.store;
    loop->batch = NULL;
    if (cancelled != 0) loop->stored = GV_EIO;
    gv_node_written(loop->node, gv_loop_now(), loop->stored, store->text(store->ctx));
    pump(loop);
}

static void start_batch(struct loop *loop, gv_time now) {
    if (loop->config.store == NULL || loop->batch != NULL || loop->done) return;
    loop->batch = gv_node_batch(loop->node, now);
    if (loop->batch == NULL) return;
    loop->work.data = loop;
    block_stats_signal(true);
    int error = uv_queue_work(&loop->uv, &loop->work, on_work, on_stored);
    block_stats_signal(false);
    GV_ASSERT(error == 0); // fails only without a callback
}

// ---- The loop -----------------------------------------------------------------------------------

static void on_timer(uv_timer_t *timer) {
    pump(timer->data);
}

static void set_timer(struct loop *loop, gv_time now) {
    gv_time deadline = gv_node_deadline(loop->node);
    if (deadline == GV_TIME_NEVER) {
        uv_timer_stop(&loop->timer);
        return;
    }
    // Rounded up, since a timer that fires too early would make the loop spin.
    gv_time wait_ms = deadline > now ? (deadline - now + GV_MS - 1) / GV_MS : 0;
    uv_timer_start(&loop->timer, on_timer, wait_ms, 0);
}

// Runs after every event: passes input to the node, writes its output, starts writes to the store
// and sets the timer.
static void pump(struct loop *loop) {
    if (loop->done) {
        uv_stop(&loop->uv);
        return;
    }
    uv_update_time(&loop->uv);
    gv_time now = gv_loop_now();
    if (gv_node_deadline(loop->node) <= now) gv_node_advance(loop->node, now);
    bool full;
    do {
        full = take_lines(loop, now);
        flush(loop, now);
    } while (full && !loop->writing && !loop->done && !output_pending(loop) &&
             gv_node_ready(loop->node));

    bool ending = loop->eof || loop->stopping;
    bool drained = ending && !full && !output_pending(loop) && gv_node_drain(loop->node);
    start_batch(loop, now);
    drained = drained && loop->batch == NULL;
    if (drained && !loop->writing && !loop->flushed) {
        loop->flushed = true;
        gv_node_flush(loop->node, now);
        flush(loop, now);
    }
    set_reading(loop, !full && !ending && !loop->done);
    set_timer(loop, now);
    if (drained && !loop->writing && !output_pending(loop)) loop->done = true;
    if (loop->done) uv_stop(&loop->uv);
}

static void on_signal(uv_signal_t *handle, int number) {
    struct loop *loop = handle->data;
    if (loop->stopping) {
        loop->status = 128 + number;
        loop->done = true;
    }
    loop->stopping = true;
    pump(loop);
}

static void on_stats_signal(uv_signal_t *handle, int number) {
    (void)number;
    gv_node_log_stats(((struct loop *)handle->data)->node);
}

static void on_stats(uv_timer_t *timer) {
    gv_node_log_stats(((struct loop *)timer->data)->node);
}

static int start(struct loop *loop) {
    uv_idle_init(&loop->uv, &loop->idle);
    uv_idle_init(&loop->uv, &loop->resume);
    uv_timer_init(&loop->uv, &loop->timer);
    uv_timer_init(&loop->uv, &loop->stats_timer);
    loop->idle.data = loop->resume.data = loop->timer.data = loop->stats_timer.data = loop;
    static const int numbers[] = {SIGINT, SIGTERM, SIGUSR1};
    for (int i = 0; i < 3; i++) {
        int error = uv_signal_init(&loop->uv, &loop->signals[i]);
        if (error != 0) return error;
        loop->signals[i].data = loop;
        uv_signal_cb act = numbers[i] == SIGUSR1 ? on_stats_signal : on_signal;
        error = uv_signal_start(&loop->signals[i], act, numbers[i]);
        if (error != 0) return error;
    }
    uint64_t every = loop->config.stats_ms;
    return every > 0 ? uv_timer_start(&loop->stats_timer, on_stats, every, every) : 0;
}

static void on_walk(uv_handle_t *handle, void *ctx) {
    (void)ctx;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

// Closes all handles that were opened; start() may have failed.
static void finish(struct loop *loop) {
    block_stats_signal(true);
    uv_walk(&loop->uv, on_walk, NULL);
    // If uv_stop was called before, the first uv_run returns early.
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) continue;
    int error = uv_loop_close(&loop->uv);
    GV_ASSERT(error == 0);
    signal(SIGUSR1, SIG_IGN);
    block_stats_signal(false);
    // Restores the flags, since other programs that share these files may not expect O_NONBLOCK.
    if (loop->in.flags >= 0) fcntl(loop->in.fd, F_SETFL, loop->in.flags);
    if (loop->out.flags >= 0) fcntl(loop->out.fd, F_SETFL, loop->out.flags);
}

static void run(struct loop *loop) {
    int error = open_stdio(&loop->uv, &loop->in, STDIN_FILENO);
    if (error != 0) {
        fail(loop, "standard input", uv_strerror(error));
        return;
    }
    shrink_pipe(&loop->in);
    error = open_stdio(&loop->uv, &loop->out, STDOUT_FILENO);
    if (error != 0) {
        fail(loop, "standard output", uv_strerror(error));
        return;
    }
    if (!loop->in.is_file) loop->in.uv.handle.data = loop;
    error = start(loop);
    if (error != 0) {
        fail(loop, "signals", uv_strerror(error));
        return;
    }
    pump(loop);
    if (!loop->done) uv_run(&loop->uv, UV_RUN_DEFAULT);
}

int gv_loop_run(const struct gv_loop_config *config) {
    GV_ASSERT(config->node != NULL && config->log != NULL);
    GV_ASSERT(config->line_max > 0);
    struct loop loop = {
        .config = *config,
        .node = config->node,
        .in = {.flags = -1},
        .out = {.flags = -1},
    };
    size_t send_min = gv_node_send_min(config->node);
    loop.in_cap = CHUNK + config->line_max + 1;
    loop.out_cap = CHUNK > send_min ? CHUNK : send_min;
    struct gv_alloc alloc = gv_base_malloc();
    loop.in_data = gv_alloc_new(alloc, loop.in_cap);
    loop.out_data = gv_alloc_new(alloc, loop.out_cap);
    signal(SIGPIPE, SIG_IGN);
    int error = loop.in_data == NULL || loop.out_data == NULL ? UV_ENOMEM : uv_loop_init(&loop.uv);
    if (error != 0) {
        fail(&loop, "start", uv_strerror(error));
    } else {
        run(&loop);
        finish(&loop);
    }
    gv_alloc_free(alloc, loop.in_data, loop.in_cap);
    gv_alloc_free(alloc, loop.out_data, loop.out_cap);
    return loop.status;
}
