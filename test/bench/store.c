// SPDX-License-Identifier: MIT
// The cost of durability. Measures 64 writers at one node, each of which waits for its reply before
// it writes again, and the time that a node needs to load its store.
#include "bench.h"

#include "../../engine/store.h"
#include "../../node/storage/store_lmdb.h"
#include "../lib/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WRITERS = 64 };

static void send_adds(struct gv_proc *proc, int value, int count) {
    static char lines[WRITERS * 128];
    size_t len = 0;
    for (int i = 0; i < count; i++)
        len += (size_t)snprintf(lines + len, sizeof lines - len,
                                "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"add\","
                                "\"element\":%d,\"msg_id\":%d}}\n",
                                value + i, value + i);
    gv_proc_write(proc, lines, len);
}

// The number before these words in a file, or −1 if there is none.
static long find_number(const char *path, const char *words) {
    static char text[8192];
    FILE *file = fopen(path, "r");
    if (file == NULL) return -1;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    char *at = strstr(text, words);
    if (at == NULL) return -1;
    while (at > text && at[-1] >= '0' && at[-1] <= '9') at--;
    return strtol(at, NULL, 10);
}

// Processor time of ended child processes, in microseconds.
static double node_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// Returns the writes a second in this mode, or a negative number after an error.
static double run_mode(const char *mode, bool small) {
    char dir[4096], log[4200];
    snprintf(dir, sizeof dir, "%s", gv_proc_make_dir());
    snprintf(log, sizeof log, "%s/log", dir);
    struct gv_proc proc;
    double before_us = node_us();
    const char *arguments[] = {"--data", dir, "--durability", mode, "--log-level", "info", NULL};
    gv_proc_start(&proc, "gv-gset", arguments, log);
    double start = 0, end = small ? 5e7 : 2e9, spent = 0;
    int acked = 0;
    if (gv_proc_init(&proc)) {
        start = bench_now_ns();
        send_adds(&proc, 2, WRITERS);
        while (spent < end) {
            // Reads the available replies, and makes as many new writes.
            int answers = 0;
            while (gv_proc_read_line(&proc, answers == 0 ? 1000 : 0) != NULL) {
                if (++answers == WRITERS) break;
            }
            if (answers == 0) break;
            acked += answers;
            send_adds(&proc, 2 + WRITERS + acked, answers);
            spent = bench_now_ns() - start;
        }
    }
    gv_proc_end(&proc);
    gv_proc_fini(&proc);
    long commits = find_number(log, " batches written");
    gv_proc_remove_dir(dir);
    if (spent < end || commits <= 0) return -1;
    printf("store %-5s %d writers: %9.0f writes/s, %7.0f %s/s of %.0f, %.2f us of processor each\n",
           mode, WRITERS, acked / spent * 1e9, (double)commits / spent * 1e9,
           strcmp(mode, "none") == 0 ? "batches" : "syncs", (double)acked / (double)commits,
           (node_us() - before_us) / acked);
    return acked / spent * 1e9;
}

// Measures the syncs a second of the disk, by writing and syncing a page repeatedly. Each batch
// needs one sync.
static void measure_disk(bool small) {
    static const char page[4096];
    char path[4200];
    const char *dir = gv_proc_make_dir();
    snprintf(path, sizeof path, "%s/page", dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600), count = 0;
    double start = bench_now_ns(), end = small ? 2e7 : 1e9, spent = 0;
    while (fd >= 0 && spent < end) {
        if (pwrite(fd, page, sizeof page, 0) < 0 || fdatasync(fd) != 0) break;
        count++;
        spent = bench_now_ns() - start;
    }
    if (fd >= 0) close(fd);
    gv_proc_remove_dir(dir);
    if (spent > 0) printf("store the disk alone: %.0f syncs/s\n", count / spent * 1e9);
}

static struct gv_engine *new_engine(void) {
    struct gv_engine *engine;
    struct gv_engine_config config = {.alloc = gv_base_malloc(), .seed = 1};
    return gv_engine_new(&engine, &config) == 0 ? engine : NULL;
}

static int fill(const struct gv_store *store, const struct gv_engine *engine, int count) {
    struct gv_store_batch batch = {0};
    int error = 0;
    for (int i = 0; i < count && error == 0; i++) {
        char key[16];
        int len = snprintf(key, sizeof key, "%d", i);
        struct gv_entry entry = {.key = {(const uint8_t *)key, (size_t)len}};
        error = gv_store_batch_put(&batch, gv_base_malloc(), engine, &entry);
        if (error == 0 && (batch.count == 100000 || i + 1 == count)) {
            error = store->write(store->ctx, &batch);
            batch.len = batch.count = 0;
        }
    }
    gv_store_batch_free(&batch, gv_base_malloc());
    return error;
}

static int run_load(int count) {
    char fault[256];
    const char *dir = gv_proc_make_dir();
    struct gv_store_lmdb_config config = {
        .dir = dir, .workload = "gset", .sync = false, .write_ahead = true};
    struct gv_store_lmdb *lmdb;
    if (gv_store_lmdb_open(&lmdb, &config, fault, sizeof fault) != 0) return 1;
    struct gv_engine *engine = new_engine();
    int error = fill(gv_store_lmdb_store(lmdb), engine, count);
    gv_store_lmdb_close(lmdb, true);
    double start = bench_now_ns();
    int opened = gv_store_lmdb_open(&lmdb, &config, fault, sizeof fault);
    double checked = bench_now_ns();
    if (error == 0) error = opened;
    if (error == 0) error = gv_store_load(gv_store_lmdb_store(lmdb), engine);
    double loaded = bench_now_ns();
    if (error == 0 && gv_engine_root(engine).count != (uint64_t)count) error = 1;
    if (opened == 0) gv_store_lmdb_close(lmdb, true);
    gv_engine_free(engine);
    gv_proc_remove_dir(dir);
    printf("store %d entries: %.0f ms to check, %.0f ms to load\n", count, (checked - start) / 1e6,
           (loaded - checked) / 1e6);
    return error != 0;
}

int bench_store(bool small) {
    measure_disk(small);
    double sync = run_mode("sync", small), async = run_mode("async", small);
    double none = run_mode("none", small);
    printf("store sync is slower than none by %.1f\n", none / sync);
    int failed = run_load(small ? 20000 : 1000000);
    return failed != 0 || sync < 0 || async < 0 || none < 0;
}
