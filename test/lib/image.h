// SPDX-License-Identifier: MIT
// A store's directory that a fuzz target damages and restores, with the offsets of data.mdb that
// decide how LMDB reads it.
#ifndef GV_TEST_LIB_IMAGE_H
#define GV_TEST_LIB_IMAGE_H

#include "../../engine/engine.h"
#include "../../node/storage/store_lmdb.h"

enum {
    GV_IMAGE_FRAMES = 3,       // batches in the journal, if it is used
    GV_IMAGE_FRAME_BLOCKS = 4, // blocks of 4 KiB in each
    GV_IMAGE_JOURNAL = (1 + GV_IMAGE_FRAMES * GV_IMAGE_FRAME_BLOCKS) *
                       4096, // bytes of the journal before its zeros
    GV_IMAGE_EDIT = 5,       // bytes of an edit
    GV_IMAGE_EDITS_MAX = 64,
};

struct gv_image_undo {
    size_t at;
    uint8_t byte;
};

struct gv_image {
    struct gv_store_lmdb_config config;
    char dir[4096];
    int file, journal, lock; // descriptors
    uint8_t *good, *bytes;   // data.mdb before the edits, and now
    size_t len;
    uint8_t *frames;   // the journal's header and frames
    uint8_t mark[512]; // the watermark in grapevine.lock
    size_t mark_len;   // length of the watermark, bytes
    uint32_t *spots;   // offsets of bytes that LMDB interprets
    size_t spot_count;
    struct gv_image_undo undo[GV_IMAGE_EDITS_MAX];
    int undos;
    struct gv_digest roots[GV_IMAGE_FRAMES + 1]; // root after n batches of the killed process
    int frame_count;                             // batches of the killed process
    int batches;                                 // batches of all processes
};

// Makes the directory. Two processes write to it and close it, which leaves free pages. A third
// process is killed after GV_IMAGE_FRAMES batches in the journal, or, if `journal` is false, after
// one batch in data.mdb. The directory is removed when the program exits.
void gv_image_init(struct gv_image *image, bool journal);

// Opens the store. Returns an error of gv_store_lmdb_open.
int gv_image_open(const struct gv_image *image, struct gv_store_lmdb **out);
// Returns a new, empty engine, which the caller frees.
struct gv_engine *gv_image_engine(void);
// Writes the batch of this number to the engine and, unless `lmdb` is NULL, to the store.
void gv_image_write(struct gv_store_lmdb *lmdb, struct gv_engine *engine, int number);

// Changes a byte of data.mdb. An edit is a selector of 4 bytes, big-endian, and the new value. If
// the selector is 8 << 28 or more it selects any byte, otherwise an element of `spots`.
void gv_image_edit(struct gv_image *image, const uint8_t edit[GV_IMAGE_EDIT]);
// Reverts all edits. If `written` is set, restores all three files as well.
void gv_image_undo(struct gv_image *image, bool written);

#endif
