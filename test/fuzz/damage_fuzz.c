// SPDX-License-Identifier: MIT
// A store's directory with some bytes changed: it is refused, and then left as it was; or all is
// there, but for the last batches of a journal whose ends are damaged.
#include "../../engine/engine.h"
#include "../../node/store_lmdb.h"
#include "../lib/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// An edit: where (4 bytes, of which the top bit says in which file), and what to put there (1).
enum { FRAMES = 3, EDIT = 5, EDITS_MAX = 64, VALUES = 40, LONG = 9000 };

static char dir[4096], file[4200], journal[4200];
static uint8_t *good; // what data.mdb was
static size_t good_len;
static struct gv_digest roots[FRAMES + 1]; // with so many batches of the journal

static int open_store(struct gv_store_lmdb **out) {
    struct gv_store_lmdb_config config = {
        .dir = dir, .sync = true, .whole = true, .incarnation = 1};
    char fault[256] = "";
    int error = gv_store_lmdb_open(out, &config, fault, sizeof fault);
    GV_ASSERT((error == 0) == (fault[0] == '\0'));
    return error;
}

static struct gv_engine *new_engine(void) {
    struct gv_engine *engine;
    const struct gv_engine_config config = {.alloc = gv_base_malloc(), .seed = 1};
    GV_ASSERT(gv_engine_new(&engine, &config) == 0);
    return engine;
}

// The value of this number; some are so long that they have pages of their own.
static struct gv_entry entry_of(int number) {
    static char key[LONG];
    memset(key, '7', sizeof key);
    int len = snprintf(key, sizeof key, "%d", number);
    bool longer = number % VALUES == 0;
    if (longer) key[len] = '7';
    return (struct gv_entry){.key = {(const uint8_t *)key, longer ? sizeof key : (size_t)len}};
}

static void write_values(struct gv_store_lmdb *lmdb, struct gv_engine *engine, int first) {
    struct gv_store_batch batch = {0};
    for (int i = first; i < first + VALUES; i++) {
        struct gv_entry entry = entry_of(i);
        GV_ASSERT(gv_store_put(&batch, gv_base_malloc(), engine, &entry) == 0);
        GV_ASSERT(gv_engine_put(engine, 0, &entry) == 1);
    }
    const struct gv_store *store = gv_store_lmdb_store(lmdb);
    GV_ASSERT(store->write(store->ctx, &batch) == 0);
    gv_store_drop(&batch, gv_base_malloc());
}

static void clean_up(void) {
    gv_proc_remove_dir(dir);
}

static uint8_t *read_file(size_t *len) {
    struct stat found;
    GV_ASSERT(stat(file, &found) == 0);
    *len = (size_t)found.st_size;
    uint8_t *bytes = malloc(*len);
    int fd = open(file, O_RDONLY);
    GV_ASSERT(fd >= 0 && bytes != NULL && read(fd, bytes, *len) == (ssize_t)*len);
    close(fd);
    return bytes;
}

// Two clean lives, so that there are free pages; and one that dies with some of it in the journal.
static void make(void) {
    struct gv_engine *engine = new_engine();
    struct gv_store_lmdb *lmdb;
    snprintf(dir, sizeof dir, "%s", gv_proc_make_dir());
    snprintf(file, sizeof file, "%s/data.mdb", dir);
    snprintf(journal, sizeof journal, "%s/grapevine.journal", dir);
    for (int life = 0; life < 2; life++) {
        GV_ASSERT(open_store(&lmdb) == 0);
        write_values(lmdb, engine, life * VALUES);
        GV_ASSERT(gv_store_lmdb_close(lmdb, true) == 0);
    }
    roots[0] = gv_engine_root(engine);
    pid_t child = fork();
    for (int i = 0; i < FRAMES; i++) {
        if (child == 0 && i == 0) GV_ASSERT(open_store(&lmdb) == 0);
        if (child == 0) write_values(lmdb, engine, (2 + i) * VALUES);
    }
    if (child == 0) _exit(0);
    int status = 1;
    GV_ASSERT(waitpid(child, &status, 0) == child && status == 0);
    for (int i = 0; i < FRAMES * VALUES; i++) {
        struct gv_entry entry = entry_of(2 * VALUES + i);
        GV_ASSERT(gv_engine_put(engine, 0, &entry) == 1);
        roots[i / VALUES + 1] = gv_engine_root(engine);
    }
    gv_engine_free(engine);
    good = read_file(&good_len);
    atexit(clean_up);
}

static uint8_t edit(int fd, size_t at, uint8_t byte) {
    uint8_t before = 0;
    GV_ASSERT(pread(fd, &before, 1, (off_t)at) == 1);
    GV_ASSERT(pwrite(fd, &byte, 1, (off_t)at) == 1);
    return before;
}

static void check(bool journal_too) {
    struct gv_store_lmdb *lmdb;
    size_t before_len, after_len;
    uint8_t *before = read_file(&before_len);
    int error = open_store(&lmdb);
    if (error != 0) {
        GV_ASSERT(error == GV_ECORRUPT || error == GV_EVERSION || error == GV_EIO);
        uint8_t *after = read_file(&after_len);
        GV_ASSERT(after_len == before_len && memcmp(before, after, after_len) == 0);
        free(after);
    } else {
        struct gv_engine *engine = new_engine();
        GV_ASSERT(gv_store_load(gv_store_lmdb_store(lmdb), engine) == 0);
        int batches = FRAMES;
        while (batches > 0 && !gv_digest_equal(gv_engine_root(engine), roots[batches])) batches--;
        GV_ASSERT(gv_digest_equal(gv_engine_root(engine), roots[batches]));
        GV_ASSERT(journal_too || batches == FRAMES);
        gv_engine_free(engine);
        gv_store_lmdb_close(lmdb, true);
    }
    free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (good == NULL) make();
    int fds[2] = {open(file, O_RDWR), open(journal, O_RDWR)};
    GV_ASSERT(fds[0] >= 0 && fds[1] >= 0);
    struct {
        size_t at;
        uint8_t byte;
    } undo[EDITS_MAX];
    int undos = 0;
    bool journal_too = false;
    for (; size >= EDIT && undos < EDITS_MAX; data += EDIT, size -= EDIT) {
        uint32_t at;
        memcpy(&at, data, sizeof at);
        bool other = at >> 31 != 0;
        journal_too |= other;
        size_t where = other ? at % (FRAMES * 4 * 4096) : at % good_len;
        uint8_t before = edit(fds[other], where, data[4]);
        if (other) undo[undos].at = where;
        if (other) undo[undos++].byte = before;
    }
    check(journal_too);
    while (undos-- > 0) edit(fds[1], undo[undos].at, undo[undos].byte);
    GV_ASSERT(pwrite(fds[0], good, good_len, 0) == (ssize_t)good_len);
    GV_ASSERT(ftruncate(fds[0], (off_t)good_len) == 0);
    close(fds[0]);
    close(fds[1]);
    return 0;
}
