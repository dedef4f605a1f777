// SPDX-License-Identifier: MIT
// What a store's file (store_lmdb.h) says about itself, and whether that is true of it.
//
// The value "head" of its database "meta" is
//
//   "grapevine", format (varint), workload (its length, 1 byte, and its name), incarnation (8
//   bytes), whole (1), transaction (8), count (8) and sum (8) of the records, epoch (8), journal
//   (1), directory (8), and the hash of all this (8)
//
// The former format, of version 0.1.0, has no directory, and its journal is one in the former
// format, or none (journal.h).
//
// Format and workload come first, and will in every format to come: so any version of this program
// can say whose file it is that it refuses.
#ifndef GV_NODE_STORAGE_SUPERBLOCK_H
#define GV_NODE_STORAGE_SUPERBLOCK_H

#include "../../merkle/digest.h"

enum {
    GV_SUPERBLOCK_FORMAT = 4,        // the one that is written
    GV_SUPERBLOCK_FORMAT_LEGACY = 3, // is read as well
    GV_SUPERBLOCK_WORKLOAD_MAX = 31,
    GV_SUPERBLOCK_MAX = 128, // bytes
};

// Which file a journal (journal.h) is. In the former format only the first two are there, and the
// second is a journal in that format.
enum gv_superblock_journal {
    GV_SUPERBLOCK_JOURNAL_NONE,     // none, or one that was made for this directory and never used
    GV_SUPERBLOCK_JOURNAL_REQUIRED, // it must be there
    GV_SUPERBLOCK_JOURNAL_OBSOLETE, // all that it held is in here: another is to replace it
};

// The number of records, and the sum of their hashes.
struct gv_superblock_checksum {
    uint64_t count, sum;
};

struct gv_superblock {
    uint64_t format;
    char workload[GV_SUPERBLOCK_WORKLOAD_MAX + 1]; // whose entries these are
    uint64_t incarnation;
    bool all_persisted; // what has left this node is all here
    uint64_t txn;       // the transaction that wrote this: every one does
    struct gv_superblock_checksum checksum;
    uint64_t epoch; // of the journal: what it holds of this one is not in here
    enum gv_superblock_journal journal;
    uint64_t directory; // a random number that the journal tells, too
};

// A superblock of this program's format, for a workload with a name that is not too long.
void gv_superblock_init(struct gv_superblock *superblock, const char *workload);

// Writes a superblock, of this program's format; returns its length.
size_t gv_superblock_write(const struct gv_superblock *superblock, const struct gv_digest_key *key,
                           uint8_t bytes[GV_SUPERBLOCK_MAX]);
// Reads one, of this format or the former. GV_EVERSION: it is in another, out->format; GV_ECORRUPT.
int gv_superblock_read(struct gv_superblock *out, const struct gv_digest_key *key,
                       struct gv_slice bytes);

// The hash of a record, as in a checksum; `hash` is the same for every cluster.
uint64_t gv_superblock_record_hash(const struct gv_digest_key *key, struct gv_slice name,
                                   struct gv_slice value);

// Reads all of a file of `size` bytes (verifier.h), and compares it with its superblock, which
// becomes *out; its format 0: there is none, as the file was left before its first transaction.
// GV_EINVAL: it is another workload's; GV_EVERSION: it is in another format; GV_ECORRUPT: it is
// damaged, or no store; GV_EIO; GV_ENOMEM. `reason` then says what is wrong with data.mdb.
int gv_superblock_verify(int fd, uint64_t size, const char *workload,
                         const struct gv_digest_key *key, struct gv_superblock *out, char *reason,
                         size_t cap);

#endif
