// SPDX-License-Identifier: MIT
#include "program.h"

#include "../codec/crypto.h"
#include "escape.h"
#include "loop.h"
#include "options.h"
#include "secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

struct output {
    enum gv_log_level level;
    enum gv_options_format format;
    uint64_t dropped; // lines dropped since the last written one
};

struct program {
    char name[32];
    const struct gv_workload *workload;
    const struct gv_store_lmdb_ops *ops;
    struct gv_options options;
    struct output output;
    uint8_t secret[GV_SECRET_FILE_MAX];
    size_t secret_len;
};

// Writes a line to standard error. False: the write would block, or standard error is closed.
static bool write_line(const struct output *output, const struct gv_log_record *record) {
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
    uint64_t wall_ns = gv_loop_wall();
    char line[GV_LOG_LINE_MAX];
    bool json = output->format == GV_OPTIONS_JSON;
    size_t len = json ? gv_log_json(record, wall_ns, line) : gv_log_text(record, wall_ns, line);
    // One write, so that lines of several processes do not mix. A pipe that polls as writable has
    // space for GV_LOG_LINE_MAX bytes.
    return write(STDERR_FILENO, line, len) == (ssize_t)len;
}

static void log_record(void *ctx, const struct gv_log_record *record) {
    struct output *output = ctx;
    // Statistics are logged at every level: the user requested them.
    if (record->level > output->level && record->stats == NULL) return;
    if (output->dropped > 0) {
        char text[64];
        snprintf(text, sizeof text, "%" PRIu64 " lines of the log were dropped", output->dropped);
        struct gv_log_record gap = {.level = GV_LOG_WARN, .node = record->node, .text = text};
        if (write_line(output, &gap)) output->dropped = 0;
    }
    output->dropped += !write_line(output, record);
}

static void log_line(struct output *output, enum gv_log_level level, const char *text) {
    log_record(output, &(struct gv_log_record){.level = level, .node = "", .text = text});
}

// Opens the descriptors 0, 1 and 2 where they are closed, so that no file opened later gets their
// numbers.
static void hold_standard_files(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
}

// File descriptors that the loop and a store open, with a reserve.
enum { FILES_LOOP = 8, FILES_STORE = 6, FILES_MAX = FILES_LOOP + FILES_STORE };

// How many of `count` file descriptors cannot be opened; errno has the cause. Checked beforehand,
// since libuv aborts when it cannot open one.
static int missing_files(int count) {
    int held[FILES_MAX], n = 0;
    GV_ASSERT(count <= FILES_MAX);
    while (n < count && (held[n] = dup(STDOUT_FILENO)) >= 0) n++;
    int number = errno;
    for (int i = 0; i < n; i++) close(held[i]);
    errno = number;
    return count - n;
}

static int fail(struct output *output, const char *what, const char *why) {
    char text[768];
    snprintf(text, sizeof text, "%s: %s", what, why);
    log_line(output, GV_LOG_ERROR, text);
    return 1;
}

// Opens the store of --data, if given, and sets it in the node's configuration. Returns 0 or the
// exit status.
static int open_store(struct program *program, struct gv_node_config *config,
                      struct gv_store_lmdb **lmdb) {
    const struct gv_options *options = &program->options;
    *lmdb = NULL;
    if (options->data == NULL) return 0;
    GV_ASSERT(program->ops != NULL);
#ifdef SIGXFSZ
    signal(SIGXFSZ, SIG_IGN); // the write fails with EFBIG instead
#endif
    char reason[256], what[128], text[512];
    const struct gv_store_lmdb_config store = {
        .dir = options->data,
        .workload = program->workload->name,
        .sync = options->durability != GV_OPTIONS_NONE,
        .write_ahead = options->durability == GV_OPTIONS_SYNC,
        .incarnation = config->incarnation,
        .export = options->export_refused,
    };
    snprintf(what, sizeof what, "--data %s", options->data);
    int error = program->ops->open(lmdb, &store, reason, sizeof reason);
    if (error == GV_ECORRUPT) {
        snprintf(text, sizeof text,
                 "%s; the files are unchanged: repair them, or start with an empty directory, "
                 "which the other nodes fill again",
                 reason);
        return fail(&program->output, what, text);
    }
    if (error != 0) return fail(&program->output, what, reason);
    snprintf(text, sizeof text, "%s: %s", what, reason);
    if (reason[0] != '\0') log_line(&program->output, GV_LOG_WARN, text);
    config->incarnation = program->ops->incarnation(*lmdb);
    config->store = program->ops->store(*lmdb);
    config->commit_ms = (uint32_t)options->commit_ms;
    bool async = options->durability == GV_OPTIONS_ASYNC;
    config->durability = async ? GV_DURABILITY_ASYNC : GV_DURABILITY_SYNC;
    return 0;
}

static void close_store(struct program *program, struct gv_store_lmdb *lmdb, bool all_persisted) {
    if (lmdb == NULL) return;
    const struct gv_store_lmdb_ops *ops = program->ops;
    char text[64];
    snprintf(text, sizeof text, "%" PRIu64 " batches written", ops->commits(lmdb));
    log_line(&program->output, GV_LOG_INFO, text);
    if (ops->close(lmdb, all_persisted) != 0)
        log_line(&program->output, GV_LOG_WARN, "the store could not be closed cleanly");
}

static struct gv_node_config node_config(struct program *program, struct gv_json *json) {
    const struct gv_options *options = &program->options;
    return (struct gv_node_config){
        .workload = program->workload,
        .alloc = gv_base_malloc(),
        .json = json,
        .seed = options->seed,
        .wall_offset = gv_loop_wall_offset(),
        .staleness_ms = (uint32_t)options->staleness_ms,
        .line_max = (size_t)options->line_max,
        .message_max = (size_t)options->message_max,
        .memory_max = options->memory_max,
        .entries_max = options->entries_max,
        .peers_max = (uint32_t)options->peers_max,
        .client_rate = (uint32_t)options->client_rate,
        .client_burst = (uint32_t)options->client_burst,
        .secret = {program->secret, program->secret_len},
        .log = log_record,
        .log_ctx = &program->output,
        .trace = options->log_level == GV_LOG_DEBUG,
    };
}

static int run_node(struct program *program, const struct gv_node_config *config,
                    struct gv_store_lmdb *lmdb) {
    struct gv_node *node;
    int error = gv_node_new(&node, config);
    gv_crypto_wipe(program->secret, sizeof program->secret);
    if (error != 0) {
        close_store(program, lmdb, false);
        return fail(&program->output, "start", gv_base_error(error));
    }
    int status = gv_loop_run(&(struct gv_loop_config){
        .node = node,
        .store = config->store,
        .line_max = config->line_max,
        .stats_ms = program->options.stats_ms,
        .log = log_record,
        .log_ctx = &program->output,
    });
    if (program->options.log_level >= GV_LOG_INFO) gv_node_log_stats(node);
    close_store(program, lmdb, gv_node_all_persisted(node));
    gv_node_free(node);
    return status;
}

// Whether enough files can be opened; if not, logs the limit that suffices.
static bool check_files(struct program *program) {
    int count = program->options.data != NULL ? FILES_MAX : FILES_LOOP;
    int missing = missing_files(count);
    if (missing == 0) return true;
    const char *why = strerror(errno);
    bool full = errno == EMFILE; // the process's limit is reached; false: the system's
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    uint64_t enough = limit.rlim_cur;
    for (; missing > 0; enough++)
        missing -= fcntl((int)enough, F_GETFD) < 0; // skips inherited descriptors
    char text[256];
    snprintf(text, sizeof text,
             "too many open files: raise the limit from %" PRIu64 " to at least %" PRIu64
             " (ulimit -n)",
             (uint64_t)limit.rlim_cur, enough);
    fail(&program->output, "start", full ? text : why);
    return false;
}

static int run(struct program *program) {
    const struct gv_options *options = &program->options;
    if (!check_files(program)) return 1;
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), (size_t)options->tokens_max,
                 (unsigned)options->depth_max);
    struct gv_node_config config = node_config(program, &json);
    // Two incarnations must differ even if they have the same seed.
    if (!gv_loop_random(&config.incarnation))
        return fail(&program->output, "start", "no randomness");
    if (!options->has_seed) config.seed = config.incarnation;
    struct gv_store_lmdb *lmdb;
    int status = open_store(program, &config, &lmdb);
    if (status == 0) status = run_node(program, &config, lmdb);
    gv_json_fini(&json);
    return status;
}

// Reads the secret of --secret-file, if given. False: it is invalid, which was printed.
static bool read_secret(struct program *program) {
    const char *path = program->options.secret_file;
    if (path == NULL) return true;
    bool shared;
    int len = gv_secret_file_read(path, program->secret, sizeof program->secret, &shared);
    if (len == GV_ENOENT) {
        gv_escape_print(stderr, "%s: --secret-file: '%s' cannot be read: %s\n", program->name, path,
                        strerror(errno));
        return false;
    }
    if (len < 0) {
        bool less = len == GV_EINVAL;
        gv_escape_print(stderr, "%s: --secret-file: '%s' is %s than %d bytes\n", program->name,
                        path, less ? "shorter" : "longer",
                        less ? GV_SECRET_FILE_MIN : GV_SECRET_FILE_MAX);
        return false;
    }
    program->secret_len = (size_t)len;
    if (shared)
        log_line(&program->output, GV_LOG_WARN,
                 "--secret-file: users other than its owner may read it");
    return true;
}

int gv_program_main(const struct gv_workload *workload, const struct gv_store_lmdb_ops *ops,
                    int argc, char **argv) {
    GV_ASSERT(workload != NULL);
    signal(SIGUSR1, SIG_IGN); // its default action would end the node before the loop runs
    bool closed = fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0;
    hold_standard_files();
    struct program program = {.workload = workload, .ops = ops};
    struct gv_options *options = &program.options;
    char text[GV_OPTIONS_HELP_MAX];
    snprintf(program.name, sizeof program.name, "gv-%s", workload->name);
    enum gv_options_scope scope = workload->replica       ? GV_OPTIONS_GOSSIP
                                  : workload->local_store ? GV_OPTIONS_STORE
                                                          : GV_OPTIONS_ANY;
    if (gv_options_parse(options, scope, argc, argv, text, sizeof text) != 0) {
        gv_escape_print(stderr, "%s: %s; see %s --help\n", program.name, text, program.name);
        return 2;
    }
    if (options->help) {
        gv_options_help(program.name, scope, text, sizeof text);
        return fputs(text, stdout) < 0 || fflush(stdout) != 0;
    }
    if (options->version)
        return printf("%s %s\n", program.name, GV_VERSION) < 0 || fflush(stdout) != 0;
    program.output = (struct output){.level = options->log_level, .format = options->log_format};
    if (closed) return fail(&program.output, "start", "standard input or output is closed");
    return read_secret(&program) ? run(&program) : 2;
}
