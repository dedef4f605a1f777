// SPDX-License-Identifier: MIT
// The three files of a store's directory (data.mdb, journal, watermark) with changes: bytes are
// set, ranges zeroed or filled, and files truncated, removed, or replaced by older copies or by
// files of another directory. Either opening fails and leaves data.mdb and the journal unchanged,
// or it succeeds with all acknowledged entries and the store continues to work.
//
// Without the watermark a store cannot detect that the last frame of the journal is missing, that
// both files are older copies, or that both files are gone. Both files of another directory are
// valid together.
#include "../lib/image.h"

#include "../lib/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// An operation of 8 bytes: kind, file, offset (3 bytes), and length or value (3 bytes).
enum {
    OP = 8,
    OPS_MAX = 8,
    SET = 0,
    ZERO = 1,
    CUT = 2,
    OLDER = 3,
    OTHER = 4,
    REMOVE = 5,
    FILL = 6,
    MIX = 7, // copy a range from an older copy
};
enum { DATA, JOURNAL, LOCK, FILES };
enum { STAGES = 5, BATCHES = 8, LONGER = 4, CAP = 256 << 10 };

// Contents of a file, without the zeros at its end.
struct content {
    bool there;
    size_t len, full; // bytes stored here; size of the file
    uint8_t *bytes;
};

struct directory {
    struct gv_image image;                // only its directory and configuration
    struct content copies[STAGES][FILES]; // the files after each stage
    struct gv_digest roots[STAGES];       // root digest after each stage
};

static struct directory mine, other;
static struct gv_digest roots[BATCHES + 1];
static struct content now[FILES];

static const char *const names[FILES] = {"data.mdb", "grapevine.journal", "grapevine.lock"};

// ---- Directories --------------------------------------------------------------------------------

static const char *path_of(const struct directory *directory, int file) {
    static char path[4200];
    snprintf(path, sizeof path, "%s/%s", directory->image.dir, names[file]);
    return path;
}

static void read_file(const struct directory *directory, int file, struct content *out) {
    int fd = open(path_of(directory, file), O_RDONLY);
    struct stat found;
    if (out->bytes == NULL) out->bytes = malloc(CAP);
    GV_ASSERT(out->bytes != NULL);
    out->there = fd >= 0;
    out->len = out->full = 0;
    if (fd < 0) return;
    GV_ASSERT(fstat(fd, &found) == 0);
    out->full = (size_t)found.st_size;
    ssize_t n = pread(fd, out->bytes, CAP, 0);
    GV_ASSERT(n >= 0);
    out->len = (size_t)n;
    close(fd);
}

static void write_file(const struct directory *directory, int file, const struct content *in) {
    const char *path = path_of(directory, file);
    if (!in->there) {
        unlink(path);
        return;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    GV_ASSERT(fd >= 0 && ftruncate(fd, (off_t)in->full) == 0);
    GV_ASSERT(pwrite(fd, in->bytes, in->len, 0) == (ssize_t)in->len);
    close(fd);
}

static bool is_same(const struct directory *directory, int file, const struct content *want) {
    static struct content found;
    read_file(directory, file, &found);
    return found.there == want->there && found.full == want->full && found.len == want->len &&
           memcmp(found.bytes, want->bytes, found.len) == 0;
}

// Runs a process that writes the batches. It then closes the store if `ends` is set, else it is
// killed.
static void run_process(struct directory *directory, int first, int count, bool sync, bool ends) {
    pid_t child = fork();
    if (child == 0) {
        struct gv_store_lmdb *lmdb;
        struct gv_engine *engine = gv_image_engine();
        directory->image.config.sync = sync;
        GV_ASSERT(gv_image_open(&directory->image, &lmdb) == 0);
        for (int i = first; i < first + count; i++) gv_image_write(lmdb, engine, i);
        if (ends) GV_ASSERT(gv_store_lmdb_close(lmdb, true) == 0);
        gv_engine_free(engine);
        _exit(0);
    }
    int status = 1;
    GV_ASSERT(waitpid(child, &status, 0) == child && status == 0);
}

static void clean_up(void) {
    gv_proc_remove_dir(mine.image.dir);
    gv_proc_remove_dir(other.image.dir);
}

static void make(struct directory *directory, uint64_t incarnation) {
    static const struct {
        int count;
        bool sync, ends;
    } stages[STAGES] = {{1, true, true},   // closed
                        {1, true, false},  // one frame in the journal
                        {2, true, false},  // two frames
                        {1, false, true},  // without a journal
                        {3, true, false}}; // three frames
    snprintf(directory->image.dir, sizeof directory->image.dir, "%s", gv_proc_make_dir());
    directory->image.config = (struct gv_store_lmdb_config){.dir = directory->image.dir,
                                                            .workload = "gset",
                                                            .sync = true,
                                                            .write_ahead = true,
                                                            .incarnation = incarnation};
    static struct gv_engine *engine; // static, so that valgrind finds it in the children
    engine = gv_image_engine();
    int batch = 0;
    for (int i = 0; i < STAGES; i++) {
        run_process(directory, batch, stages[i].count, stages[i].sync, stages[i].ends);
        for (int k = 0; k < stages[i].count; k++) {
            gv_image_write(NULL, engine, batch++);
            roots[batch] = gv_engine_root(engine);
        }
        directory->roots[i] = gv_engine_root(engine);
        for (int file = 0; file < FILES; file++)
            read_file(directory, file, &directory->copies[i][file]);
    }
    GV_ASSERT(batch == BATCHES);
    gv_engine_free(engine);
    directory->image.config.sync = true;
}

// ---- Operations ---------------------------------------------------------------------------------

static size_t number(const uint8_t *at) {
    return (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
}

static void copy(struct content *to, const struct content *from) {
    to->there = from->there;
    to->len = from->len;
    to->full = from->full;
    memcpy(to->bytes, from->bytes, from->len);
}

static void change(const uint8_t op[OP], struct content *file, int which) {
    size_t at = number(op + 2), what = number(op + 5);
    const struct content *older = &mine.copies[what % STAGES][which];
    size_t from = file->len > 0 ? at % file->len : 0;
    size_t most = file->len - from, len = most > 0 ? 1 + what % most : 0;
    switch (op[0] % 8) {
    case SET:
        if (most > 0) file->bytes[from] = (uint8_t)what;
        break;
    case ZERO:
        memset(file->bytes + from, 0, len);
        break;
    case CUT:
        if (file->full > 0) file->full = at % file->full;
        if (file->len > file->full) file->len = file->full;
        break;
    case OLDER:
        copy(file, older);
        break;
    case OTHER:
        copy(file, &other.copies[what % STAGES][which]);
        break;
    case REMOVE:
        file->there = false;
        file->len = file->full = 0;
        break;
    case FILL:
        for (size_t i = 0; i < len; i++)
            file->bytes[from + i] = (uint8_t)(what * 2654435761u >> (i % 24)) ^ (uint8_t)(i * 37);
        break;
    case MIX:
        for (size_t i = from; i < from + 4096 && i < file->len && i < older->len; i++)
            file->bytes[i] = older->bytes[i];
        break;
    default:
        break;
    }
}

// ---- Expectations ------------------------------------------------------------------------------

static bool is_new(const struct content *file) {
    return !file->there || file->full == 0;
}

// Whether the opened store may have this root: the root of all batches, or in the cases named at
// the top of this file another one.
static bool may_hold(struct gv_digest root, bool watermark, bool replaced, bool foreign) {
    if (gv_digest_equal(root, roots[BATCHES])) return true;
    if (is_new(&now[DATA]) && !now[JOURNAL].there) return !watermark && root.count == 0;
    if (foreign) return true;
    if (watermark) return false;
    if (gv_digest_equal(root, roots[BATCHES - 1])) return true;
    for (int i = 1; replaced && i < BATCHES; i++)
        if (gv_digest_equal(root, roots[i])) return true;
    return false;
}

static void continue_store(struct gv_store_lmdb *lmdb, struct gv_engine *engine) {
    gv_image_write(lmdb, engine, BATCHES + 1);
    GV_ASSERT(gv_store_lmdb_close(lmdb, true) == 0);
    GV_ASSERT(gv_image_open(&mine.image, &lmdb) == 0);
    struct gv_engine *loaded = gv_image_engine();
    GV_ASSERT(gv_store_load(gv_store_lmdb_store(lmdb), loaded) == 0);
    GV_ASSERT(gv_digest_equal(gv_engine_root(engine), gv_engine_root(loaded)));
    gv_engine_free(loaded);
    GV_ASSERT(gv_store_lmdb_close(lmdb, true) == 0);
}

static void check(bool watermark, bool replaced, bool foreign, bool longer) {
    struct gv_store_lmdb *lmdb;
    int error = gv_image_open(&mine.image, &lmdb);
    if (error != 0) {
        GV_ASSERT(error == GV_ECORRUPT || error == GV_EVERSION);
        GV_ASSERT(is_same(&mine, DATA, &now[DATA]) && is_same(&mine, JOURNAL, &now[JOURNAL]));
        return;
    }
    struct gv_engine *engine = gv_image_engine();
    GV_ASSERT(gv_store_load(gv_store_lmdb_store(lmdb), engine) == 0);
    GV_ASSERT(may_hold(gv_engine_root(engine), watermark, replaced, foreign));
    if (longer) {
        continue_store(lmdb, engine);
    } else {
        GV_ASSERT(gv_store_lmdb_close(lmdb, true) == 0);
    }
    gv_engine_free(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (now[0].bytes == NULL) {
        make(&mine, 1);
        make(&other, 2);
        atexit(clean_up);
        for (int file = 0; file < FILES; file++) read_file(&mine, file, &now[file]);
    }
    for (int file = 0; file < FILES; file++) copy(&now[file], &mine.copies[STAGES - 1][file]);
    bool watermark = true, foreign[FILES] = {false}, replaced = false;
    size_t ops = size / OP < OPS_MAX ? size / OP : OPS_MAX;
    for (size_t i = 0; i < ops; i++, data += OP) {
        int which = data[1] % 8 == 7 ? LOCK : data[1] % 2;
        change(data, &now[which], which);
        watermark &= which != LOCK;
        foreign[which] |= data[0] % 8 == OTHER;
        replaced |= data[0] % 8 == OLDER || data[0] % 8 == MIX;
    }
    for (int file = 0; file < FILES; file++) write_file(&mine, file, &now[file]);
    mine.image.config.sync = size % 2 == 0;
    check(watermark, replaced, foreign[DATA] && foreign[JOURNAL], size % LONGER == 3);
    mine.image.config.sync = true;
    return 0;
}
