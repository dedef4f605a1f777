// SPDX-License-Identifier: MIT
// A file that batches of bytes are appended to, each safe once its one sync returns: what a store
// writes first, and moves on to where it belongs in company.
//
// The file has its full size from the beginning and is written over from its start in every
// *epoch*, so that a sync has nothing but the batch to write. A frame takes whole blocks:
//
//   epoch (8 bytes), number (8), length (8), hash of these and the batch (8), hash of the four (8),
//   batch, zeros; numbers from 0 on
//
// in the machine's own byte order. Whoever moves the frames of an epoch elsewhere notes the next
// epoch there, in the same transaction, and so no frame counts twice, whenever the power fails.
// A frame is written when the one before is safe: so the last may be torn, and no other.
#ifndef GV_NODE_JOURNAL_H
#define GV_NODE_JOURNAL_H

#include "../merkle/digest.h"

enum { GV_JOURNAL_BLOCK = 4096, GV_JOURNAL_SIZE = 4 << 20 };

struct gv_journal {
    int fd; // −1: not open
    struct gv_digest_key hash;
    uint64_t epoch, number; // of the next frame
    size_t at;              // where it goes
    uint8_t *frame;         // to read or write one
    size_t cap;
};

// Makes a file of zeros, synced, in the place of any that is there; its name is safe when the
// caller has synced the directory. GV_EIO, GV_EFULL (no room): errno says more; GV_ENOMEM.
int gv_journal_make(struct gv_journal *journal, const char *path);
// Opens the file that is there. GV_ENOENT: there is none; GV_EIO: errno says more; GV_ENOMEM.
int gv_journal_open(struct gv_journal *journal, const char *path);
// After either succeeded.
void gv_journal_close(struct gv_journal *journal);

// Begins an epoch at the start of the file.
void gv_journal_begin(struct gv_journal *journal, uint64_t epoch);

// Calls take() for each whole frame of the epoch, in their order, until it fails; returns what it
// did. The batch is borrowed for the call. What is appended then goes behind these frames.
// GV_ECORRUPT: a frame that is not the last is damaged, or one of the next epoch is here, so this
// one had ended; GV_EIO; GV_ENOMEM.
int gv_journal_read(struct gv_journal *journal, uint64_t epoch,
                    int (*take)(void *ctx, struct gv_slice batch), void *ctx);

// Whether there is room for a batch of this length; false for any longer than the file.
bool gv_journal_fits(const struct gv_journal *journal, size_t len);

// Appends a batch that fits, and syncs. GV_EFULL, GV_EIO: errno says why, and nothing is appended,
// unless the disk fails so badly that it cannot be taken back; GV_ENOMEM.
int gv_journal_append(struct gv_journal *journal, struct gv_slice batch);

// Whether a batch of this length, which fits, could be appended: writes zeros there, and syncs.
// Errors as those of gv_journal_append.
int gv_journal_try(struct gv_journal *journal, size_t len);

#endif
