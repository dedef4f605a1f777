// SPDX-License-Identifier: MIT
#include "program.h"

#include "loop.h"
#include "options.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef GV_VERSION
#define GV_VERSION "unknown"
#endif

static void log_line(void *ctx, enum gv_log_level level, const char *text) {
    static const char *const names[] = {"error", "warn", "info", "debug"};
    const struct gv_options *options = ctx;
    if (level > options->log_level) return;
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &utc) == NULL) return;
    char line[1024];
    size_t len = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
    int more = snprintf(line + len, sizeof line - len, ".%03ldZ %s %s", now.tv_nsec / 1000000,
                        names[level], text);
    if (more < 0) return;
    len += (size_t)more;
    if (len > sizeof line - 1) len = sizeof line - 1;
    line[len++] = '\n';
    // One write, so that lines of several processes do not mix; if it fails, there is no one to
    // tell.
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written;
}

// A file opened later must not get the number of a standard one that was closed at the start.
static void hold_standard_files(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
}

static int fail(struct gv_options *options, const char *what, const char *why) {
    char text[512];
    snprintf(text, sizeof text, "%s: %s", what, why);
    log_line(options, GV_LOG_ERROR, text);
    return 1;
}

// Opens the store, if there is to be one; 0 or the exit status.
static int open_store(const struct gv_store_lmdb_calls *calls, struct gv_options *options,
                      struct gv_node_config *config, struct gv_store_lmdb **lmdb) {
    *lmdb = NULL;
    if (options->data == NULL) return 0;
    GV_ASSERT(calls != NULL);
#ifdef SIGXFSZ
    signal(SIGXFSZ, SIG_IGN); // a limit of file sizes is an error like any other
#endif
    char fault[256], what[128];
    int error = calls->open(lmdb,
                            &(struct gv_store_lmdb_config){
                                .dir = options->data,
                                .sync = options->durability != GV_OPTIONS_NONE,
                                .whole = options->durability == GV_OPTIONS_SYNC,
                                .incarnation = config->incarnation,
                            },
                            fault, sizeof fault);
    snprintf(what, sizeof what, "--data %s", options->data);
    if (error != 0) return fail(options, what, fault);
    config->incarnation = calls->incarnation(*lmdb);
    config->store = calls->store(*lmdb);
    config->commit_ms = options->commit_ms;
    bool async = options->durability == GV_OPTIONS_ASYNC;
    config->durability = async ? GV_DURABILITY_ASYNC : GV_DURABILITY_SYNC;
    return 0;
}

static void close_store(const struct gv_store_lmdb_calls *calls, struct gv_options *options,
                        struct gv_store_lmdb *lmdb, bool whole) {
    if (lmdb == NULL) return;
    char text[64];
    snprintf(text, sizeof text, "%" PRIu64 " batches written", calls->commits(lmdb));
    log_line(options, GV_LOG_INFO, text);
    if (calls->close(lmdb, whole) != 0)
        log_line(options, GV_LOG_WARN, "the store could not be closed as it should be");
}

static int run_node(const struct gv_workload *workload, const struct gv_store_lmdb_calls *calls,
                    struct gv_options *options, struct gv_slice secret) {
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    struct gv_node_config config = {
        .workload = workload,
        .alloc = gv_base_malloc(),
        .json = &json,
        .seed = options->seed,
        .wall_offset = gv_loop_wall_offset(),
        .staleness_ms = options->staleness_ms,
        .line_max = options->line_max > 0 ? options->line_max : GV_NODE_LINE_DEFAULT,
        .message_max = options->message_max,
        .secret = secret,
        .log = log_line,
        .log_ctx = options,
    };
    // Two lives of a node must differ even when they are given the same seed.
    if (!gv_loop_random(&config.incarnation)) return fail(options, "start", "no randomness");
    if (!options->has_seed) config.seed = config.incarnation;

    struct gv_store_lmdb *lmdb;
    int status = open_store(calls, options, &config, &lmdb);
    if (status != 0) return status;
    struct gv_node *node;
    int error = gv_node_new(&node, &config);
    if (error != 0) {
        close_store(calls, options, lmdb, false);
        return fail(options, "start", gv_base_error(error));
    }
    status = gv_loop_run(&(struct gv_loop_config){
        .node = node,
        .store = config.store,
        .line_max = config.line_max,
        .log = log_line,
        .log_ctx = options,
    });
    gv_node_log_stats(node);
    close_store(calls, options, lmdb, gv_node_whole(node));
    gv_node_free(node);
    gv_json_fini(&json);
    return status;
}

int gv_program_main(const struct gv_workload *workload, const struct gv_store_lmdb_calls *calls,
                    int argc, char **argv) {
    GV_ASSERT(workload != NULL);
    bool closed = fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0;
    hold_standard_files();
    char program[32], text[2048];
    snprintf(program, sizeof program, "gv-%s", workload->name);
    struct gv_options options;
    if (gv_options_parse(&options, workload->replica, argc, argv, text, sizeof text) != 0) {
        fprintf(stderr, "%s: %s; see %s --help\n", program, text, program);
        return 2;
    }
    if (options.help) {
        gv_options_help(program, workload->replica, text, sizeof text);
        return fputs(text, stdout) < 0 || fflush(stdout) != 0;
    }
    if (options.version) return printf("%s %s\n", program, GV_VERSION) < 0 || fflush(stdout) != 0;
    if (closed) return fail(&options, "start", "standard input or output is closed");

    uint8_t secret[GV_OPTIONS_SECRET_MAX];
    int len = 0;
    if (options.secret_file != NULL)
        len = gv_options_read_secret(options.secret_file, secret, sizeof secret);
    if (len < 0) {
        const char *why = len == GV_ENOENT   ? "cannot be read"
                          : len == GV_EINVAL ? "is empty"
                                             : "is longer than 4096 bytes";
        fprintf(stderr, "%s: --secret-file: %s %s\n", program, options.secret_file, why);
        return 2;
    }
    return run_node(workload, calls, &options, (struct gv_slice){secret, (size_t)len});
}
