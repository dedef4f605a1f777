// SPDX-License-Identifier: MIT
// A file that batches of bytes are appended to, each safe once its one sync returns: what a store
// writes first, and moves on to where it belongs in company.
//
// The file has its full size from the beginning and is written over from its start in every
// *epoch*, so that a sync has nothing but a few blocks to write. Its first block holds the header:
//
//   "gvjournl", format (8 bytes), directory (8), epoch (8), count (8), former (8), hash of these
//   (8)
//
// in the machine's own byte order. `directory` is the identity that the database has, too. `count`
// is how many frames of the epoch are safe: an append writes its frame and the header in one sync,
// so the header counts all frames but, perhaps, the last. `former`, if not 0, is one more than the
// number of frames of the epoch before, all of which are still in the file: the header announces an
// epoch before the database notes it (gv_journal_prepare).
//
// A frame takes whole blocks behind the header:
//
//   epoch (8 bytes), number (8), length (8), hash of the directory, these and the batch (8), hash
//   of the directory and the four (8), batch, zeros; numbers from 0 on
//
// Whoever moves the frames of an epoch elsewhere notes the next epoch there, in the same
// transaction, and so no frame counts twice, whenever the power fails. A frame is written when the
// one before is safe: so the last may be torn, and no other. A sector of 512 bytes is assumed to be
// written whole or not at all, as LMDB assumes of its roots: so the header is never torn.
//
// The former format, of version 0.1.0, had no header, frames from the first block on, and hashes
// without a directory. It can be read, so that its frames can be moved on.
#ifndef GV_NODE_STORAGE_JOURNAL_H
#define GV_NODE_STORAGE_JOURNAL_H

#include "../../merkle/digest.h"

enum {
    GV_JOURNAL_FORMAT = 2,
    GV_JOURNAL_BLOCK = 4096,
    GV_JOURNAL_SIZE = 4 << 20, // of the file, bytes
};

// What is wrong with the file, and where.
struct gv_journal_damage {
    uint64_t at;      // byte
    const char *what; // static text; NULL: nothing
};

struct gv_journal {
    int fd;      // −1: not open
    bool legacy; // in the format of version 0.1.0: it can only be read
    struct gv_digest_key hash;
    uint64_t directory;
    uint64_t epoch, number; // of the next frame
    size_t at;              // where it goes, in bytes
    uint64_t count;         // at least so many frames of this epoch are there
    bool prepared;          // the next epoch has been announced: nothing can be appended
    struct gv_journal_damage damage;
    uint8_t *frame; // to read or write one
    size_t cap;     // bytes of it
};

// Where a journal is.
struct gv_journal_state {
    bool open;
    bool prepared;                   // the next epoch is announced, and nothing can be appended
    uint64_t epoch;                  // of the next frame
    uint64_t number;                 // of the next frame
    uint64_t count;                  // frames of this epoch that must be in the file, at least
    struct gv_journal_damage damage; // found by the last call that returned GV_ECORRUPT
};

// A journal that is not open.
void gv_journal_init(struct gv_journal *journal);
struct gv_journal_state gv_journal_state(const struct gv_journal *journal);

// Makes a file without frames for this directory and epoch, synced, in the place of any that is
// there; its name is safe when the caller has synced the directory. GV_EIO, GV_EFULL (no room):
// errno says more; GV_ENOMEM. After an error there is no half-made file and nothing to close.
int gv_journal_make(struct gv_journal *journal, const char *path, uint64_t directory,
                    uint64_t epoch);
// Opens the file that is there, for a directory whose database tells this epoch. GV_ENOENT: there
// is none; GV_ECORRUPT: it is damaged, of another directory, or its epoch does not go with that of
// the database, and journal->damage says how; GV_EIO: errno says more. Nothing to close then.
int gv_journal_open(struct gv_journal *journal, const char *path, uint64_t directory,
                    uint64_t epoch);
// The same with a file in the former format. `written`: there have been frames in it, of whatever
// epoch.
int gv_journal_open_legacy(struct gv_journal *journal, const char *path, uint64_t epoch,
                           bool written);
// After any of them; also if there is nothing to close.
void gv_journal_close(struct gv_journal *journal);

// Raises the number of frames that must be in the file, as a watermark demands; a prepared journal
// knows the exact number and keeps it.
void gv_journal_expect(struct gv_journal *journal, uint64_t count);

// Calls take() for each whole frame of journal->epoch, in their order, until it fails; returns what
// it did. The batch is borrowed for the call. What is appended then goes behind these frames.
// GV_ECORRUPT: a frame that must be there is not, and journal->damage says which; GV_EIO;
// GV_ENOMEM.
int gv_journal_read(struct gv_journal *journal, int (*take)(void *ctx, struct gv_slice batch),
                    void *ctx);

// Announces the next epoch, and syncs; to be called before it is noted elsewhere, again if that
// failed. Nothing can be appended before gv_journal_begin. GV_EFULL, GV_EIO: errno says more.
int gv_journal_prepare(struct gv_journal *journal);
// Begins the epoch that was announced, once it is noted elsewhere and safe there.
void gv_journal_begin(struct gv_journal *journal);

// Whether there is room for a batch of this length, in bytes; false for any longer than the file.
bool gv_journal_fits(const struct gv_journal *journal, size_t len);

// Appends a batch that fits, and syncs. GV_EFULL, GV_EIO: errno says why, and nothing is appended,
// unless the disk fails so badly that it cannot be taken back; GV_ENOMEM.
int gv_journal_append(struct gv_journal *journal, struct gv_slice batch);

// Whether a batch of this length, which fits, could be appended: writes zeros there, and syncs.
// Errors as those of gv_journal_append.
int gv_journal_probe(struct gv_journal *journal, size_t len);

#endif
