// SPDX-License-Identifier: MIT
#include "exec.h"

#include "foreign.h"
#include "live.h"
#include "logs.h"
#include "memory.h"
#include "output.h"
#include "path.h"
#include "record.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum {
    READ_SIZE = 1 << 16,
    LINE_MAX_BYTES = 1 << 26,
    LAST_LINES = 10, // of a dead node's standard error
    FIRST_LINES = 5, // of the others', if the run is invalid
    NODES_SHOWN = 3, // of those
    STOP_TIMEOUT_MS = 5000,
    GRACE_MS = 1000, // for nodes to end by themselves, and say what they have done
};

struct exec;

struct node {
    struct exec *exec;
    uint32_t index;
    uv_process_t process;
    uv_pipe_t in, out; // the node's standard input and output
    bool started, exited;
    char *buf; // what it printed and is not a whole line yet
    size_t len, cap;
};

struct exec {
    const struct gv_command *command;
    struct gv_trial_config config;
    struct gv_record record;
    struct gv_trial *trial;
    struct gv_logs logs;
    struct gv_live live;
    struct gv_result *copy; // of the result; NULL: not wanted
    FILE *out;
    struct gv_output json;
    char *program;
    uv_loop_t loop;
    uv_timer_t timer, tick;
    uv_tty_t tty;
    uv_signal_t signals[3];
    struct node *nodes;
    bool stopping, interrupted;
    int64_t died; // the node that did, or -1
};

// ---- Time ----

static void on_timer(uv_timer_t *timer);

// Lets the run take its next steps, and wakes when it has more to do.
static void pump(struct exec *exec) {
    gv_time now = uv_hrtime();
    gv_trial_advance(exec->trial, now);
    if (gv_trial_done(exec->trial)) {
        uv_stop(&exec->loop);
        return;
    }
    gv_time due = gv_trial_due(exec->trial);
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
    if (exec->live.tty && uv_tty_get_winsize(&exec->tty, &width, &height) == 0) {
        gv_live_resize(&exec->live, width > 0 ? (unsigned)width : 0);
    }
    struct gv_trial_view view = gv_trial_view(exec->trial, uv_hrtime());
    gv_live_draw(&exec->live, &exec->config, &view);
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
    char bytes[];
};

static void on_written(uv_write_t *request, int status) {
    (void)status; // if the node is gone, on_exit says so
    free(request->data);
}

static void deliver(void *ctx, uint32_t index, const char *line, size_t len) {
    struct exec *exec = ctx;
    struct node *node = &exec->nodes[index];
    struct gv_slice text = {(const uint8_t *)line, len};
    if (node->exited) {
        gv_trace_line(exec->config.trace, uv_hrtime(), GV_TRACE_DROP, text, "down");
        return;
    }
    gv_trace_line(exec->config.trace, uv_hrtime(), GV_TRACE_DELIVER, text, NULL);
    uv_stream_t *stream = (uv_stream_t *)&node->in;
    // Mostly the pipe has room, and the line need not be copied.
    if (uv_stream_get_write_queue_size(stream) == 0) {
        uv_buf_t buf = uv_buf_init((char *)(uintptr_t)line, (unsigned)len);
        int written = uv_try_write(stream, &buf, 1);
        if (written > 0) {
            line += written;
            len -= (size_t)written;
        }
    }
    if (len == 0) return;
    struct write *write = gv_memory_new(sizeof *write + len);
    memcpy(write->bytes, line, len);
    write->request.data = write;
    uv_buf_t buf = uv_buf_init(write->bytes, (unsigned)len);
    if (uv_write(&write->request, stream, &buf, 1, on_written) != 0) free(write);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
    (void)suggested;
    struct node *node = handle->data;
    node->buf = gv_memory_grow(node->buf, &node->cap, node->len + READ_SIZE, 1);
    *buf = uv_buf_init(node->buf + node->len, READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf) {
    (void)buf;
    struct node *node = stream->data;
    if (size < 0) {
        uv_read_stop(stream); // closed: if the node died, on_exit says so
        return;
    }
    if (node->exec->stopping) return; // it is over
    gv_time now = uv_hrtime();
    size_t scanned = node->len, from = 0;
    node->len += (size_t)size;
    char *end;
    while ((end = memchr(node->buf + scanned, '\n', node->len - scanned)) != NULL) {
        size_t at = (size_t)(end - node->buf);
        struct gv_slice line = {(const uint8_t *)node->buf + from, at - from};
        gv_trial_line(node->exec->trial, now, node->index, line);
        scanned = from = at + 1;
    }
    node->len -= from;
    if (from > 0) memmove(node->buf, node->buf + from, node->len);
    if (node->len > LINE_MAX_BYTES) {
        gv_trial_fail(node->exec->trial, "n%" PRIu32 " printed a line longer than %d bytes",
                      node->index, LINE_MAX_BYTES);
    }
    pump(node->exec);
}

// ---- Processes ----

static void on_exit_of(uv_process_t *process, int64_t status, int signal) {
    struct node *node = process->data;
    struct exec *exec = node->exec;
    node->exited = true;
    // Whatever it started itself goes with it: it leads a process group of its own.
    uv_kill(-process->pid, SIGKILL);
    if (exec->stopping || exec->died >= 0 || gv_trial_done(exec->trial)) return;
    exec->died = node->index;
    if (signal != 0) {
        gv_trial_died(exec->trial, node->index, "killed by signal %d (%s)", signal,
                      strsignal(signal));
    } else {
        gv_trial_died(exec->trial, node->index, "it exited with status %" PRId64, status);
    }
    uv_stop(&exec->loop);
}

static int complain(const char *what, const char *which, int uv_error) {
    gv_foreign_print(stderr, "gvsim: cannot %s%s%s: %s\n", what, *which != '\0' ? " " : "", which,
                     uv_strerror(uv_error));
    return uv_error;
}

// Spawns the process on plain pipes. fds: the node's standard input, output and error.
static int spawn(struct node *node, const int fds[3]) {
    struct exec *exec = node->exec;
    uv_stdio_container_t stdio[3];
    for (int i = 0; i < 3; i++) {
        stdio[i] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data = {.fd = fds[i]}};
    }
    size_t count = 0;
    while (exec->command->argv[count] != NULL) count++;
    char **args = gv_memory_new((count + 1) * sizeof *args);
    memcpy(args, exec->command->argv, count * sizeof *args);
    args[0] = exec->program;
    uv_process_options_t options = {
        .exit_cb = on_exit_of,
        .file = exec->program,
        .args = args,
        .cwd = exec->logs.dir,
        // Its own session: ^C on the terminal is gvsim's to handle, and all its children can be
        // killed at once.
        .flags = UV_PROCESS_DETACHED,
        .stdio_count = 3,
        .stdio = stdio,
    };
    int error = uv_spawn(&exec->loop, &node->process, &options);
    free(args);
    if (error != 0) {
        uv_close((uv_handle_t *)&node->process, NULL);
        return complain("start", exec->program, error);
    }
    node->started = true;
    return 0;
}

static int start_node(struct exec *exec, uint32_t index) {
    struct node *node = &exec->nodes[index];
    node->exec = exec;
    node->index = index;
    node->process.data = node->in.data = node->out.data = node;
    uv_pipe_init(&exec->loop, &node->in, 0);
    uv_pipe_init(&exec->loop, &node->out, 0);
    uv_file in[2], out[2];
    int error = uv_pipe(in, 0, UV_NONBLOCK_PIPE);
    if (error != 0) return complain("make a pipe", "", error);
    uv_pipe_open(&node->in, in[1]);
    error = uv_pipe(out, UV_NONBLOCK_PIPE, 0);
    if (error != 0) {
        close(in[0]);
        return complain("make a pipe", "", error);
    }
    uv_pipe_open(&node->out, out[0]);
    int log = gv_logs_create(&exec->logs, index);
    if (log < 0) {
        error = complain("write to", exec->logs.dir, uv_translate_sys_error(-log));
    } else {
        error = spawn(node, (int[]){in[0], out[1], log});
        close(log);
    }
    close(in[0]);
    close(out[1]);
    if (error == 0) uv_read_start((uv_stream_t *)&node->out, on_room, on_read);
    return error;
}

// ---- The run ----

static void close_handle(uv_handle_t *handle, void *ctx) {
    (void)ctx;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void on_stop_timeout(uv_timer_t *timer) {
    uv_stop(timer->loop);
}

static bool all_exited(const struct exec *exec) {
    for (uint32_t i = 0; i < exec->config.nodes; i++) {
        if (exec->nodes[i].started && !exec->nodes[i].exited) return false;
    }
    return true;
}

// Waits until all nodes have ended, but not for long.
static void wait_for_all(struct exec *exec, uint64_t most_ms) {
    uv_update_time(&exec->loop);
    uv_timer_start(&exec->timer, on_stop_timeout, most_ms, 0);
    gv_time until = uv_hrtime() + most_ms * GV_MS;
    while (!all_exited(exec) && uv_hrtime() < until) uv_run(&exec->loop, UV_RUN_ONCE);
}

// Ends every node, by the end of its input or else by force, and closes everything.
static void stop(struct exec *exec) {
    exec->stopping = true;
    uv_timer_stop(&exec->tick);
    for (uint32_t i = 0; i < exec->config.nodes; i++) {
        struct node *node = &exec->nodes[i];
        if (node->exec != NULL) close_handle((uv_handle_t *)&node->in, NULL);
    }
    if (!exec->interrupted && exec->died < 0) wait_for_all(exec, GRACE_MS);
    for (uint32_t i = 0; i < exec->config.nodes; i++) {
        struct node *node = &exec->nodes[i];
        if (node->started && !node->exited) uv_kill(-node->process.pid, SIGKILL);
        if (node->exec != NULL) close_handle((uv_handle_t *)&node->out, NULL);
    }
    wait_for_all(exec, STOP_TIMEOUT_MS);
    uv_walk(&exec->loop, close_handle, NULL);
    uv_run(&exec->loop, UV_RUN_DEFAULT);
    int error = uv_loop_close(&exec->loop);
    GV_ASSERT(error == 0);
    for (uint32_t i = 0; i < exec->config.nodes; i++) free(exec->nodes[i].buf);
    free(exec->nodes);
}

// The live view is for terminals that can move the cursor.
static void init_live(struct exec *exec) {
    int fd = fileno(exec->out);
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    bool tty =
        !dumb && uv_guess_handle(fd) == UV_TTY && uv_tty_init(&exec->loop, &exec->tty, fd, 0) == 0;
    gv_live_init(&exec->live, exec->out, tty, no_color == NULL || *no_color == '\0');
}

static void init_loop(struct exec *exec) {
    int error = uv_loop_init(&exec->loop);
    GV_ASSERT(error == 0);
    uv_timer_init(&exec->loop, &exec->timer);
    uv_timer_init(&exec->loop, &exec->tick);
    exec->timer.data = exec->tick.data = exec;
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uv_signal_init(&exec->loop, &exec->signals[i]);
        exec->signals[i].data = exec;
        uv_signal_start(&exec->signals[i], on_signal, numbers[i]);
    }
    signal(SIGPIPE, SIG_IGN);
}

// Runs to the end, whichever it is. Returns false if the nodes could not be started.
static bool run(struct exec *exec) {
    init_loop(exec);
    init_live(exec);
    exec->nodes = gv_memory_new(exec->config.nodes * sizeof *exec->nodes);
    bool started = true;
    for (uint32_t i = 0; i < exec->config.nodes && started; i++) {
        started = start_node(exec, i) == 0;
    }
    if (started) {
        uint64_t every = exec->live.tty ? GV_LIVE_TTY_MS : GV_LIVE_PIPE_MS;
        uv_timer_start(&exec->tick, on_tick, every, every);
        gv_trial_start(exec->trial, uv_hrtime());
        pump(exec);
        uv_run(&exec->loop, UV_RUN_DEFAULT);
        if (exec->live.tty) on_tick(&exec->tick);
    }
    gv_live_end(&exec->live);
    stop(exec);
    return started;
}

static void print_logs(struct exec *exec) {
    if (exec->died >= 0) {
        gv_logs_print(&exec->logs, (uint32_t)exec->died, LAST_LINES, true, exec->out);
        return;
    }
    // First of the nodes that printed something wrong, then of the others.
    unsigned shown = 0;
    for (int suspects = 1; suspects >= 0; suspects--) {
        for (uint32_t node = 0; node < exec->config.nodes && shown < NODES_SHOWN; node++) {
            if (gv_trial_suspects(exec->trial, node) != (suspects == 1)) continue;
            shown += gv_logs_print(&exec->logs, node, FIRST_LINES, false, exec->out);
        }
    }
}

static enum gv_exec_status judge(struct exec *exec) {
    if (exec->interrupted) {
        fprintf(exec->out, "interrupted; the nodes are stopped\n");
        gv_record_close(&exec->record, NULL);
        return GV_EXEC_INTERRUPTED;
    }
    struct gv_result result = gv_trial_finish(exec->trial);
    struct gv_stats stats;
    for (uint32_t i = 0; i < exec->config.nodes; i++)
        if (gv_logs_stats(&exec->logs, i, &stats)) gv_traffic_add(&result.traffic, &stats);
    gv_result_print(&result, exec->out, exec->live.color);
    if (!result.valid) {
        print_logs(exec);
        gv_foreign_print(exec->out, "  %-16s %s\n", "logs", exec->logs.dir);
    }
    if (exec->json.file != NULL) gv_result_json(&result, exec->json.file);
    if (exec->copy != NULL) {
        *exec->copy = result;
        exec->copy->counts = NULL;
        exec->copy->errors = NULL;
    }
    if (!gv_record_close(&exec->record, &result)) return GV_EXEC_USAGE;
    if (exec->died >= 0) return GV_EXEC_DIED;
    struct gv_limits_figures figures = gv_limits_of(&result);
    bool within = gv_limits_check(&exec->command->limits, &figures, exec->out) == 0;
    return result.valid && within ? GV_EXEC_VALID : GV_EXEC_INVALID;
}

// Opens what the command names, before anything is started.
static bool open_files(struct exec *exec) {
    const struct gv_command *command = exec->command;
    exec->program = gv_path_program(command->argv[0]);
    if (exec->program == NULL) {
        gv_foreign_print(stderr, "gvsim: there is no program '%s' to run\n", command->argv[0]);
        return false;
    }
    if (!gv_output_open(&exec->json, command->json)) return false;
    exec->out = exec->json.file == stdout ? stderr : stdout;
    if (!gv_record_open(&exec->record, command, &exec->config)) return false;
    int error = gv_logs_init(&exec->logs, command->log_dir, exec->config.nodes);
    if (error == 0) return true;
    complain("make the directory", command->log_dir != NULL ? command->log_dir : "for logs",
             uv_translate_sys_error(-error));
    return false;
}

enum gv_exec_status gv_exec_run(const struct gv_command *command, struct gv_result *copy) {
    GV_ASSERT(command->argv != NULL && command->argv[0] != NULL);
    struct exec exec = {.command = command, .config = command->trial, .copy = copy, .died = -1};
    exec.config.slack = GV_MS / 2; // timers are good for a millisecond: round to the nearest
    exec.config.deliver = deliver;
    exec.config.ctx = &exec;
    enum gv_exec_status status = GV_EXEC_USAGE;
    if (open_files(&exec)) {
        exec.trial = gv_trial_new(&exec.config);
        if (run(&exec)) {
            status = judge(&exec);
        } else {
            gv_record_close(&exec.record, NULL);
        }
        gv_trial_free(exec.trial);
        bool keep = status == GV_EXEC_INVALID || status == GV_EXEC_DIED;
        gv_logs_fini(&exec.logs, !keep);
    }
    bool judged = status == GV_EXEC_VALID || status == GV_EXEC_INVALID || status == GV_EXEC_DIED;
    if (!gv_output_close(&exec.json, judged)) status = GV_EXEC_USAGE;
    free(exec.program);
    return status;
}
