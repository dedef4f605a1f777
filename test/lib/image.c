// SPDX-License-Identifier: MIT
#include "image.h"

#include "proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    IMAGES_MAX = 2,
    ANYWHERE = 8,     // an edit may change any byte if its top four bits have at least this value
    BYTES_HEAD = 160, // header bytes of a page that LMDB interprets
    BYTES_NODE = 64,  // header bytes of a node that LMDB interprets
    PAGE = 4096,
    PROCESSES = 2,
    VALUES = 24,  // values in a batch
    DIGITS = 150, // digits of a value
    LONG = 9000,  // digits of one value in each batch, which needs overflow pages
};

static char dirs[IMAGES_MAX][4096];
static int made;

// ---- A good directory ---------------------------------------------------------------------------

int gv_image_open(const struct gv_image *image, struct gv_store_lmdb **out) {
    char fault[256] = "";
    int error = gv_store_lmdb_open(out, &image->config, fault, sizeof fault);
    GV_ASSERT((error == 0) == (fault[0] == '\0'));
    return error;
}

struct gv_engine *gv_image_engine(void) {
    struct gv_engine *engine;
    const struct gv_engine_config config = {.alloc = gv_base_malloc(), .seed = 1};
    GV_ASSERT(gv_engine_new(&engine, &config) == 0);
    return engine;
}

void gv_image_write(struct gv_store_lmdb *lmdb, struct gv_engine *engine, int number) {
    static char key[LONG];
    struct gv_store_batch batch = {0};
    for (int i = 0; i < VALUES; i++) {
        memset(key, '7', sizeof key);
        int len = snprintf(key, sizeof key, "%d", 1000 + number * VALUES + i);
        key[len] = '7';
        struct gv_entry entry = {.key = {(const uint8_t *)key, i == 0 ? LONG : DIGITS}};
        GV_ASSERT(gv_store_batch_put(&batch, gv_base_malloc(), engine, &entry) == 0);
        GV_ASSERT(gv_engine_put(engine, 0, &entry) == 1);
    }
    if (lmdb != NULL) {
        const struct gv_store *store = gv_store_lmdb_store(lmdb);
        GV_ASSERT(store->write(store->ctx, &batch) == 0);
    }
    gv_store_batch_free(&batch, gv_base_malloc());
}

static void write_frames(struct gv_image *image, struct gv_engine *engine) {
    struct gv_store_lmdb *lmdb;
    pid_t child = fork();
    if (child == 0) {
        GV_ASSERT(gv_image_open(image, &lmdb) == 0);
        for (int i = 0; i < image->frame_count; i++)
            gv_image_write(lmdb, engine, image->batches + i);
        _exit(0);
    }
    int status = 1;
    GV_ASSERT(waitpid(child, &status, 0) == child && status == 0);
    for (int i = 0; i < image->frame_count; i++) {
        gv_image_write(NULL, engine, image->batches++);
        image->roots[i + 1] = gv_engine_root(engine);
    }
}

static void add_spots(struct gv_image *image, size_t from, size_t count) {
    for (size_t i = from; i < from + count && i < image->len; i++)
        image->spots[image->spot_count++] = (uint32_t)i;
}

// Adds the headers of all pages and of the nodes in them. An overflow page may be mistaken for a
// page with nodes; its extra offsets do no harm.
static void find_spots(struct gv_image *image) {
    image->spots = calloc(4 * image->len, sizeof *image->spots);
    GV_ASSERT(image->spots != NULL);
    for (size_t page = 0; page < image->len; page += PAGE) {
        uint16_t bytes[BYTES_HEAD / 2], most = BYTES_HEAD;
        memcpy(bytes, image->good + page, sizeof bytes);
        uint16_t lower = bytes[6] < most ? bytes[6] : most;
        bool nodes = bytes[5] == 1 || bytes[5] == 2;
        add_spots(image, page, nodes ? lower : most);
        for (size_t i = 8; nodes && i < lower / 2u; i++)
            add_spots(image, page + bytes[i] % PAGE, BYTES_NODE);
    }
}

static void clean_up(void) {
    for (int i = 0; i < made; i++) gv_proc_remove_dir(dirs[i]);
}

static void remember(const char *dir) {
    GV_ASSERT(made < IMAGES_MAX);
    if (made == 0) atexit(clean_up);
    snprintf(dirs[made++], sizeof dirs[0], "%s", dir);
}

static int open_file(const struct gv_image *image, const char *name) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", image->dir, name);
    return open(path, O_RDWR | O_CLOEXEC);
}

void gv_image_init(struct gv_image *image, bool journal) {
    struct gv_engine *engine = gv_image_engine();
    *image = (struct gv_image){0};
    snprintf(image->dir, sizeof image->dir, "%s", gv_proc_make_dir());
    remember(image->dir);
    image->config = (struct gv_store_lmdb_config){.dir = image->dir,
                                                  .workload = "gset",
                                                  .sync = journal,
                                                  .write_ahead = true,
                                                  .incarnation = 1};
    for (int process = 0; process < PROCESSES; process++) {
        struct gv_store_lmdb *lmdb;
        GV_ASSERT(gv_image_open(image, &lmdb) == 0);
        gv_image_write(lmdb, engine, image->batches++);
        GV_ASSERT(gv_store_lmdb_close(lmdb, true) == 0);
    }
    image->roots[0] = gv_engine_root(engine);
    image->frame_count = journal ? GV_IMAGE_FRAMES : 1;
    write_frames(image, engine);
    gv_engine_free(engine);
    image->file = open_file(image, "data.mdb");
    image->journal = open_file(image, "grapevine.journal");
    struct stat found;
    GV_ASSERT(fstat(image->file, &found) == 0 && image->journal >= 0);
    image->len = (size_t)found.st_size;
    image->good = malloc(image->len);
    image->bytes = malloc(image->len);
    GV_ASSERT(image->good != NULL && image->bytes != NULL);
    GV_ASSERT(pread(image->file, image->good, image->len, 0) == (ssize_t)image->len);
    memcpy(image->bytes, image->good, image->len);
    image->frames = malloc(GV_IMAGE_JOURNAL);
    GV_ASSERT(image->frames != NULL);
    GV_ASSERT(pread(image->journal, image->frames, GV_IMAGE_JOURNAL, 0) == GV_IMAGE_JOURNAL);
    image->lock = open_file(image, "grapevine.lock");
    ssize_t mark = pread(image->lock, image->mark, sizeof image->mark, 0);
    GV_ASSERT(mark > 0);
    image->mark_len = (size_t)mark;
    find_spots(image);
}

// ---- Edits --------------------------------------------------------------------------------------

static void put_byte(struct gv_image *image, size_t at, uint8_t byte) {
    image->bytes[at] = byte;
    GV_ASSERT(pwrite(image->file, &byte, 1, (off_t)at) == 1);
}

void gv_image_edit(struct gv_image *image, const uint8_t edit[GV_IMAGE_EDIT]) {
    GV_ASSERT(image->undos < GV_IMAGE_EDITS_MAX);
    size_t at = (size_t)edit[1] << 16 | (size_t)edit[2] << 8 | edit[3];
    at = edit[0] >> 4 < ANYWHERE ? image->spots[at % image->spot_count] : at % image->len;
    image->undo[image->undos++] = (struct gv_image_undo){at, image->bytes[at]};
    put_byte(image, at, edit[4]);
}

void gv_image_undo(struct gv_image *image, bool written) {
    while (image->undos > 0) {
        struct gv_image_undo undo = image->undo[--image->undos];
        put_byte(image, undo.at, undo.byte);
    }
    if (!written) return;
    GV_ASSERT(pwrite(image->file, image->good, image->len, 0) == (ssize_t)image->len);
    GV_ASSERT(ftruncate(image->file, (off_t)image->len) == 0);
    GV_ASSERT(pwrite(image->journal, image->frames, GV_IMAGE_JOURNAL, 0) == GV_IMAGE_JOURNAL);
    GV_ASSERT(pwrite(image->lock, image->mark, image->mark_len, 0) == (ssize_t)image->mark_len);
}
