// SPDX-License-Identifier: MIT
// A store's directory with some bytes changed. Either opening fails and leaves the files unchanged,
// or it succeeds with all entries and the store continues to work. Without a journal the last
// transaction may be missing, if the change invalidates the newer meta page.
#include "../lib/image.h"

#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The input is a list of edits. The top four bits of an edit may select the journal.
enum {
    IN_JOURNAL = 15, // anywhere in the journal's header and frames
    IN_HEADS = 14,   // in the journal's header and the frames' headers
    HEAD = 56,
    PAGE = 4096,
    BLOCKS = GV_IMAGE_JOURNAL / PAGE,
    LONGER = 16,   // one input in 16 also writes to the store and reopens it
    PROCESSES = 3, // how often it is then reopened
};

// A directory without a journal, and one whose process was killed with batches in its journal.
static struct gv_image plain, journaled;

static bool is_unchanged(const struct gv_image *image) {
    static uint8_t bytes[1 << 20];
    GV_ASSERT(image->len < sizeof bytes);
    ssize_t len = pread(image->file, bytes, sizeof bytes, 0);
    return len == (ssize_t)image->len && memcmp(bytes, image->bytes, image->len) == 0;
}

// Writes to the store, reopens it, and checks that it has the entries of the engine.
static void continue_store(const struct gv_image *image, struct gv_store_lmdb *lmdb,
                           struct gv_engine *engine) {
    for (int i = 0; i < PROCESSES; i++) {
        gv_image_write(lmdb, engine, image->batches + i);
        GV_ASSERT(gv_store_lmdb_close(lmdb, true) == 0);
        GV_ASSERT(gv_image_open(image, &lmdb) == 0);
    }
    struct gv_engine *loaded = gv_image_engine();
    GV_ASSERT(gv_store_load(gv_store_lmdb_store(lmdb), loaded) == 0);
    GV_ASSERT(gv_digest_equal(gv_engine_root(engine), gv_engine_root(loaded)));
    gv_engine_free(loaded);
    GV_ASSERT(gv_store_lmdb_close(lmdb, true) == 0);
}

// Opens the directory and checks its entries. Returns false if the store refused it, and checks
// that it is then unchanged.
static bool check(const struct gv_image *image, bool longer) {
    struct gv_store_lmdb *lmdb;
    int error = gv_image_open(image, &lmdb);
    if (error != 0) {
        GV_ASSERT(error == GV_ECORRUPT || error == GV_EVERSION);
        GV_ASSERT(is_unchanged(image));
        return false;
    }
    struct gv_engine *engine = gv_image_engine();
    GV_ASSERT(gv_store_load(gv_store_lmdb_store(lmdb), engine) == 0);
    int batches = image->frame_count;
    struct gv_digest root = gv_engine_root(engine);
    while (batches > 0 && !gv_digest_equal(root, image->roots[batches])) batches--;
    GV_ASSERT(gv_digest_equal(root, image->roots[batches]));
    GV_ASSERT(image == &plain || batches == image->frame_count);
    if (longer) {
        continue_store(image, lmdb, engine);
    } else {
        GV_ASSERT(gv_store_lmdb_close(lmdb, true) == 0);
    }
    gv_engine_free(engine);
    return true;
}

static void edit_journal(const struct gv_image *image, const uint8_t *edit) {
    size_t at = (size_t)edit[1] << 16 | (size_t)edit[2] << 8 | edit[3];
    bool head = edit[0] >> 4 == IN_HEADS;
    at = head ? at / HEAD % BLOCKS * PAGE + at % HEAD : at % (BLOCKS * PAGE);
    GV_ASSERT(pwrite(image->journal, edit + 4, 1, (off_t)at) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (plain.good == NULL) {
        gv_image_init(&plain, false);
        gv_image_init(&journaled, true);
    }
    size_t edits = size / GV_IMAGE_EDIT;
    if (edits > GV_IMAGE_EDITS_MAX) edits = GV_IMAGE_EDITS_MAX;
    bool journal = false, longer = size > 0 && data[size - 1] % LONGER == 0;
    for (size_t i = 0; i < edits; i++) journal |= data[i * GV_IMAGE_EDIT] >> 4 >= IN_HEADS;
    struct gv_image *image = journal ? &journaled : &plain;
    for (; edits > 0; edits--, data += GV_IMAGE_EDIT) {
        if (data[0] >> 4 >= IN_HEADS) {
            edit_journal(image, data);
        } else {
            gv_image_edit(image, data);
        }
    }
    bool written = check(image, longer);
    gv_image_undo(image, written || journal);
    return 0;
}
