// SPDX-License-Identifier: MIT
#include "exec.h"

#include "../../node/escape.h"
#include "../check/check_traffic.h"
#include "../core/envelope.h"
#include "../core/memory.h"
#include "../core/output.h"
#include "../core/path.h"
#include "child.h"
#include "logs.h"
#include "progress.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

enum {
    READ_SIZE = 1 << 16,
    LAST_LINES = 10, // last lines shown of a dead node's standard error
    FIRST_LINES = 5, // first lines shown of other nodes' standard error, if the run is invalid
    NODES_SHOWN = 3, // the first lines of at most this many nodes are shown
    STOP_TIMEOUT_MS = 5000,
    GRACE_MS = 1000, // time for nodes to exit by themselves and log their statistics
    DEAD_MS = 100,   // time for other nodes to exit, after one died
    DEAD_LISTED = 12,
    HEARTBEAT_MS = 10,
    HEARTBEAT_SLACK_MS = 2, // timer granularity, which does not count as a stall
    WAITS_NODES_MAX = 1000, // above, run delays are not measured, as it takes too long
    FILES_SPARE = 64,       // open files in addition to the nodes' pipes
};

struct exec;

struct node {
    struct exec *exec;
    uint32_t index;
    pid_t pid;              // 0: not started
    int status;             // from waitpid, if exited
    uv_pipe_t in, out, err; // the node's standard input, output and error
    bool opened, exited, err_ended;
    char *buf; // its output after the last newline
    size_t len, cap;
    size_t queued;  // bytes for it that do not fit its pipe, with their overhead
    size_t waiting; // bytes from it that do not fit other nodes' pipes, with overhead
    uint64_t taken; // bytes written to its pipe
    bool paused;    // its output is not read, since it exceeds --queue-max
    bool flooded;   // it was paused before
    bool spoke;     // it has printed a byte
    gv_time out_closed, in_closed; // times; 0: open
    bool reported_closed;
    gv_time full_since,
        full; // start of the current time in which its pipe is full; sum of earlier times
};

struct exec {
    struct gv_run_config config;
    struct gv_run_options options;
    struct gv_recorder recorder;
    struct gv_run *run;
    struct gv_logs logs;
    struct gv_child_guard guard;
    struct gv_progress progress;
    struct gv_result *copy; // the caller's copy of the result; NULL: none
    FILE *out;
    struct gv_output json;
    char *program;
    uv_loop_t loop;
    uv_timer_t timer, tick, heartbeat;
    uv_tty_t tty;
    uv_signal_t signals[3], children;
    struct node *nodes;
    uint32_t paused; // number of paused nodes
    char *err_buf;   // buffer for READ_SIZE bytes of standard error
    bool stopping, interrupted, keep;
    int64_t died; // the first node that exited; −1: none
    enum gv_run_phase died_in;
    struct gv_check_traffic traffic;
    struct gv_lateness lateness;
    gv_time heartbeat_at;
    bool sampled; // the run delays at the start of operations have been read into:
    uint64_t waited, waits;
};

// ---- Time ----

static void on_timer(uv_timer_t *timer);

static bool operations_begun(struct exec *exec) {
    return gv_run_view(exec->run, 0).phase >= GV_RUN_MAIN;
}

// Adds up the run delays of all nodes so far.
static bool sum_run_delays(struct exec *exec, uint64_t *waited, uint64_t *times) {
    *waited = *times = 0;
    bool some = false;
    if (exec->config.nodes > WAITS_NODES_MAX) return false;
    for (uint32_t i = 0; i < exec->config.nodes; i++) {
        const struct node *node = &exec->nodes[i];
        if (node->pid > 0 && !node->exited) some |= gv_child_run_delay(node->pid, waited, times);
    }
    return some;
}

static void measure_run_delays(struct exec *exec) {
    uint64_t waited, times;
    if (!exec->sampled || !sum_run_delays(exec, &waited, &times) || times <= exec->waits) return;
    exec->lateness.has_waits = true;
    exec->lateness.wait = (waited - exec->waited) / (times - exec->waits);
}

// Reports a node that closed its standard output or input and still runs after GRACE_MS: a node
// that exits closes both. Returns whether it added an error.
static bool check_closed(struct node *node, gv_time now) {
    struct exec *exec = node->exec;
    gv_time before = now - GRACE_MS * GV_MS;
    bool deaf = node->in_closed > 0 && node->in_closed < before;
    if (node->exited || node->reported_closed) return false;
    if (node->out_closed > 0 && node->out_closed < before) {
        gv_run_closed(exec->run, node->index);
    } else if (deaf) {
        gv_run_errors(exec->run)->conclusive = true;
        gv_run_object(exec->run, GV_VERDICT_STREAM_CLOSED,
                      "n%u closed its standard input and still runs: it can receive nothing more",
                      node->index);
    } else {
        return false;
    }
    node->reported_closed = true;
    return true;
}

static void pump(struct exec *exec);

static void on_heartbeat(uv_timer_t *timer) {
    struct exec *exec = timer->data;
    gv_time now = uv_hrtime(), due = exec->heartbeat_at + HEARTBEAT_MS * GV_MS;
    if (exec->heartbeat_at > 0 && operations_begun(exec) &&
        now > due + HEARTBEAT_SLACK_MS * GV_MS) {
        exec->lateness.stalled += now - due;
        if (now - due > exec->lateness.stalled_longest) exec->lateness.stalled_longest = now - due;
    }
    exec->heartbeat_at = now;
    bool reported = false;
    for (uint32_t i = 0; i < exec->config.nodes; i++)
        reported = check_closed(&exec->nodes[i], now) || reported;
    if (reported) pump(exec);
}

static void resume(struct exec *exec);

// Advances the run, and sets the timer to its next event.
static void pump(struct exec *exec) {
    gv_time now = uv_hrtime();
    gv_run_advance(exec->run, now);
    if (gv_run_done(exec->run)) {
        uv_stop(&exec->loop);
        return;
    }
    if (exec->paused > 0) resume(exec);
    if (!exec->sampled && gv_run_view(exec->run, now).phase != GV_RUN_INIT) {
        exec->sampled = sum_run_delays(exec, &exec->waited, &exec->waits);
    }
    gv_time due = gv_run_due(exec->run);
    GV_ASSERT(due != GV_TIME_NEVER);
    uint64_t wait_ms = due > now ? (due - now + GV_MS / 2) / GV_MS : 0;
    uv_update_time(&exec->loop);
    uv_timer_start(&exec->timer, on_timer, wait_ms, 0);
}

static void on_timer(uv_timer_t *timer) {
    pump(timer->data);
}

static void on_tick(uv_timer_t *timer) {
    struct exec *exec = timer->data;
    int width, height;
    if (exec->progress.tty && uv_tty_get_winsize(&exec->tty, &width, &height) == 0) {
        gv_progress_resize(&exec->progress, width > 0 ? (unsigned)width : 0);
    }
    struct gv_run_view view = gv_run_view(exec->run, uv_hrtime());
    gv_progress_draw(&exec->progress, &exec->config, &view);
}

static void on_signal(uv_signal_t *signal, int number) {
    (void)number;
    struct exec *exec = signal->data;
    exec->interrupted = true;
    uv_stop(&exec->loop);
}

// ---- Lines ----

struct write {
    uv_write_t request;
    struct node *node;
    uint32_t src;
    size_t len;
    char bytes[];
};

// Adds a write to the counts of its receiver and its sender, or removes it.
static void account(struct write *write, bool begins) {
    struct node *node = write->node;
    size_t size = sizeof *write + write->len;
    if (begins && node->queued == 0) node->full_since = uv_hrtime();
    node->queued = begins ? node->queued + size : node->queued - size;
    if (!begins && node->queued == 0) node->full += uv_hrtime() - node->full_since;
    if (write->src == GV_NET_CLIENT) return;
    struct node *sender = &node->exec->nodes[write->src];
    sender->waiting = begins ? sender->waiting + size : sender->waiting - size;
}

static void on_written(uv_write_t *request, int status) {
    struct write *write = request->data; // if the node exited, on_child handles it
    struct exec *exec = write->node->exec;
    account(write, false);
    if (status == 0) write->node->taken += write->len;
    if (status == UV_EPIPE && write->node->in_closed == 0) write->node->in_closed = uv_hrtime();
    free(write);
    if (exec->paused > 0 && !exec->stopping) resume(exec);
}

static void deliver(void *ctx, uint32_t src, uint32_t index, const char *line, size_t len) {
    struct exec *exec = ctx;
    struct node *node = &exec->nodes[index];
    struct gv_slice text = gv_slice_of(line, len);
    if (node->exited) {
        gv_trace_line(exec->config.trace, uv_hrtime(), GV_TRACE_DROP, text, "down");
        return;
    }
    gv_trace_line(exec->config.trace, uv_hrtime(), GV_TRACE_DELIVER, text, NULL);
    uv_stream_t *stream = (uv_stream_t *)&node->in;
    // If the pipe has room, which is usual, the line is not copied.
    if (uv_stream_get_write_queue_size(stream) == 0) {
        // libuv reads the bytes through a pointer without const.
        uv_buf_t buf = uv_buf_init((char *)(uintptr_t)line, (unsigned)len);
        int written = uv_try_write(stream, &buf, 1);
        if (written > 0) {
            node->taken += (uint64_t)written;
            line += written;
            len -= (size_t)written;
        }
    }
    if (len == 0) return;
    struct write *write = gv_memory_new(sizeof *write + len);
    memcpy(write->bytes, line, len);
    write->request.data = write;
    write->node = node;
    write->src = src;
    write->len = len;
    account(write, true);
    uv_buf_t buf = uv_buf_init(write->bytes, (unsigned)len);
    if (uv_write(&write->request, stream, &buf, 1, on_written) == 0) return;
    account(write, false);
    free(write);
}

// ---- Back-pressure ----

static size_t backlog(const struct node *node) {
    return gv_run_in_flight_bytes(node->exec->run, node->index) + node->waiting;
}

// config.is_full of the run. Services refuse requests at twice the bound at which the node is no
// longer read, so that a burst that only delays the node is answered.
static bool is_full(void *ctx, uint32_t index) {
    const struct exec *exec = ctx;
    return backlog(&exec->nodes[index]) > 2 * exec->options.queue_max;
}

// The node with the most bytes waiting for its pipe.
static const struct node *slowest(const struct exec *exec) {
    const struct node *worst = exec->nodes;
    for (uint32_t i = 1; i < exec->config.nodes; i++) {
        if (exec->nodes[i].queued > worst->queued) worst = &exec->nodes[i];
    }
    return worst;
}

// Stops reading a node whose undelivered messages exceed --queue-max, until half of them are
// delivered. Its pipe fills, so the node waits.
static void pause_reading(struct node *node) {
    struct exec *exec = node->exec;
    uv_read_stop((uv_stream_t *)&node->out);
    node->paused = true;
    exec->paused++;
    if (node->flooded) return;
    node->flooded = gv_run_errors(exec->run)->conclusive = true;
    const struct node *worst = slowest(exec);
    size_t here = gv_run_in_flight_bytes(exec->run, node->index);
    char reader[160] = "";
    if (worst->queued > 0) {
        snprintf(reader, sizeof reader,
                 "; %zu bytes wait for n%u to read its standard input, after it read "
                 "%" PRIu64,
                 worst->queued, worst->index, worst->taken);
    }
    gv_run_object(
        exec->run, GV_VERDICT_FLOOD,
        "n%u sent more than others read: %zu bytes are undelivered, its messages and the "
        "replies of services to it, more than --queue-max; %zu bytes are in flight and %zu "
        "wait for full pipes%s. gvsim did not read n%u until half of them were delivered",
        node->index, here + node->waiting, here, node->waiting, reader, node->index);
}

// Checks whether the nodes send more than any load explains, even if all of them keep up. An error
// is not conclusive: after a stall of the machine, delayed messages arrive all together.
static void check_flood(struct exec *exec, gv_time now) {
    const struct gv_net *net = gv_run_view(exec->run, now).net;
    gv_check_traffic_observe(&exec->traffic, now, net->messages, gv_run_errors(exec->run));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf);

static void resume(struct exec *exec) {
    for (uint32_t i = 0; i < exec->config.nodes; i++) {
        struct node *node = &exec->nodes[i];
        if (!node->paused || backlog(node) > exec->options.queue_max / 2) continue;
        node->paused = false;
        exec->paused--;
        uv_read_start((uv_stream_t *)&node->out, on_alloc, on_read);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    (void)suggested;
    struct node *node = handle->data;
    GV_MEMORY_GROW(node->buf, &node->cap, node->len + READ_SIZE);
    *buf = uv_buf_init(node->buf + node->len, READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf) {
    (void)buf;
    struct node *node = stream->data;
    if (size < 0) {
        uv_read_stop(stream); // closed; if the node exited, on_child handles it
        node->out_closed = uv_hrtime();
        return;
    }
    if (node->exec->stopping) return; // the run is over
    gv_time now = uv_hrtime();
    size_t scanned = node->len, from = 0;
    node->len += (size_t)size;
    node->spoke = true;
    char *end;
    while ((end = memchr(node->buf + scanned, '\n', node->len - scanned)) != NULL) {
        size_t at = (size_t)(end - node->buf);
        struct gv_slice line = gv_slice_of(node->buf + from, at - from);
        gv_run_line(node->exec->run, now, node->index, line);
        scanned = from = at + 1;
    }
    check_flood(node->exec, now);
    // As in Maelstrom, a node that printed a bad line is no longer read.
    if (gv_run_quarantined(node->exec->run, node->index)) {
        uv_read_stop(stream);
        from = node->len;
    }
    node->len -= from;
    if (from > 0) memmove(node->buf, node->buf + from, node->len);
    size_t most = node->exec->options.line_max;
    if (node->len > most) {
        char shown[GV_ENVELOPE_EXCERPT_MAX + 8];
        struct gv_slice line = gv_slice_of(node->buf, node->len);
        gv_run_errors(node->exec->run)->conclusive = true;
        gv_run_fail(node->exec->run, GV_VERDICT_LONG_LINE,
                    "n%u printed a line longer than --line-max, %zu bytes. It "
                    "starts with: %s",
                    node->index, most, gv_envelope_excerpt(line, shown));
    } else if (backlog(node) > node->exec->options.queue_max && !node->paused) {
        pause_reading(node);
    }
    pump(node->exec);
}

static void on_err_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    (void)suggested;
    const struct node *node = handle->data;
    *buf = uv_buf_init(node->exec->err_buf, READ_SIZE);
}

static void on_err_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf) {
    struct node *node = stream->data;
    if (size < 0) {
        uv_read_stop(stream);
        node->err_ended = true;
        return;
    }
    int error = gv_logs_write(&node->exec->logs, node->index, buf->base, (size_t)size);
    if (error == 0) return;
    fprintf(stderr, "gvsim: cannot write the standard error of n%u to %s: %s\n", node->index,
            node->exec->logs.dir, strerror(-error));
}

// config.describe of the run.
static bool describe(void *ctx, uint32_t index, char *buf, size_t cap) {
    struct exec *exec = ctx;
    const struct node *node = &exec->nodes[index];
    char shown[GV_ENVELOPE_EXCERPT_MAX + 8];
    const char *last = gv_logs_last(&exec->logs, index);
    int len = 0;
    buf[0] = '\0';
    if (node->len > 0) {
        struct gv_slice line = gv_slice_of(node->buf, node->len);
        len = snprintf(buf, cap, "it printed an unfinished line (no newline, or not flushed): %s",
                       gv_envelope_excerpt(line, shown));
    } else if (node->queued > 0) {
        len = snprintf(buf, cap, "it %s its standard input",
                       node->in_closed > 0 ? "has closed" : "does not read");
    }
    if (*last != '\0' && len >= 0 && (size_t)len < cap) {
        snprintf(buf + len, cap - (size_t)len, "%sthe last line of its standard error: %s",
                 len > 0 ? "; " : "", last);
    }
    return !node->spoke && node->queued == 0;
}

// ---- Processes ----

static void on_child(uv_signal_t *signal, int number) {
    (void)number;
    struct exec *exec = signal->data;
    int status;
    pid_t pid;
    while ((pid = gv_child_reap(&exec->guard, &status)) > 0) {
        uint32_t index = 0;
        while (index < exec->config.nodes && exec->nodes[index].pid != pid) index++;
        if (index == exec->config.nodes) continue;
        exec->nodes[index].exited = true;
        exec->nodes[index].status = status;
        if (exec->stopping || exec->died >= 0 || gv_run_done(exec->run)) continue;
        exec->died = index;
        exec->died_in = gv_run_view(exec->run, 0).phase;
        uv_stop(&exec->loop);
    }
}

// Lists other nodes that exited with the same status, unless gvsim may have caused it.
static void list_others(const struct exec *exec, uint32_t dead, char *buf, size_t cap) {
    int status = exec->nodes[dead].status;
    bool ours = status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    uint32_t count = 0;
    size_t len = 0;
    buf[0] = '\0';
    for (uint32_t i = 0; i < exec->config.nodes && !ours; i++) {
        const struct node *node = &exec->nodes[i];
        if (i == dead || !node->exited || node->status != status) continue;
        if (count++ >= DEAD_LISTED) continue;
        len += (size_t)snprintf(buf + len, cap - len, "%sn%u", len > 0 ? ", " : ", as did ", i);
    }
    if (count > DEAD_LISTED) snprintf(buf + len, cap - len, " and %u more", count - DEAD_LISTED);
}

// Reports the exit of a node, after all its output has been read.
static void report_exit(struct exec *exec) {
    if (exec->died < 0) return;
    uint32_t index = (uint32_t)exec->died;
    int status = exec->nodes[index].status;
    char how[352];
    int len = WIFSIGNALED(status)
                  ? snprintf(how, 96, "killed by signal %d (%s)", WTERMSIG(status),
                             strsignal(WTERMSIG(status)))
                  : snprintf(how, 96, "it exited with status %d", WEXITSTATUS(status));
    list_others(exec, index, how + len, sizeof how - (size_t)len);
    gv_run_died(exec->run, index, how);
}

static int complain(const char *what, const char *which, int uv_error) {
    gv_escape_print(stderr, "gvsim: cannot %s%s%s: %s\n", what, *which != '\0' ? " " : "", which,
                    uv_strerror(uv_error));
    return uv_error;
}

// fds: the node's standard input, output and error.
static int spawn(struct node *node, const int fds[3]) {
    struct exec *exec = node->exec;
    size_t count = 0;
    while (exec->options.argv[count] != NULL) count++;
    char **args = gv_memory_new((count + 1) * sizeof *args);
    memcpy(args, exec->options.argv, count * sizeof *args);
    args[0] = exec->program;
    struct gv_child_start start = {.program = exec->program,
                                   .argv = args,
                                   .dir = exec->logs.dir,
                                   .fds = {fds[0], fds[1], fds[2]}};
    pid_t pid = gv_child_start(&exec->guard, &start);
    free(args);
    if (pid > 0) {
        node->pid = pid;
        return 0;
    }
    char why[GV_CHILD_WHY_MAX];
    gv_child_start_error(exec->program, -pid, why);
    fprintf(stderr, "gvsim: %s\n", why);
    return (int)pid;
}

// Makes a pipe and opens one end of it in `ours`. Returns the other end, or a negative error, which
// it reports.
static int make_pipe(uv_pipe_t *ours, bool reads) {
    uv_file ends[2];
    int error = uv_pipe(ends, reads ? UV_NONBLOCK_PIPE : 0, reads ? 0 : UV_NONBLOCK_PIPE);
    if (error != 0) return complain("make a pipe", "", error);
    uv_pipe_open(ours, ends[reads ? 0 : 1]);
    return ends[reads ? 1 : 0];
}

static int start_node(struct exec *exec, uint32_t index) {
    struct node *node = &exec->nodes[index];
    uv_pipe_t *const pipes[3] = {&node->in, &node->out, &node->err};
    node->exec = exec;
    node->index = index;
    node->opened = true;
    for (int i = 0; i < 3; i++) {
        uv_pipe_init(&exec->loop, pipes[i], 0);
        pipes[i]->data = node;
    }
    int fds[3] = {-1, -1, -1}, error = 0;
    for (int i = 0; i < 3 && error == 0; i++) {
        fds[i] = make_pipe(pipes[i], i > 0);
        if (fds[i] < 0) error = fds[i];
    }
    if (error == 0) error = spawn(node, fds);
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0) close(fds[i]);
    if (error != 0) return error;
    uv_read_start((uv_stream_t *)&node->out, on_alloc, on_read);
    uv_read_start((uv_stream_t *)&node->err, on_err_alloc, on_err_read);
    return 0;
}

// ---- The run ----

static void close_handle(uv_handle_t *handle, void *ctx) {
    (void)ctx;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void on_stop_timeout(uv_timer_t *timer) {
    uv_stop(timer->loop);
}

// Whether all nodes have exited and their standard error has been read.
static bool all_ended(const struct exec *exec) {
    for (uint32_t i = 0; i < exec->config.nodes; i++) {
        const struct node *node = &exec->nodes[i];
        if (node->pid > 0 && (!node->exited || !node->err_ended)) return false;
    }
    return true;
}

// Waits until all nodes have exited, at most for most_ms.
static void wait_for_all(struct exec *exec, uint64_t most_ms) {
    uv_update_time(&exec->loop);
    // The timer repeats, since it may fire slightly early.
    uv_timer_start(&exec->timer, on_stop_timeout, most_ms, 1);
    gv_time until = uv_hrtime() + most_ms * GV_MS;
    while (!all_ended(exec) && uv_hrtime() < until) uv_run(&exec->loop, UV_RUN_ONCE);
}

static void measure_pipes(struct exec *exec) {
    for (uint32_t i = 0; i < exec->config.nodes; i++) {
        const struct node *node = &exec->nodes[i];
        gv_time full = node->full + (node->queued > 0 ? uv_hrtime() - node->full_since : 0);
        exec->lateness.full += full;
        if (full <= exec->lateness.full_longest) continue;
        exec->lateness.full_longest = full;
        exec->lateness.full_node = i;
    }
}

// Closes every node's input, kills the nodes that do not exit, and closes the loop.
static void stop(struct exec *exec) {
    exec->stopping = true;
    uv_timer_stop(&exec->tick);
    uv_timer_stop(&exec->heartbeat);
    measure_run_delays(exec);
    measure_pipes(exec);
    for (uint32_t i = 0; i < exec->config.nodes; i++) {
        struct node *node = &exec->nodes[i];
        if (node->opened) close_handle((uv_handle_t *)&node->in, NULL);
    }
    if (!exec->interrupted) wait_for_all(exec, exec->died < 0 ? GRACE_MS : DEAD_MS);
    for (uint32_t i = 0; i < exec->config.nodes; i++) {
        struct node *node = &exec->nodes[i];
        if (node->pid > 0 && !node->exited) gv_child_kill(node->pid);
        if (node->opened) close_handle((uv_handle_t *)&node->out, NULL);
    }
    gv_child_kill_marked(&exec->guard);
    wait_for_all(exec, STOP_TIMEOUT_MS);
    gv_logs_end(&exec->logs);
    uv_walk(&exec->loop, close_handle, NULL);
    uv_run(&exec->loop, UV_RUN_DEFAULT);
    int error = uv_loop_close(&exec->loop);
    GV_ASSERT(error == 0);
}

static void init_loop(struct exec *exec) {
    int error = uv_loop_init(&exec->loop);
    GV_ASSERT(error == 0);
    uv_timer_init(&exec->loop, &exec->timer);
    uv_timer_init(&exec->loop, &exec->tick);
    uv_timer_init(&exec->loop, &exec->heartbeat);
    exec->timer.data = exec->tick.data = exec->heartbeat.data = exec;
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < GV_COUNT(numbers); i++) {
        uv_signal_init(&exec->loop, &exec->signals[i]);
        exec->signals[i].data = exec;
        uv_signal_start(&exec->signals[i], on_signal, numbers[i]);
    }
    uv_signal_init(&exec->loop, &exec->children);
    exec->children.data = exec;
    uv_signal_start(&exec->children, on_child, SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
}

// Runs until the end of the run or an interrupt. False: the nodes could not be started.
static bool run(struct exec *exec) {
    init_loop(exec);
    int fd = fileno(exec->out);
    bool tty = uv_guess_handle(fd) == UV_TTY && uv_tty_init(&exec->loop, &exec->tty, fd, 0) == 0;
    gv_progress_init(&exec->progress, exec->out, tty);
    GV_MEMORY_ARRAY(exec->nodes, exec->config.nodes);
    exec->err_buf = gv_memory_new(READ_SIZE);
    bool started = true;
    for (uint32_t i = 0; i < exec->config.nodes && started; i++) {
        started = start_node(exec, i) == 0;
    }
    if (started) {
        uint64_t every = exec->progress.tty ? GV_PROGRESS_TTY_MS : GV_PROGRESS_PIPE_MS;
        uv_timer_start(&exec->tick, on_tick, every, every);
        uv_timer_start(&exec->heartbeat, on_heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
        gv_check_traffic_init(&exec->traffic, exec->config.nodes, exec->config.rate,
                              gv_run_view(exec->run, 0).net->sent_by);
        exec->traffic.second = uv_hrtime();
        gv_run_start(exec->run, exec->traffic.second);
        pump(exec);
        uv_run(&exec->loop, UV_RUN_DEFAULT);
        if (exec->progress.tty) on_tick(&exec->tick);
    }
    gv_progress_end(&exec->progress);
    stop(exec);
    return started;
}

static void print_logs(struct exec *exec) {
    if (exec->died >= 0) {
        gv_logs_print(&exec->logs, (uint32_t)exec->died, LAST_LINES, true, exec->out);
        return;
    }
    // Nodes with protocol errors are shown first.
    unsigned shown = 0;
    for (int suspects = 1; suspects >= 0; suspects--) {
        for (uint32_t node = 0; node < exec->config.nodes && shown < NODES_SHOWN; node++) {
            if (gv_run_suspects(exec->run, node) != (suspects == 1)) continue;
            shown += gv_logs_print(&exec->logs, node, FIRST_LINES, false, exec->out);
        }
    }
}

static enum gv_exit finish(struct exec *exec) {
    if (exec->interrupted) {
        fprintf(exec->out, "interrupted; the nodes are stopped\n");
        gv_recorder_close(&exec->recorder, NULL, &exec->options.limits);
        return GV_EXIT_INTERRUPTED;
    }
    report_exit(exec);
    struct gv_result result = gv_run_finish(exec->run);
    result.lateness = exec->lateness;
    if (exec->died >= 0) gv_run_errors(exec->run)->conclusive = true;
    exec->keep = !result.valid;
    struct gv_stats stats;
    for (uint32_t i = 0; i < exec->config.nodes; i++)
        if (gv_logs_stats(&exec->logs, i, &stats)) gv_traffic_add(&result.traffic, &stats);
    bool within = gv_limits_print(&exec->options.limits, &result, exec->out, exec->progress.color);
    if (!result.valid) {
        print_logs(exec);
        gv_escape_print(exec->out, "  %-16s %s\n", "logs", exec->logs.dir);
    }
    if (exec->json.file != NULL) gv_result_json(&result, exec->json.file);
    if (exec->copy != NULL) {
        *exec->copy = result;
        exec->copy->counts = NULL;
        exec->copy->errors = NULL;
    }
    if (!gv_recorder_close(&exec->recorder, &result, &exec->options.limits)) return GV_EXIT_USAGE;
    if (exec->died >= 0) return GV_EXIT_NODE_DIED;
    if (gv_result_inconclusive(&result)) return GV_EXIT_INCONCLUSIVE;
    return result.valid && within ? GV_EXIT_VALID : GV_EXIT_INVALID;
}

// Finds the program and opens all files, before any node is started.
static bool open_files(struct exec *exec) {
    const struct gv_run_options *options = &exec->options;
    exec->program = gv_path_program(options->argv[0]);
    char why[GV_CHILD_WHY_MAX];
    if (gv_child_check_program(options->argv[0], exec->program, why) ||
        !gv_child_raise_file_limit(&exec->guard, 3 * (size_t)exec->config.nodes + FILES_SPARE,
                                   why)) {
        gv_escape_print(stderr, "gvsim: %s\n", why);
        return false;
    }
    if (!gv_output_open(&exec->json, options->json, true)) return false;
    exec->out = exec->json.file == stdout ? stderr : stdout;
    if (!gv_run_options_record(options, &exec->config, NULL, &exec->recorder)) return false;
    int error = gv_logs_init(&exec->logs, options->log_dir, exec->config.nodes, options->log_max);
    if (error == 0) return true;
    complain("make the directory", options->log_dir != NULL ? options->log_dir : "for logs",
             uv_translate_sys_error(-error));
    return false;
}

static void set_defaults(struct gv_run_options *options) {
    if (options->queue_max == 0) options->queue_max = GV_RUN_OPTIONS_QUEUE_MAX;
    if (options->line_max == 0) options->line_max = GV_RUN_OPTIONS_LINE_MAX;
    if (options->log_max == 0) options->log_max = GV_LOGS_MAX;
    if (options->late_max == 0) options->late_max = GV_RUN_OPTIONS_LATE_MAX_MS * GV_MS;
}

enum gv_exit gv_exec_run(const struct gv_run_config *config, const struct gv_run_options *options,
                         struct gv_result *copy) {
    GV_ASSERT(options->argv != NULL && options->argv[0] != NULL);
    struct exec exec = {.config = *config, .options = *options, .copy = copy, .died = -1};
    set_defaults(&exec.options);
    exec.lateness = (struct gv_lateness){.measured = true, .limit = exec.options.late_max};
    exec.config.lateness = &exec.lateness.events;
    exec.config.describe = describe;
    exec.config.slack = GV_MS / 2; // timers have millisecond granularity
    exec.config.deliver = deliver;
    exec.config.is_full = is_full;
    exec.config.ctx = &exec;
    enum gv_exit status = GV_EXIT_USAGE;
    gv_child_guard_start(&exec.guard);
    if (open_files(&exec)) {
        exec.run = gv_run_new(&exec.config);
        if (run(&exec)) {
            status = finish(&exec);
        } else {
            gv_recorder_close(&exec.recorder, NULL, &exec.options.limits);
        }
        gv_run_free(exec.run);
        for (uint32_t i = 0; i < exec.config.nodes; i++) free(exec.nodes[i].buf);
        free(exec.nodes);
        free(exec.err_buf);
        gv_logs_fini(&exec.logs, !exec.keep);
    }
    gv_child_guard_end(&exec.guard);
    bool judged = status != GV_EXIT_USAGE && status != GV_EXIT_INTERRUPTED;
    if (!gv_output_close(&exec.json, judged)) status = GV_EXIT_USAGE;
    free(exec.program);
    return status;
}
