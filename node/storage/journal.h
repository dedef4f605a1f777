// SPDX-License-Identifier: MIT
// A write-ahead journal: a file to which batches are appended, each durable after one sync. The
// store later moves many of them into its database in one transaction.
//
// The file has its full size from the beginning, and each *epoch* overwrites it from its start, so
// a sync writes a few blocks and no metadata. The first block is the header, in the machine's byte
// order:
//
//   "gvjournl", format (8 bytes), directory (8), epoch (8), count (8), previous (8), hash of these
//   (8)
//
// `directory` is the identity that the database has, too. `count` is the number of durable frames
// of the epoch: an append writes its frame and the header in one sync, so the header counts all
// frames but perhaps the last. `previous`, if not 0, is one more than the number of frames of the
// previous epoch, which are all still in the file: the header announces an epoch before the
// database records it (gv_journal_prepare).
//
// Frames follow the header, each in blocks of its own; numbers begin at 0:
//
//   epoch (8 bytes), number (8), length (8), hash of these, the directory and the batch (8), hash
//   of these four and the directory (8), batch, zeros
//
// The transaction that moves the frames of an epoch into the database records the next epoch there,
// so no frame is applied twice. A frame is written after the previous one is durable, so only the
// last can be torn. A sector of 512 bytes is assumed to be written completely or not at all, as
// LMDB assumes for its meta pages, so the header is not torn.
//
// The legacy format, of version 0.1.0, has no header, frames from the first block on, and hashes
// without the directory. It can be read only.
#ifndef GV_NODE_STORAGE_JOURNAL_H
#define GV_NODE_STORAGE_JOURNAL_H

#include "../../merkle/digest.h"

enum {
    GV_JOURNAL_FORMAT = 2,
    GV_JOURNAL_BLOCK = 4096,
    GV_JOURNAL_SIZE = 4 << 20, // size of the file, bytes
};

struct gv_journal_damage {
    uint64_t at;      // offset in the file, bytes
    const char *what; // static text; NULL: no damage
};

struct gv_journal {
    int fd;      // −1: not open
    bool legacy; // the journal has the legacy format, so it is only read
    struct gv_digest_key hash;
    uint64_t directory;
    uint64_t epoch, number; // epoch and number of the next frame
    size_t at;              // offset of the next frame, bytes
    uint64_t count;         // frames of this epoch that must be in the file, at least
    bool prepared;          // the next epoch is announced, and nothing can be appended
    struct gv_journal_damage damage;
    uint8_t *frame; // buffer for one frame
    size_t cap;     // capacity of `frame`, bytes
};

struct gv_journal_state {
    bool open;
    bool prepared;                   // the next epoch is announced, and nothing can be appended
    uint64_t epoch;                  // epoch of the next frame
    uint64_t number;                 // number of the next frame
    uint64_t count;                  // frames of this epoch that must be in the file, at least
    struct gv_journal_damage damage; // found by the last call that returned GV_ECORRUPT
};

// Initialises a journal that is not open.
static inline void gv_journal_init(struct gv_journal *journal) {
    *journal = (struct gv_journal){.fd = -1};
}
struct gv_journal_state gv_journal_state(const struct gv_journal *journal);

// Creates a synced file without frames, for this directory and epoch, and replaces an existing one;
// the caller has to sync the directory. GV_EIO, GV_EFULL (disk full): errno has the cause;
// GV_ENOMEM. After an error no incomplete file remains, and the journal is not open.
int gv_journal_make(struct gv_journal *journal, const char *path, uint64_t directory,
                    uint64_t epoch);
// Opens the journal of a directory whose database records this epoch. GV_ENOENT: it does not exist;
// GV_ECORRUPT: it is damaged, belongs to another directory, or its epoch does not match (the state
// has the damage); GV_EIO: errno has the cause. After an error the journal is not open.
int gv_journal_open(struct gv_journal *journal, const char *path, uint64_t directory,
                    uint64_t epoch);
// The same for a file in the legacy format. `written`: it has had frames, of any epoch.
int gv_journal_open_legacy(struct gv_journal *journal, const char *path, uint64_t epoch,
                           bool written);
// Closes the file, if it is open.
void gv_journal_close(struct gv_journal *journal);

// Raises the number of frames that must be in the file to a watermark's count. A prepared journal
// knows the exact number and keeps it.
static inline void gv_journal_expect(struct gv_journal *journal, uint64_t count) {
    if (!journal->prepared && journal->count < count) journal->count = count;
}

// Calls take() for each complete frame of the epoch, in order, until it returns an error, and
// returns that. The batch is borrowed for the call. After success, frames are appended behind
// these; after an error the journal is as it was before. GV_ECORRUPT: a frame that must be in the
// file is missing or damaged (the state has the damage); GV_EIO; GV_ENOMEM.
int gv_journal_read(struct gv_journal *journal, int (*take)(void *ctx, struct gv_slice batch),
                    void *ctx);

// Announces the next epoch, and syncs. Call it before the database records that epoch, and again if
// the database failed to. Nothing can be appended until gv_journal_begin. GV_EFULL, GV_EIO: errno
// has the cause.
int gv_journal_prepare(struct gv_journal *journal);
// Begins the announced epoch, after the database has durably recorded it.
void gv_journal_begin(struct gv_journal *journal);

// Whether a batch of this length, in bytes, fits into the rest of the file.
bool gv_journal_fits(const struct gv_journal *journal, size_t len);

// Appends a batch that fits, and syncs. GV_EFULL, GV_EIO: errno has the cause, and the frame is
// erased again, unless that fails as well; GV_ENOMEM.
int gv_journal_append(struct gv_journal *journal, struct gv_slice batch);

// Tests whether a batch of this length, which fits, could be appended: writes zeros instead, and
// syncs. Errors as for gv_journal_append.
int gv_journal_probe(struct gv_journal *journal, size_t len);

#endif
