// SPDX-License-Identifier: MIT
// The two files of a store's directory, and its witness: with bytes changed, ranges zeroed or taken
// from elsewhere, cut off, removed, replaced by older copies of themselves or by another
// directory's. Either they are refused, and stay as they were; or everything that was acknowledged
// is served, and the store goes on.
//
// Without its witness a store may miss the last frame of its journal, and cannot tell an older copy
// of both files from what should be there, nor their loss from a new directory; and both files of
// another directory are another store.
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

// An operation: what, to which file, at which byte (3), and up to where or what (3).
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
    MIX = 7, // a range of an older copy
};
enum { DATA, JOURNAL, LOCK, FILES };
enum { STAGES = 5, BATCHES = 8, LONGER = 4, CAP = 256 << 10 };

// What a file is: all of it but the zeros at its end.
struct content {
    bool there;
    size_t len, full; // bytes that are kept; all of them
    uint8_t *bytes;
};

struct place {
    struct gv_image image; // only its directory and configuration
    struct content moments[STAGES][FILES];
    struct gv_digest roots[STAGES]; // … and what is in it then
};

static struct place mine, other;
static struct gv_digest roots[BATCHES + 1];
static struct content now[FILES];

static const char *const names[FILES] = {"data.mdb", "grapevine.journal", "grapevine.lock"};

// ---- Directories --------------------------------------------------------------------------------

static const char *path_of(const struct place *place, int file) {
    static char path[4200];
    snprintf(path, sizeof path, "%s/%s", place->image.dir, names[file]);
    return path;
}

static void take(const struct place *place, int file, struct content *out) {
    int fd = open(path_of(place, file), O_RDONLY);
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

static void put(const struct place *place, int file, const struct content *in) {
    const char *path = path_of(place, file);
    if (!in->there) {
        unlink(path);
        return;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    GV_ASSERT(fd >= 0 && ftruncate(fd, (off_t)in->full) == 0);
    GV_ASSERT(pwrite(fd, in->bytes, in->len, 0) == (ssize_t)in->len);
    close(fd);
}

static bool is_same(const struct place *place, int file, const struct content *want) {
    static struct content found;
    take(place, file, &found);
    return found.there == want->there && found.full == want->full && found.len == want->len &&
           memcmp(found.bytes, want->bytes, found.len) == 0;
}

// A life that writes these batches, and dies unless it is to be closed.
static void live(struct place *place, int first, int count, bool sync, bool ends) {
    pid_t child = fork();
    if (child == 0) {
        struct gv_store_lmdb *lmdb;
        struct gv_engine *engine = gv_image_engine();
        place->image.config.sync = sync;
        GV_ASSERT(gv_image_open(&place->image, &lmdb) == 0);
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

static void make(struct place *place, uint64_t incarnation) {
    static const struct {
        int count;
        bool sync, ends;
    } stages[STAGES] = {{1, true, true},   // closed
                        {1, true, false},  // a frame in the journal
                        {2, true, false},  // two
                        {1, false, true},  // a life without
                        {3, true, false}}; // three
    snprintf(place->image.dir, sizeof place->image.dir, "%s", gv_proc_make_dir());
    place->image.config = (struct gv_store_lmdb_config){.dir = place->image.dir,
                                                        .workload = "gset",
                                                        .sync = true,
                                                        .whole = true,
                                                        .incarnation = incarnation};
    static struct gv_engine *engine; // where valgrind finds it in the children, too
    engine = gv_image_engine();
    int batch = 0;
    for (int i = 0; i < STAGES; i++) {
        live(place, batch, stages[i].count, stages[i].sync, stages[i].ends);
        for (int k = 0; k < stages[i].count; k++) {
            gv_image_write(NULL, engine, batch++);
            roots[batch] = gv_engine_root(engine);
        }
        place->roots[i] = gv_engine_root(engine);
        for (int file = 0; file < FILES; file++) take(place, file, &place->moments[i][file]);
    }
    GV_ASSERT(batch == BATCHES);
    gv_engine_free(engine);
    place->image.config.sync = true;
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
    const struct content *older = &mine.moments[what % STAGES][which];
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
        copy(file, &other.moments[what % STAGES][which]);
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

// ---- What may come of it ------------------------------------------------------------------------

static bool is_new(const struct content *file) {
    return !file->there || file->full == 0;
}

// Whether a store may hold this: all, or what is said above.
static bool may_hold(struct gv_digest root, bool witness, bool replaced, bool foreign) {
    if (gv_digest_equal(root, roots[BATCHES])) return true;
    if (is_new(&now[DATA]) && !now[JOURNAL].there) return !witness && root.count == 0;
    if (foreign) return true;
    if (witness) return false;
    if (gv_digest_equal(root, roots[BATCHES - 1])) return true;
    for (int i = 1; replaced && i < BATCHES; i++)
        if (gv_digest_equal(root, roots[i])) return true;
    return false;
}

static void go_on(struct gv_store_lmdb *lmdb, struct gv_engine *engine) {
    gv_image_write(lmdb, engine, BATCHES + 1);
    GV_ASSERT(gv_store_lmdb_close(lmdb, true) == 0);
    GV_ASSERT(gv_image_open(&mine.image, &lmdb) == 0);
    struct gv_engine *loaded = gv_image_engine();
    GV_ASSERT(gv_store_load(gv_store_lmdb_store(lmdb), loaded) == 0);
    GV_ASSERT(gv_digest_equal(gv_engine_root(engine), gv_engine_root(loaded)));
    gv_engine_free(loaded);
    GV_ASSERT(gv_store_lmdb_close(lmdb, true) == 0);
}

static void check(bool witness, bool replaced, bool foreign, bool longer) {
    struct gv_store_lmdb *lmdb;
    int error = gv_image_open(&mine.image, &lmdb);
    if (error != 0) {
        GV_ASSERT(error == GV_ECORRUPT || error == GV_EVERSION);
        GV_ASSERT(is_same(&mine, DATA, &now[DATA]) && is_same(&mine, JOURNAL, &now[JOURNAL]));
        return;
    }
    struct gv_engine *engine = gv_image_engine();
    GV_ASSERT(gv_store_load(gv_store_lmdb_store(lmdb), engine) == 0);
    GV_ASSERT(may_hold(gv_engine_root(engine), witness, replaced, foreign));
    if (longer) {
        go_on(lmdb, engine);
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
        for (int file = 0; file < FILES; file++) take(&mine, file, &now[file]);
    }
    for (int file = 0; file < FILES; file++) copy(&now[file], &mine.moments[STAGES - 1][file]);
    bool witness = true, foreign[FILES] = {false}, replaced = false;
    size_t ops = size / OP < OPS_MAX ? size / OP : OPS_MAX;
    for (size_t i = 0; i < ops; i++, data += OP) {
        int which = data[1] % 8 == 7 ? LOCK : data[1] % 2;
        change(data, &now[which], which);
        witness &= which != LOCK;
        foreign[which] |= data[0] % 8 == OTHER;
        replaced |= data[0] % 8 == OLDER || data[0] % 8 == MIX;
    }
    for (int file = 0; file < FILES; file++) put(&mine, file, &now[file]);
    mine.image.config.sync = size % 2 == 0;
    check(witness, replaced, foreign[DATA] && foreign[JOURNAL], size % LONGER == 3);
    mine.image.config.sync = true;
    return 0;
}
