// SPDX-License-Identifier: MIT
// The superblock of a store (store_lmdb.h), and the verification of data.mdb against it.
//
// The superblock is the value of "head" in the database "meta":
//
//   "grapevine", format (varint), workload (length, 1 byte, and name), incarnation (8 bytes), all
//   persisted (1), transaction (8), number (8) and sum of hashes (8) of the records, epoch (8),
//   journal (1), directory (8), hash of all this (8)
//
// The legacy format, of version 0.1.0, has no directory; its journal is in the legacy format, or
// does not exist (journal.h).
//
// Format and workload come first in every format, so that each version can name the owner of a file
// that it refuses.
#ifndef GV_NODE_STORAGE_SUPERBLOCK_H
#define GV_NODE_STORAGE_SUPERBLOCK_H

#include "../../merkle/digest.h"

enum {
    GV_SUPERBLOCK_FORMAT = 4,
    GV_SUPERBLOCK_FORMAT_LEGACY = 3, // read only
    GV_SUPERBLOCK_WORKLOAD_MAX = 31,
    GV_SUPERBLOCK_MAX = 128, // bytes
};

// The journal that belongs to the database. A database in the legacy format has only the first two
// states, and its journal is in the legacy format.
enum gv_superblock_journal {
    GV_SUPERBLOCK_JOURNAL_NONE,     // there is none, or an unused one of this directory
    GV_SUPERBLOCK_JOURNAL_REQUIRED, // it must exist
    GV_SUPERBLOCK_JOURNAL_OBSOLETE, // it is legacy, and the database has its frames; a new
                                    // journal replaces it
};

// The number of records, and the sum of their hashes.
struct gv_superblock_checksum {
    uint64_t count, sum;
};

struct gv_superblock {
    uint64_t format;
    char workload[GV_SUPERBLOCK_WORKLOAD_MAX + 1]; // owner of the records
    uint64_t incarnation;                          // incarnation of the node
    bool all_persisted;                            // the store has all that the node has sent
    uint64_t txn; // LMDB's number of the last transaction, which wrote this superblock
    struct gv_superblock_checksum checksum;
    uint64_t epoch; // epoch of the journal, whose frames are not in the database
    enum gv_superblock_journal journal;
    uint64_t directory; // random identity, which the journal has, too
};

// A superblock in the current format, for a workload with at most GV_SUPERBLOCK_WORKLOAD_MAX bytes.
void gv_superblock_init(struct gv_superblock *superblock, const char *workload);

// Encodes a superblock in the current format; returns its length.
size_t gv_superblock_write(const struct gv_superblock *superblock, const struct gv_digest_key *key,
                           uint8_t bytes[GV_SUPERBLOCK_MAX]);
// Decodes a superblock in the current or the legacy format. GV_EVERSION: it is in another format,
// out->format; GV_ECORRUPT: it is malformed.
int gv_superblock_read(struct gv_superblock *out, const struct gv_digest_key *key,
                       struct gv_slice bytes);

// The hash of a record in the checksum; the key is the same for every cluster.
uint64_t gv_superblock_record_hash(const struct gv_digest_key *key, struct gv_slice name,
                                   struct gv_slice value);

// Reads the complete file of `size` bytes (verifier.h) and compares it with its superblock, which
// becomes *out; format 0: the file has none, since its creation was interrupted. GV_EINVAL: it
// belongs to another workload; GV_EVERSION: it is in another format; GV_ECORRUPT: it is damaged, or
// not a store; GV_EIO; GV_ENOMEM. After an error `reason` describes it.
int gv_superblock_verify(int fd, uint64_t size, const char *workload,
                         const struct gv_digest_key *key, struct gv_superblock *out, char *reason,
                         size_t cap);

#endif
