// SPDX-License-Identifier: MIT
// Directories of version 0.1.0 are loaded completely, with and without a journal, and can be
// written to. A directory whose journal was exchanged is refused.
#include "../lib/test.h"

#include "../../engine/store.h"
#include "../../node/storage/store_lmdb.h"
#include "../lib/proc.h"
#include "../lib/vectors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MODES = 2, STARTS = 2 };

static char top[4096];
static char fault[512];

static int set_up(void **state) {
    (void)state;
    snprintf(top, sizeof top, "%s", gv_proc_make_dir());
    return gv_vectors_unpack(top, NULL) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char path[4400];
    for (const struct gv_vectors_store *store = gv_vectors_stores; store->name != NULL; store++) {
        snprintf(path, sizeof path, "%s/%s", top, store->name);
        gv_proc_remove_dir(path);
    }
    snprintf(path, sizeof path, "%s/%s", top, gv_vectors_deep.name);
    gv_proc_remove_dir(path);
    gv_proc_remove_dir(top);
    return 0;
}

static int open_export(const struct gv_vectors_store *store, bool sync, const char *export,
                       struct gv_store_lmdb **out) {
    char path[4400];
    snprintf(path, sizeof path, "%s/%s", top, store->name);
    const struct gv_store_lmdb_config config = {.dir = path,
                                                .workload = store->workload,
                                                .sync = sync,
                                                .write_ahead = sync,
                                                .incarnation = 99,
                                                .export = export};
    return gv_store_lmdb_open(out, &config, fault, sizeof fault);
}

static int open_store(const struct gv_vectors_store *store, bool sync, struct gv_store_lmdb **out) {
    return open_export(store, sync, NULL, out);
}

static struct gv_engine *load(struct gv_store_lmdb *lmdb) {
    struct gv_engine *engine;
    const struct gv_engine_config config = {.alloc = gv_base_malloc(), .seed = 1};
    assert_int_equal(gv_engine_new(&engine, &config), 0);
    assert_int_equal(gv_store_load(gv_store_lmdb_store(lmdb), engine), 0);
    return engine;
}

static void check_starts(const struct gv_vectors_store *store, bool sync) {
    for (int start = 0; start < STARTS; start++) {
        struct gv_store_lmdb *lmdb;
        if (open_store(store, start == 0 ? sync : !sync, &lmdb) != 0)
            fail_msg("%s: %s", store->name, fault);
        struct gv_engine *engine = load(lmdb);
        const char *missing;
        if (!gv_vectors_match(store, engine, &missing)) fail_msg("%s: %s", store->name, missing);
        gv_engine_free(engine);
        assert_int_equal(gv_store_lmdb_close(lmdb, start == 0), 0);
    }
}

static void all_entries_are_loaded(void **state) {
    for (int mode = 0; mode < MODES; mode++) {
        for (const struct gv_vectors_store *store = gv_vectors_stores; store->name != NULL; store++)
            check_starts(store, mode == 0);
        tear_down(state);
        assert_int_equal(set_up(state), 0);
    }
}

// A node of this version serves the entries and adds to them.
static void a_node_continues_a_counter(void **state) {
    (void)state;
    static const char ask[] =
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"add\",\"msg_id\":2,\"delta\":10}}\n"
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"read\",\"msg_id\":3}}\n"
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"read\",\"msg_id\":4}}\n";
    char path[4400], log[4200];
    snprintf(path, sizeof path, "%s/counter-none-killed", top);
    snprintf(log, sizeof log, "%s/log", top);
    const char *const arguments[] = {"--data", path, NULL};
    for (int start = 0; start < STARTS; start++) {
        struct gv_proc proc;
        gv_proc_start(&proc, "gv-counter", arguments, log);
        assert_true(gv_proc_init(&proc));
        assert_true(gv_proc_write(&proc, ask, sizeof ask - 1));
        gv_proc_end(&proc);
        long value = 0;
        for (char *line; (line = gv_proc_read_line(&proc, 0)) != NULL;) {
            const char *at = strstr(line, "\"value\":");
            if (at != NULL && strtol(at + 8, NULL, 10) > value) value = strtol(at + 8, NULL, 10);
        }
        gv_proc_fini(&proc);
        assert_true(value == 43 + 10 * start || value == 43 + 10 * (start + 1));
    }
    unlink(log);
}

// Opens the journal of a directory for reading and writing, and returns its path.
static int open_journal(const struct gv_vectors_store *store, char *path, size_t cap) {
    snprintf(path, cap, "%s/%s/grapevine.journal", top, store->name);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    return fd;
}

static void check_refused(const struct gv_vectors_store *store, const char *why) {
    struct gv_store_lmdb *lmdb;
    for (int mode = 0; mode < MODES; mode++) {
        assert_int_equal(open_store(store, mode == 0, &lmdb), GV_ECORRUPT);
        if (strstr(fault, why) == NULL) fail_msg("%s: %s", store->name, fault);
    }
}

// A journal of version 0.1.0 does not record its number of frames, but an invalid or missing
// journal is detected. A journal of this version beside an older copy of data.mdb is detected, too.
static void exchanged_journals_are_refused(void **state) {
    (void)state;
    for (const struct gv_vectors_store *store = gv_vectors_stores; store->name != NULL; store++) {
        if (!store->journaled) continue;
        static uint8_t good[1 << 20], bytes[1 << 20];
        char path[4400], aside[4500];
        int fd = open_journal(store, path, sizeof path);
        assert_true(pread(fd, good, sizeof good, 0) == sizeof good);
        memset(bytes, 0x5a, sizeof bytes);
        assert_true(pwrite(fd, bytes, sizeof bytes, 0) == sizeof bytes);
        check_refused(store, "grapevine.journal is damaged at byte 0: it does not begin with");
        if (strcmp(store->name, "gset-sync-twice") ==
            0) { // two processes wrote frames to this journal
            memset(bytes, 0, sizeof bytes);
            assert_true(pwrite(fd, bytes, sizeof bytes, 0) == sizeof bytes);
            check_refused(store, "grapevine.journal is damaged at byte 0: it does not begin with");
        }
        assert_true(pwrite(fd, good, sizeof good, 0) == sizeof good);
        assert_int_equal(ftruncate(fd, 2 << 20), 0);
        check_refused(store, "grapevine.journal is damaged at byte 2097152: it ends there");
        assert_int_equal(ftruncate(fd, 4 << 20), 0);
        close(fd);
        snprintf(aside, sizeof aside, "%s.aside", path);
        assert_int_equal(rename(path, aside), 0);
        check_refused(store, "grapevine.journal is missing");
        assert_int_equal(rename(aside, path), 0);

        char data[4400];
        snprintf(data, sizeof data, "%s/%s/data.mdb", top, store->name);
        static uint8_t former[1 << 20];
        fd = open(data, O_RDONLY);
        ssize_t len = pread(fd, former, sizeof former, 0);
        close(fd);
        check_starts(store, true);
        fd = open(data, O_WRONLY | O_TRUNC);
        assert_true(len > 0 && pwrite(fd, former, (size_t)len, 0) == len);
        close(fd);
        check_refused(store, "grapevine.journal is damaged at byte 0: it does not begin with");
    }
}

// The line that an export writes for a value in `depth` nested arrays.
static const char *line_of(int depth, const char *value) {
    static char line[600];
    size_t n = (size_t)depth;
    char open_all[200], close_all[200];
    memset(open_all, '[', sizeof open_all);
    memset(close_all, ']', sizeof close_all);
    snprintf(line, sizeof line, "{\"lattice\":\"set\",\"key\":%.*s%s%.*s}\n", (int)n, open_all,
             value, (int)n, close_all);
    return line;
}

static void read_text(const char *path, char *out, size_t cap) {
    int fd = open(path, O_RDONLY);
    ssize_t len = fd >= 0 ? read(fd, out, cap - 1) : -1;
    assert_true(len >= 0);
    out[len] = '\0';
    close(fd);
}

// A directory with values that this version does not accept is refused unchanged, unless an export
// file is given. Then these values are in the file, and all others in the store.
static void values_nested_too_deep_are_exported(void **state) {
    (void)state;
    const struct gv_vectors_store *store = &gv_vectors_deep;
    struct gv_store_lmdb *lmdb;
    char path[4400], text[4096];
    for (int mode = 0; mode < MODES; mode++) {
        snprintf(path, sizeof path, "%s/refused", top);
        check_refused(store, "it has 4 records that this version does not accept, such as a value "
                             "nested deeper than 58: --export-refused FILE writes them");
        // The export fails if the file cannot be created, or exists already.
        assert_int_equal(open_export(store, mode == 0, "/nonexistent/file", &lmdb), GV_EIO);
        int fd = open(path, O_CREAT | O_WRONLY, 0600);
        assert_true(fd >= 0 && write(fd, "mine", 4) == 4);
        close(fd);
        assert_int_equal(open_export(store, mode == 0, path, &lmdb), GV_EIO);
        read_text(path, text, sizeof text);
        assert_string_equal(text, "mine");
        unlink(path);

        if (open_export(store, mode == 0, path, &lmdb) != 0) fail_msg("%s", fault);
        assert_non_null(strstr(fault, "4 records that this version does not accept are left out"));
        assert_non_null(strstr(fault, path));
        assert_int_equal(gv_store_lmdb_close(lmdb, true), 0);
        read_text(path, text, sizeof text);
        assert_non_null(strstr(text, line_of(60, "2")));
        assert_non_null(strstr(text, line_of(190, "3")));
        assert_non_null(strstr(text, line_of(100, "4")));
        assert_null(strstr(text, "flat"));
        unlink(path);
        check_starts(store, mode == 0);
        // After the upgrade the option has no effect.
        assert_int_equal(open_export(store, mode == 0, path, &lmdb), 0);
        assert_string_equal(fault, "");
        assert_int_equal(gv_store_lmdb_close(lmdb, true), 0);
        assert_int_not_equal(access(path, F_OK), 0);
        tear_down(state);
        assert_int_equal(set_up(state), 0);
    }
}

// gv-gset exports with --export-refused.
static void a_node_exports(void **state) {
    (void)state;
    char path[4400], file[4200], log[4200], text[8192];
    snprintf(path, sizeof path, "%s/%s", top, gv_vectors_deep.name);
    snprintf(file, sizeof file, "%s/refused", top);
    snprintf(log, sizeof log, "%s/log", top);
    const char *const plain[] = {"--data", path, NULL};
    const char *const export[] = {"--data",           path, "--export-refused", file,
                                  "--log-level=warn", NULL};
    for (int i = 0; i < 2; i++) {
        struct gv_proc proc;
        gv_proc_start(&proc, "gv-gset", i == 0 ? plain : export, log);
        assert_int_equal(gv_proc_init(&proc), i == 1);
        gv_proc_end(&proc);
        gv_proc_fini(&proc);
        read_text(log, text, sizeof text);
        if (strstr(text, i == 0 ? "--export-refused FILE" : "are left out") == NULL)
            fail_msg("%s", text);
    }
    read_text(file, text, sizeof text);
    assert_non_null(strstr(text, line_of(190, "3")));
    unlink(file);
    unlink(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_entries_are_loaded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_node_continues_a_counter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_nested_too_deep_are_exported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_node_exports, set_up, tear_down),
        cmocka_unit_test_setup_teardown(exchanged_journals_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
