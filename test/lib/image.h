// SPDX-License-Identifier: MIT
// A store's directory to be damaged, and the bytes of its file that LMDB goes by.
#ifndef GV_TEST_LIB_IMAGE_H
#define GV_TEST_LIB_IMAGE_H

#include "../../engine/engine.h"
#include "../../node/storage/store_lmdb.h"

enum {
    GV_IMAGE_FRAMES = 3,       // batches that are in the journal, if there is one …
    GV_IMAGE_FRAME_BLOCKS = 4, // … each of so many blocks
    GV_IMAGE_JOURNAL = (1 + GV_IMAGE_FRAMES * GV_IMAGE_FRAME_BLOCKS) * 4096, // bytes; then zeros
    GV_IMAGE_EDIT = 5,                                                       // bytes
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
    uint8_t *good, *bytes;   // what data.mdb was, and what it is
    size_t len;
    uint8_t *frames;   // the journal's header and frames
    uint8_t mark[512]; // the watermark in grapevine.lock …
    size_t mark_len;   // … its length
    uint32_t *spots;   // where LMDB goes by what is there
    size_t spot_count;
    struct gv_image_undo undo[GV_IMAGE_EDITS_MAX];
    int undos;
    struct gv_digest roots[GV_IMAGE_FRAMES + 1]; // with so many batches of the last life
    int frame_count;                             // written in it
    int batches;                                 // … and in all
};

// Makes the directory: two lives that ended well, so that there are free pages, and one that died
// after some batches in the journal, or, if it is not used, one in the database. It is removed at
// the program's end.
void gv_image_init(struct gv_image *image, bool journal);

int gv_image_open(const struct gv_image *image, struct gv_store_lmdb **out);
struct gv_engine *gv_image_engine(void);
// Puts the batch of this number into the engine, and into the store, unless that is NULL.
void gv_image_write(struct gv_store_lmdb *lmdb, struct gv_engine *engine, int number);

// Changes a byte of data.mdb. An edit: where (4 bytes, big-endian; from 8 << 28 on any byte, else
// one that LMDB goes by), and what to put there.
void gv_image_edit(struct gv_image *image, const uint8_t edit[GV_IMAGE_EDIT]);
// Takes all edits back; and all of the three files, if they have been `written` to.
void gv_image_undo(struct gv_image *image, bool written);

#endif
